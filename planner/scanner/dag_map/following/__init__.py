"""Runs through an outline with values instead of a machine: which DAGs it makes. Nothing is run.

``follower.py`` is where to begin: one ``Follower`` goes through one file, keeps what it found out, and is what the
other modules ask each other through. ``statements.py`` with ``branches.py`` and ``definitions.py``, and
``expressions.py`` with ``operators.py`` give the parts of an outline their meaning; ``lookup.py`` looks up names and
attributes, ``targets.py`` binds them, ``calls.py`` and ``dags.py`` call functions and make DAGs, ``conversions.py``
tells what a value is as a text, a truth value or a row.
"""
