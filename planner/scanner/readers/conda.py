"""environment.yml of conda: its own packages and the ones it has pip install."""

from __future__ import annotations

import re
from collections.abc import Iterator

from planner.scanner.around.packages import Pin, python_pin, requirement, requirement_of
from planner.scanner.around.yaml_tree import Mapping, Node, Scalar, Sequence, YamlBroken, documents
from planner.scanner.material import Place, Text
from planner.scanner.readers import Unreadable

_SPEC = re.compile(r"(?:[\w.-]{1,100}::)?([A-Za-z0-9][\w.-]{0,100})\s{0,5}([=<>!~][^\s\[]{0,100})?")
_OTHER_NAMES = {"airflow": "apache-airflow"}
"""What conda-forge calls otherwise."""


def read(text: Text) -> Iterator[Pin]:
    """The material in such a file."""
    try:
        roots = documents(text.source)
    except YamlBroken as error:
        raise Unreadable(str(error)) from error
    for node in _items(roots[0] if roots else None, "dependencies"):
        if isinstance(node, Scalar):
            yield from _conda(node.value, node.place)
        for one in _items(node, "pip"):
            if isinstance(one, Scalar):
                yield from requirement(one.value, one.place)


def _items(node: Node | None, key: str) -> list[Node]:
    """The nodes of the list under a key of a mapping; none where there is no such list."""
    listed = node.get(key) if isinstance(node, Mapping) else None
    return listed.items if isinstance(listed, Sequence) else []


def _conda(spec: str, place: Place) -> Iterator[Pin]:
    """``python=3.8``, ``conda-forge::airflow>=2.7``: one ``=`` stands for all versions that begin so."""
    found = _SPEC.match(spec.strip())
    if found is None:
        return
    name, asked = found[1].lower(), found[2] or ""
    if asked.startswith("=") and not asked.startswith("=="):
        version = asked[1:].partition("=")[0].rstrip(".*")
        asked = f"=={version}.*" if version else ""
    if name == "python":
        exact = asked.removeprefix("==").removesuffix(".*")
        yield from python_pin(exact if asked.startswith("==") else asked, place, "version-file")
    else:
        yield from requirement_of(_OTHER_NAMES.get(name, name), asked, place)
