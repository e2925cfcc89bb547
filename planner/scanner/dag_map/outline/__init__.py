"""A Python file → its outline: what of it matters to DAGs, as plain data.

``language.py`` says what an outline may hold; ``statements.py`` (where to begin) and ``expressions.py`` make it of a
syntax tree; ``factories.py`` lists functions that others are meant to call for DAGs.
"""
