"""Which DAGs a tree makes, read from its syntax trees. Nothing is imported and nothing is run.

The way of a file:

1. ``outline`` keeps of its syntax tree what may make or name DAGs, as plain data that can be kept and followed later.
2. ``following`` runs through the outline with values (``values.py``) instead of a machine, and asks ``known`` what
   Python's own functions answer. What only running can tell is ``Unknown``, and says why.
3. ``dag_code.py`` does both for one file by itself; the answer, ``DagCode``, hangs on its path and bytes alone.
   ``entries.py`` puts the DAGs that were found in the form of a report.
4. ``linking.py`` joins all files: those that use what others bind (``modules.py`` says which file an import means) are
   followed again with these at hand. The answer, ``DagMap``, also says which DAGs import which files.

``names.py`` tells from a full name alone what it can be; which calls make DAGs is in ``scanner/code/dag_call.py``.
"""

from __future__ import annotations

from planner.scanner.dag_map.dag_code import DagCode, dag_code_of, may_tell_of_dags, outline_in
from planner.scanner.dag_map.linking import dag_map
from planner.scanner.dag_map.modules import Modules, imports_by_version, imports_in, imports_of

__all__ = [
    "DagCode",
    "Modules",
    "dag_code_of",
    "dag_map",
    "imports_by_version",
    "imports_in",
    "imports_of",
    "may_tell_of_dags",
    "outline_in",
]
