"""What no reading of the code can show: imports by a real Airflow, and a look at its database."""
