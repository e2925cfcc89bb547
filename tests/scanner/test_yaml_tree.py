"""YAML as a tree with places, whatever is in it."""

import itertools
import time
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from planner.scanner.around.yaml_tree import (
    Mapping,
    Node,
    Scalar,
    Sequence,
    YamlBroken,
    documents,
    snippet_of_scalar,
)
from planner.scanner.material import Command, Setting, Text
from planner.scanner.readers import reader_of

WORDS = st.text(alphabet="abc: -#'\"{}[]&*!|>%@`\n\t0~é", max_size=20)
PLAIN = st.recursive(
    WORDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=20,
)


def plain(node: Node) -> Any:
    match node:
        case Scalar():
            return node.value
        case Sequence():
            return [plain(one) for one in node.items]
        case Mapping():
            return {plain(key): plain(value) for key, value in node.pairs}


@given(PLAIN)
def test_the_tree_holds_what_was_written(value: Any) -> None:
    assert [plain(one) for one in documents(yaml.safe_dump(value, allow_unicode=True))] == [value]


@given(st.text(max_size=200))
def test_any_text_is_a_tree_or_refused_in_words(source: str) -> None:
    try:
        documents(source)
    except YamlBroken as error:
        assert str(error).endswith(".")


def bomb() -> str:
    names = "abcdefghijklmnopqrstuvwxyz"
    rows = [f"{names[0]}: &{names[0]} [AIRFLOW__CORE__CHECK_SLAS=False]"]
    for before, name in itertools.pairwise(names):
        rows.append(f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]")
    return "\n".join(rows)


@pytest.mark.parametrize(
    "source", [bomb(), "[" * 10_000, "{a: " * 10_000, "- " * 10_000, "a: *nobody", "a: [1\n"]
)
def test_hostile_yaml_does_no_harm(source: str) -> None:
    reader = reader_of("compose.yaml")
    assert reader is not None
    started = time.monotonic()
    found = list(reader.read(Text("compose.yaml", "yaml", f"# airflow\n{source}")))
    assert time.monotonic() - started < 2
    assert sum(isinstance(one, Setting) for one in found) <= 2


@pytest.mark.parametrize("style", ["|", ">", "|-", ">+"])
def test_text_in_a_block_is_where_it_stands(style: str) -> None:
    source = f"run: {style}\n    set -e\n    airflow db init\n"
    (root,) = documents(source)
    assert isinstance(root, Mapping)
    block = root.get("run")
    assert isinstance(block, Scalar)
    snippet = snippet_of_scalar(block, source.splitlines())
    place = snippet.place(snippet.text.index("airflow"))
    assert (place.line, place.column) == (3, 5)


def test_merged_keys_are_found_and_an_alias_is_walked_once() -> None:
    source = """
x-airflow: &common
  image: apache/airflow:latest
  environment:
    AIRFLOW__CORE__CHECK_SLAS: "False"
services:
  a: {<<: *common, command: webserver}
  b: {<<: [*common], command: ["celery", "worker"]}
"""
    reader = reader_of("docker-compose.yml")
    assert reader is not None
    found = list(reader.read(Text("docker-compose.yml", "yaml", source)))
    assert sum(isinstance(one, Setting) for one in found) == 1
    assert [one.words for one in found if isinstance(one, Command)] == [
        ("airflow", "webserver"),
        ("airflow", "celery", "worker"),
    ]
