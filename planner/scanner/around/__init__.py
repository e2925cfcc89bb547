"""What lies around DAG code: settings, commands, packages, templates, and the texts that hold them."""
