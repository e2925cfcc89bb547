"""What following DAG code needs to know of single values and pieces of code, without following anything."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec

from planner.scanner.dag_map import outline as code
from planner.scanner.dag_map.known import is_elsewhere, origin_of
from planner.scanner.dag_map.outline import Block, Expression
from planner.scanner.dag_map.values import (
    PLAIN,
    Class,
    Dag,
    DagFunction,
    Function,
    Instance,
    Items,
    Module,
    Outer,
    Pairs,
    PathText,
    Unknown,
    Value,
)

_LARGEST = 10**18
_FACTORY_NAME = re.compile(
    r"(?:(?:create|make|build|generate|gen|load|register|get|new|define|construct|setup|produce)_(?:\w*_)?)?dags?|"
    r"\w*(?:[Dd]ag|DAG)|(?:create|make|build|generate|load|register|new)\w*D(?:ag|AG)s?"
)
_NO_FACTORY = re.compile(
    r"(?i)(?:trigger|run|test|delete|pause|unpause|clear|patch|bag)_?dag|get_dag"
)


def makes_dags(part: Any) -> bool:
    """Whether a part of an outline calls what makes DAGs, told from the names alone."""
    waiting = [part]
    while waiting:
        each = waiting.pop()
        if isinstance(each, tuple):
            waiting += each
        elif isinstance(each, msgspec.Struct):
            if isinstance(each, code.Call) and names_factory(_last_word(each.function)):
                return True
            waiting += (getattr(each, name) for name in each.__struct_fields__)
    return False


def _last_word(expression: Expression) -> str:
    if isinstance(expression, code.Attribute):
        return expression.name
    return expression.id if isinstance(expression, code.Name) else ""


def names_factory(full: str) -> bool:
    """Whether a function of this name says that it makes DAGs."""
    last = full.rpartition(".")[2]
    return bool(_FACTORY_NAME.fullmatch(last)) and not _NO_FACTORY.fullmatch(last)


def hashable(key: Value) -> bool:
    """Whether a value is a key that is known."""
    if isinstance(key, tuple):
        return all(map(hashable, key))
    return isinstance(key, (*PLAIN, Instance, Class))


def leaves(left: str) -> bool:
    return left in ("return", "raise", "break", "continue")


def is_same(one: Value, other: Value) -> bool:
    if one is other:
        return True
    if isinstance(one, Outer) and isinstance(other, Outer):
        return one.full.rpartition(".")[2] == other.full.rpartition(".")[2]
    if isinstance(one, PLAIN) and isinstance(other, PLAIN):
        return type(one) is type(other) and one == other
    kinds = (Outer, Class, Function, DagFunction, Module)
    return isinstance(one, kinds) and isinstance(other, kinds)


def names_increased(block: Block) -> Iterator[str]:
    """Names that a block changes in place."""
    waiting = list(block)
    while waiting:
        statement = waiting.pop()
        match statement:
            case code.Increase(target=code.Name(id=name)):
                yield name
            case code.If(body=body, otherwise=otherwise) | code.For(body=body, otherwise=otherwise):
                waiting += [*body, *otherwise]
            case code.While(body=body) | code.With(body=body) | code.Try(body=body):
                waiting += body


def unique(values: list[Value]) -> list[Value]:
    if all(map(hashable, values)):
        return list(dict.fromkeys(values))
    return values


def plain_of_enum(value: Value) -> Value:
    """The text of an enum member that is a text itself."""
    if isinstance(value, Instance) and value.of.kind == "enum":
        texts = {"str", "enum.StrEnum"}
        bases = {getattr(base, "full", getattr(base, "name", "")) for base in value.of.bases}
        if bases & texts:
            return value.names["value"]
    return value


def number(operator: str, left: int, right: int) -> Value:
    if operator in ("/", "//", "%") and right == 0:
        return Unknown("a division by zero")
    answers: dict[str, Callable[[], int | float]] = {
        "+": lambda: left + right,
        "-": lambda: left - right,
        "*": lambda: left * right,
        "/": lambda: left / right,
        "//": lambda: left // right,
        "%": lambda: left % right,
        "|": lambda: left | right,
        "**": lambda: left**right if 0 <= right < 20 and abs(left) < 1000 else _LARGEST,
    }
    if operator not in answers:
        return Unknown("a sum that is not followed")
    answer = answers[operator]()
    return answer if abs(answer) < _LARGEST else Unknown("a number that is too large")


def compare(operator: str, left: Value, right: Value) -> Value:
    """The answer of a comparison, or why nobody knows it."""
    for each in (left, right):
        if isinstance(each, Unknown):
            return each
        if isinstance(each, Items | Pairs) and each.doubt:
            return each.doubt
        if isinstance(each, Outer | PathText):
            return Unknown(origin_of(each.full) if isinstance(each, Outer) else "a path")
    left, right = plain_of_enum(left), plain_of_enum(right)
    if operator in ("in", "not in"):
        return _contains(operator, left, right)
    if operator in ("is", "is not") and (left is None or right is None):
        return (left is right) == (operator == "is")
    if operator in ("==", "!=", "is", "is not"):
        if isinstance(left, Instance) or isinstance(right, Instance):
            is_enum = all(isinstance(each, Instance) for each in (left, right))
            return (
                (left is right) == (operator in ("==", "is")) if is_enum else Unknown("a condition")
            )
        return (left == right) == (operator in ("==", "is"))
    if (isinstance(left, int | float) and isinstance(right, int | float)) or (
        isinstance(left, str) and isinstance(right, str)
    ):
        answers = {"<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right}  # type: ignore[operator]
        return answers[operator]
    return Unknown("a condition")


def _contains(operator: str, left: Value, right: Value) -> Value:
    if isinstance(right, str) and isinstance(left, str):
        return (left in right) == (operator == "in")
    if isinstance(right, Items | Pairs | tuple) and hashable(left):
        if any(isinstance(each, Unknown) for each in right):
            return Unknown("a condition")
        return (left in list(right)) == (operator == "in")
    return Unknown("a condition")


def path_slice(path: PathText, bounds: list[int | None]) -> Value:
    lower, upper, step = bounds
    last = path.parts[-1]
    if lower in (None, 0) and step is None and upper is not None and -len(last) < upper < 0:
        return PathText((*path.parts[:-1], last[:upper]))
    return Unknown("the path of the file")


def maker_of(value: Value) -> str:
    """``DAG`` or ``dag`` where calling the value is what Airflow's class or decorator does."""
    if isinstance(value, Outer):
        last = value.full.rpartition(".")[2]
        if last == "DAG" or (last == "dag" and value.full.startswith("airflow.")):
            return last
    if isinstance(value, Class) and any(maker_of(base) == "DAG" for base in value.bases):
        return "" if "__init__" in value.scope.names else "DAG"
    return ""


def class_kind(bases: Sequence[Value], decorators: Sequence[Value]) -> str:
    names = {getattr(each, "full", "").rpartition(".")[2] for each in bases}
    if names & {"Enum", "StrEnum", "IntEnum"}:
        return "enum"
    marks = {getattr(each, "full", "").rpartition(".")[2] for each in decorators}
    if names & {"NamedTuple", "BaseModel", "TypedDict"} or marks & {
        "dataclass",
        "define",
        "frozen",
        "attrs",
        "s",
    }:
        return "fields"
    return "plain"


def has_outside_base(of: Class) -> bool:
    return any(isinstance(base, Outer) for base in of.bases)


def dag_attribute(dag: Dag, name: str) -> Value:
    if name == "dag_id":
        return dag.dag_id
    if name == "default_args":
        return Unknown("the arguments of a DAG") if dag.default_args is None else dag.default_args
    if name == "tags" and dag.tags is not None:
        return dag.tags
    return Unknown(f"`{name}` of a DAG")


def schedule_of(given: dict[str, Value]) -> str:
    """The schedule as the code has it; empty where none is given."""
    for name in ("schedule", "schedule_interval", "timetable"):
        if name in given:
            value = given[name]
            return value if isinstance(value, str) else "None" if value is None else ""
    return ""


def outside_of(full: str) -> str:
    """The name where another file may say more about it."""
    return "" if is_elsewhere(full) else full
