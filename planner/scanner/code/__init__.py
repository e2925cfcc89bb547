"""What the syntax tree of a Python file says: names, DAGs, tasks, the context, sessions, edits."""
