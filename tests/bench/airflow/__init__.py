"""Benches against a real Airflow 3, one module each: ``run(python)`` says in sentences what does not hold."""
