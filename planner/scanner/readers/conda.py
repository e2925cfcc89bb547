"""environment.yml of conda: its own packages and the ones it has pip install."""

from __future__ import annotations

import re
from collections.abc import Iterator

import yaml

from planner.scanner.material import Place, Text
from planner.scanner.packages import Pin, python_pin, requirement, requirement_of
from planner.scanner.readers import Reader, Unreadable

_SPEC = re.compile(r"(?:[\w.-]{1,100}::)?([A-Za-z0-9][\w.-]{0,100})\s{0,5}([=<>!~][^\s\[]{0,100})?")
_OTHER_NAMES = {"airflow": "apache-airflow"}
"""What conda-forge calls otherwise."""


def _read(text: Text) -> Iterator[Pin]:
    try:
        root = yaml.compose(text.source, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except (yaml.YAMLError, RecursionError) as error:
        raise Unreadable("The file is not YAML.") from error
    for node in _items(root, "dependencies"):
        if isinstance(node, yaml.ScalarNode):
            yield from _conda(node.value, _place(node))
        for one in _items(node, "pip"):
            if isinstance(one, yaml.ScalarNode):
                yield from requirement(one.value, _place(one))


def _items(node: yaml.Node | None, key: str) -> list[yaml.Node]:
    """The nodes of the list under a key of a mapping; none where there is no such list."""
    for name, value in node.value if isinstance(node, yaml.MappingNode) else ():
        if name.value == key and isinstance(value, yaml.SequenceNode):
            return list(value.value)
    return []


def _place(node: yaml.Node) -> Place:
    return Place(node.start_mark.line + 1, node.start_mark.column + 1)


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


READER = Reader(
    kind="conda",
    patterns=(
        "environment.yml",
        "environment.yaml",
        "environment[-_]*.yml",
        "conda*.yml",
        "conda*.yaml",
    ),
    read=_read,
)
