"""What well-known functions answer: Python's own, and those of its library that ids are made with."""

from __future__ import annotations

import itertools
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

from planner.scanner.dag_map.texts import (
    MOST,
    braces,
    joined,
    of_path,
    path_method,
    text_method,
    with_spec,
)
from planner.scanner.dag_map.values import (
    MISSING,
    PLAIN,
    Above,
    Builtin,
    Class,
    Instance,
    Items,
    Method,
    Names,
    Pairs,
    Partial,
    PathText,
    Scope,
    Unknown,
    Value,
)

_ELSEWHERE = frozenset(
    [
        "aiohttp",
        "airflow",
        "alembic",
        "argcomplete",
        "attr",
        "attrs",
        "azure",
        "boto3",
        "botocore",
        "celery",
        "click",
        "connexion",
        "cosmos",
        "cryptography",
        "dateutil",
        "dbt",
        "deprecated",
        "docker",
        "fastapi",
        "flask",
        "flask_appbuilder",
        "flask_login",
        "flask_wtf",
        "freezegun",
        "gevent",
        "google",
        "great_expectations",
        "httpx",
        "jinja2",
        "jwt",
        "kubernetes",
        "lazy_object_proxy",
        "marshmallow",
        "marshmallow_sqlalchemy",
        "moto",
        "numpy",
        "opentelemetry",
        "packaging",
        "pandas",
        "paramiko",
        "pendulum",
        "pluggy",
        "prison",
        "psutil",
        "psycopg2",
        "pydantic",
        "pymongo",
        "pyspark",
        "pytest",
        "pytz",
        "redis",
        "requests",
        "responses",
        "rich",
        "semver",
        "sentry_sdk",
        "setproctitle",
        "six",
        "slack_sdk",
        "snowflake",
        "sqlalchemy",
        "sqlalchemy_jsonfield",
        "starlette",
        "structlog",
        "tabulate",
        "tenacity",
        "tests_common",
        "time_machine",
        "toml",
        "typing_extensions",
        "urllib3",
        "werkzeug",
        "wtforms",
        "yaml",
    ]
)
"""Packages that are never part of a tree of DAGs, though nobody knows what their functions answer."""
_ORIGINS: tuple[tuple[str, str], ...] = (
    (
        r"os\.(environ|getenv).*|environ(\..*)?|environs\..*|decouple\..*|dotenv\..*",
        "an environment variable",
    ),
    (r"airflow\.(\w+\.)*Variable(\..*)?", "an Airflow variable"),
    (r"airflow\.(\w+\.)*(Connection|BaseHook)(\..*)?", "an Airflow connection"),
    (r"airflow\.(\w+\.)*conf(\..*)?|airflow\.configuration.*", "an Airflow setting"),
    (
        r"(yaml|json|toml|tomllib|csv|glob|pathlib|pickle|configparser|importlib\.resources|pkgutil|shelve|io"
        r"|codecs|zipfile|hocon|pyhocon|jsonschema|omegaconf|hydra|ruamel)(\..*)?"
        r"|os\.(listdir|walk|scandir|stat|path\.(exists|isfile|isdir|getmtime)).*|pandas\.read_.*"
        r"|importlib\.import_module",
        "a file that is read at run time",
    ),
    (
        r"(datetime|time|pendulum|uuid|random|secrets|calendar|zoneinfo)(\..*)?",
        "the time or chance",
    ),
    (
        r"(requests|urllib|urllib3|http|boto3|botocore|sqlalchemy|psycopg2|sqlite3|google|azure|kubernetes|redis"
        r"|snowflake|socket|subprocess|slack_sdk)(\..*)?",
        "another system",
    ),
    (r"hashlib\..*|base64\..*|re\..*|string\..*|platform\..*|sys\..*|os\..*", "Python's library"),
)
_COMPILED = tuple((re.compile(pattern), why) for pattern, why in _ORIGINS)
_IGNORED_CALLS = frozenset(["print", "setattr", "id", "input", "exec", "eval", "hash"])
_UNCHANGING = re.compile(
    r"get|items|keys|values|copy|count|index|issubset|issuperset|union|difference|intersection"
)


class Following(Protocol):
    """What well-known functions need of the one who follows the code."""

    def items(self, values: Any = (), kind: str = "list") -> Items: ...
    def pairs(self, pairs: Any = ()) -> Pairs: ...
    def change(self, of: Items | Pairs) -> None: ...
    def each(self, value: Value, into: Items) -> Iterator[Value]: ...
    def values_of(self, value: Value) -> Sequence[Value] | Unknown: ...
    def truth(self, value: Value) -> bool | None: ...
    def text(self, value: Value) -> str | Unknown: ...
    def attribute(self, of: Value, name: str) -> Value: ...
    def set_attribute(self, of: Value, name: str, value: Value) -> None: ...
    def look_up(self, name: str, scope: Scope) -> Value: ...
    def escape(self, values: Sequence[Value], why: str, scope: Scope) -> None: ...
    def call(
        self, function: Value, arguments: list[Value], keywords: dict[str, Value], scope: Scope
    ) -> Value: ...


def is_elsewhere(full: str) -> bool:
    """Whether a full name is surely none of the tree's own: Python's, Airflow's, or a well-known package's.

    Airflow's example DAGs import each other under Airflow's name.
    """
    head, _, rest = full.partition(".")
    if head == "airflow":
        return "example_dags" not in rest
    return head in sys.stdlib_module_names or head in _ELSEWHERE


def is_of_tasks(full: str) -> bool:
    """Whether a name is surely that of a task's class or the like, which changes nothing it is given."""
    return full.endswith(("Operator", "Sensor", "Hook", "Notifier", "TaskGroup", "Timetable"))


def origin_of(full: str) -> str:
    """Where a value comes from that a name outside of the tree gives, as a noun phrase."""
    for pattern, why in _COMPILED:
        if pattern.fullmatch(full):
            return f"{why} (`{full}`)"
    if full.startswith("airflow."):
        return f"Airflow's own `{full}`"
    return f"`{full.lstrip('.')}`, which is not in the tree"


# Built-in functions


def call_builtin(
    follow: Following, name: str, arguments: list[Value], keywords: dict[str, Value], scope: Scope
) -> Value:
    """What a built-in function of Python answers."""
    if name in ("globals", "locals", "vars"):
        return _names(name, arguments, scope)
    if name == "super":
        return _super(follow, scope)
    if name == "open":
        return Unknown("a file that is read at run time (`open`)")
    if name == "setattr" and len(arguments) == 3 and isinstance(arguments[1], str):
        follow.set_attribute(arguments[0], arguments[1], arguments[2])
        return None
    if name == "map" or name == "filter":
        return _mapped(follow, name, arguments, scope)
    if name == "dict":
        return _dict(follow, arguments, keywords)
    known = _BUILTINS.get(name)
    if known is not None:
        if name in ("getattr", "hasattr", "isinstance", "str", "type", "callable", "len"):
            return known(follow, arguments, keywords)
        unknown = next((each for each in arguments if isinstance(each, Unknown)), None)
        return unknown or known(follow, arguments, keywords)
    return Unknown(f"Python's `{name}()`")


def _names(name: str, arguments: list[Value], scope: Scope) -> Value:
    if arguments:
        if isinstance(arguments[0], Instance):
            return Pairs(arguments[0].names)
        return Unknown("the names of an object")
    if name == "globals":
        while scope.around is not None:
            scope = scope.around
        return Names(scope)
    return Pairs(scope.names) if scope.around is not None else Names(scope)


def _super(follow: Following, scope: Scope) -> Value:
    of = scope.names.get("__class__")
    instance = next(iter(scope.names.values()), None)
    return Above(instance, of) if isinstance(of, Class) else Unknown("`super()`")


def _mapped(follow: Following, name: str, arguments: list[Value], scope: Scope) -> Value:
    if len(arguments) != 2:
        follow.escape(arguments, f"Python's `{name}()`", scope)
        return Unknown(f"Python's `{name}()`")
    function, source = arguments
    values = follow.values_of(source)
    if isinstance(values, Unknown):
        follow.escape([function], values.why, scope)
        return values
    made = follow.items()
    for value in itertools.islice(values, MOST):
        answer = value if function is None else follow.call(function, [value], Pairs(), scope)
        if name == "map":
            made.append(answer)
            continue
        truth = follow.truth(answer)
        if truth is None:
            made.doubt = made.doubt or Unknown("a condition")
        elif truth:
            made.append(value)
    return made


def _dict(follow: Following, arguments: list[Value], keywords: dict[str, Value]) -> Value:
    made = follow.pairs()
    made.doubt = getattr(keywords, "doubt", None)
    for each in arguments[:1]:
        if isinstance(each, Pairs):
            made.update(each)
            made.doubt = made.doubt or each.doubt
            continue
        rows = follow.values_of(each)
        for row in () if isinstance(rows, Unknown) else rows:
            if isinstance(row, tuple | Items) and len(row) == 2 and isinstance(row[0], PLAIN):
                made[row[0]] = row[1]
            else:
                made.doubt = made.doubt or Unknown("a dict that is not followed")
        if isinstance(rows, Unknown):
            made.doubt = made.doubt or rows
    made.update(keywords)
    return made


_Known = Callable[[Following, list[Value], dict[str, Value]], Value]


def _text(follow: Following, arguments: list[Value], keywords: dict[str, Value]) -> Value:
    if len(arguments) != 1:
        return "" if not arguments else Unknown("bytes")
    value = arguments[0]
    if isinstance(value, PathText):
        return PathText(value.parts)
    return follow.text(value)


def _integer(follow: Following, arguments: list[Value], keywords: dict[str, Value]) -> Value:
    match arguments:
        case [bool() | int() as number]:
            return int(number)
        case [str() as text] if text.strip().isdecimal() and len(text) < 18:
            return int(text)
    return Unknown("a number")


def _range(follow: Following, arguments: list[Value], keywords: dict[str, Value]) -> Value:
    is_whole = 1 <= len(arguments) <= 3 and all(isinstance(each, int) for each in arguments)
    if is_whole and arguments[2:] != [0]:
        return range(*arguments)
    return Unknown("a range that is not followed")


def _length(follow: Following, arguments: list[Value], keywords: dict[str, Value]) -> Value:
    match arguments:
        case [str() | tuple() | range() as value]:
            return len(value)
        case [Items() | Pairs() as value]:
            return value.doubt or len(value)
    return Unknown("the length of something that is not followed")


def _rows(
    follow: Following, arguments: list[Value], make: Callable[[list[list[Value]]], Any]
) -> Value:
    lists: list[list[Value]] = []
    for each in arguments:
        values = follow.values_of(each)
        if isinstance(values, Unknown):
            return values
        lists.append(list(itertools.islice(values, MOST)))
    return follow.items(itertools.islice(make(lists), MOST))


def _enumerate(follow: Following, arguments: list[Value], keywords: dict[str, Value]) -> Value:
    start = keywords.get("start", arguments[1] if len(arguments) > 1 else 0)
    if not isinstance(start, int):
        return Unknown("where a count begins")
    return _rows(follow, arguments[:1], lambda lists: enumerate(lists[0], start))


def _zip(follow: Following, arguments: list[Value], keywords: dict[str, Value]) -> Value:
    return _rows(follow, arguments, lambda lists: zip(*lists, strict=False))


def _reversed(follow: Following, arguments: list[Value], keywords: dict[str, Value]) -> Value:
    return _rows(follow, arguments[:1], lambda lists: reversed(lists[0]))


def _list(follow: Following, arguments: list[Value], keywords: dict[str, Value]) -> Value:
    return _rows(follow, arguments[:1], lambda lists: lists[0] if lists else [])


def _tuple(follow: Following, arguments: list[Value], keywords: dict[str, Value]) -> Value:
    made = _list(follow, arguments, keywords)
    return made if isinstance(made, Unknown) else tuple(made)


def _set(follow: Following, arguments: list[Value], keywords: dict[str, Value]) -> Value:
    made = _list(follow, arguments, keywords)
    if isinstance(made, Unknown) or not all(isinstance(each, PLAIN) for each in made):
        return made
    return follow.items(dict.fromkeys(made), "set")


def _sorted(follow: Following, arguments: list[Value], keywords: dict[str, Value]) -> Value:
    """The same values; in which order does not matter to what is made of them, save where it is cut."""
    made = _list(follow, arguments, keywords)
    if isinstance(made, Unknown):
        return made
    if not keywords and (
        all(isinstance(each, str) for each in made) or all(isinstance(each, int) for each in made)
    ):
        made.sort()
    return made


def _isinstance(follow: Following, arguments: list[Value], keywords: dict[str, Value]) -> Value:
    kinds: dict[str, type | tuple[type, ...]] = {
        "str": str,
        "list": Items,
        "dict": Pairs,
        "tuple": tuple,
        "int": int,
        "bool": bool,
    }
    match arguments:
        case [str() | int() | None | tuple() | Items() | Pairs() as value, Builtin(name=name)] if (
            name in kinds
        ):
            return isinstance(value, kinds[name])
    return Unknown("the type of something that is not followed")


def _getattr(follow: Following, arguments: list[Value], keywords: dict[str, Value]) -> Value:
    if len(arguments) < 2 or not isinstance(arguments[1], str):
        return Unknown("an attribute known only at run time")
    found = follow.attribute(arguments[0], arguments[1])
    if isinstance(found, Unknown) and len(arguments) > 2 and isinstance(arguments[0], Instance):
        return arguments[2]
    return found


def _hasattr(follow: Following, arguments: list[Value], keywords: dict[str, Value]) -> Value:
    if (
        len(arguments) == 2
        and isinstance(arguments[0], Instance)
        and arguments[1] in arguments[0].names
    ):
        return True
    return Unknown("whether an object has an attribute")


def _extreme(pick: Callable[..., Any]) -> _Known:
    def call(follow: Following, arguments: list[Value], keywords: dict[str, Value]) -> Value:
        values = follow.values_of(arguments[0]) if len(arguments) == 1 else arguments
        if isinstance(values, Unknown):
            return values
        if values and not keywords and all(isinstance(each, int) for each in values):
            return pick(values)
        return Unknown("the least or greatest of something")

    return call


def _every(pick: Callable[..., bool], wanted: bool) -> _Known:
    def call(follow: Following, arguments: list[Value], keywords: dict[str, Value]) -> Value:
        values = follow.values_of(arguments[0]) if arguments else ()
        if isinstance(values, Unknown):
            return values
        truths = [follow.truth(each) for each in itertools.islice(values, MOST)]
        if wanted in truths:
            return wanted
        return Unknown("a condition") if None in truths else not wanted

    return call


def _next(follow: Following, arguments: list[Value], keywords: dict[str, Value]) -> Value:
    values = follow.values_of(arguments[0]) if arguments else ()
    if isinstance(values, Unknown):
        return values
    if values:
        return values[0]
    return arguments[1] if len(arguments) > 1 else Unknown("the first of nothing")


def _format(follow: Following, arguments: list[Value], keywords: dict[str, Value]) -> Value:
    spec = arguments[1] if len(arguments) > 1 else ""
    return (
        with_spec(arguments[0], spec) if arguments and isinstance(spec, str) else Unknown("a text")
    )


def _nothing(follow: Following, arguments: list[Value], keywords: dict[str, Value]) -> Value:
    return None


def _bool(follow: Following, arguments: list[Value], keywords: dict[str, Value]) -> Value:
    truth = follow.truth(arguments[0]) if arguments else False
    return Unknown("a condition") if truth is None else truth


_BUILTINS: dict[str, _Known] = {
    "str": _text,
    "int": _integer,
    "bool": _bool,
    "range": _range,
    "len": _length,
    "enumerate": _enumerate,
    "zip": _zip,
    "reversed": _reversed,
    "list": _list,
    "iter": _list,
    "tuple": _tuple,
    "set": _set,
    "frozenset": _set,
    "sorted": _sorted,
    "isinstance": _isinstance,
    "getattr": _getattr,
    "hasattr": _hasattr,
    "max": _extreme(max),
    "min": _extreme(min),
    "any": _every(any, True),
    "all": _every(all, False),
    "next": _next,
    "format": _format,
    "print": _nothing,
    "object": _nothing,
}


# Methods of plain values


def call_method(
    follow: Following, method: Method, arguments: list[Value], keywords: dict[str, Value]
) -> Value:
    """What a method of a text, list, dict or path answers."""
    of, name = method.of, method.name
    match of:
        case str():
            return _of_text(follow, of, name, arguments, keywords)
        case Items():
            return _of_items(follow, of, name, arguments)
        case Pairs():
            return _of_pairs(follow, of, name, arguments, keywords)
        case PathText():
            return path_method(of, name, arguments)
        case Names():
            return _of_names(follow, of, name, arguments, keywords)
        case Instance() if name == "_replace":
            return Instance(of.of, {**of.names, **keywords})
        case Instance() if name in ("_asdict", "dict", "model_dump"):
            return follow.pairs(of.names)
        case tuple() if name in ("index", "count"):
            return Unknown("a place in a row")
    return Unknown(f"`.{name}()`")


def _of_text(
    follow: Following, text: str, name: str, arguments: list[Value], keywords: dict[str, Value]
) -> Value:
    if name == "join" and len(arguments) == 1:
        values = follow.values_of(arguments[0])
        if isinstance(values, Unknown):
            return values
        parts: list[str | Unknown] = []
        for place, value in enumerate(values):
            parts += [text, follow.text(value)] if place else [follow.text(value)]
        return joined(parts)
    if name == "format":
        if doubt := getattr(keywords, "doubt", None):
            return doubt
        given = [follow.text(each) if isinstance(each, Instance) else each for each in arguments]
        return braces(text, given, keywords, follow.attribute)
    made = text_method(text, name, arguments)
    return follow.items(made) if isinstance(made, Items) else made


def _of_items(follow: Following, of: Items, name: str, arguments: list[Value]) -> Value:
    match name, arguments:
        case (("append" | "add"), [value]):
            follow.change(of)
            if len(of) < MOST and not (of.kind == "set" and value in list(of)):
                of.append(value)
            return None
        case (("extend" | "update"), _):
            follow.change(of)
            for each in arguments:
                of.extend(itertools.islice(follow.each(each, of), MOST))
            return None
        case "insert", [int(place), value]:
            follow.change(of)
            of.insert(place, value)
            return None
        case "copy", []:
            copied = follow.items(of, of.kind)
            copied.doubt = of.doubt
            return copied
        case "remove" | "discard", [value] if value in list(of) and not of.doubt:
            follow.change(of)
            of.remove(value)
            return None
        case "pop", [] if of and not of.doubt:
            follow.change(of)
            return of.pop()
        case (("sort" | "reverse"), _):
            if name == "sort" and all(isinstance(each, str) for each in of):
                of.sort()
            return None
        case (("union"), [other]):
            more = follow.values_of(other)
            if not isinstance(more, Unknown) and not of.doubt:
                return follow.items(dict.fromkeys([*of, *more]), "set")
    if not _UNCHANGING.fullmatch(name):
        of.doubt = of.doubt or Unknown(f"`.{name}()` of a list")
    return Unknown(f"`.{name}()` of a list")


def _of_pairs(
    follow: Following, of: Pairs, name: str, arguments: list[Value], keywords: dict[str, Value]
) -> Value:
    key = arguments[0] if arguments else None
    is_key = isinstance(key, (*PLAIN, Instance))
    match name:
        case "items" | "keys" | "values":
            views = {"items": of.items(), "keys": of.keys(), "values": of.values()}
            made = follow.items(views[name])
            made.doubt = of.doubt
            return made
        case "get" if is_key:
            if key in of and not of.doubt:
                return of[key]
            return of.doubt or (arguments[1] if len(arguments) > 1 else None)
        case "copy":
            copied = follow.pairs(of)
            copied.doubt = of.doubt
            return copied
        case "update":
            follow.change(of)
            more = _dict(follow, arguments, keywords)
            of.update(more)
            of.doubt = of.doubt or more.doubt
            return None
        case "setdefault" if is_key and not of.doubt:
            follow.change(of)
            return of.setdefault(key, arguments[1] if len(arguments) > 1 else None)
        case "pop" if is_key:
            follow.change(of)
            if of.doubt:
                return of.doubt
            return of.pop(key, arguments[1] if len(arguments) > 1 else Unknown("a missing key"))
    if not _UNCHANGING.fullmatch(name):
        of.doubt = of.doubt or Unknown(f"`.{name}()` of a dict")
    return Unknown(f"`.{name}()` of a dict")


def _of_names(
    follow: Following, of: Names, name: str, arguments: list[Value], keywords: dict[str, Value]
) -> Value:
    match name, arguments:
        case "update", [Pairs() as more]:
            of.scope.names.update(
                {key: value for key, value in more.items() if isinstance(key, str)}
            )
            return None
        case "get", [str(key), *default]:
            if key in of.scope.names:
                return follow.look_up(key, of.scope)
            return default[0] if default else None
        case "__setitem__" | "setdefault", [str(key), value]:
            of.scope.names[key] = value
            return value
    return Unknown("the names of a module")


# Python's library


def call_outer(
    follow: Following, full: str, arguments: list[Value], keywords: dict[str, Value], scope: Scope
) -> Value:
    """What a function of Python's library answers; MISSING where that is not known."""
    head, _, last = full.rpartition(".")
    if head in ("os.path", "posixpath") and last != "join" and len(arguments) == 1:
        return of_path(last, arguments[0])
    known = _OUTER.get(full)
    return known(follow, arguments, keywords) if known else MISSING


def _path(follow: Following, arguments: list[Value], keywords: dict[str, Value]) -> Value:
    match arguments:
        case [PathText(parts=parts), *more] if all(isinstance(each, str) for each in more):
            return PathText((*parts, *more), is_object=True)
        case [str(text), *more] if all(isinstance(each, str) for each in more):
            return PathText((*text.split("/"), *more), is_object=True)
    return Unknown("a file that is read at run time (`pathlib.Path`)")


def _path_join(follow: Following, arguments: list[Value], keywords: dict[str, Value]) -> Value:
    made = _path(follow, arguments, keywords)
    return PathText(made.parts) if isinstance(made, PathText) else made


def _product(follow: Following, arguments: list[Value], keywords: dict[str, Value]) -> Value:
    if keywords:
        return Unknown("a product that is not followed")
    return _rows(follow, arguments, lambda lists: itertools.product(*lists))


def _chain(follow: Following, arguments: list[Value], keywords: dict[str, Value]) -> Value:
    return _rows(follow, arguments, lambda lists: itertools.chain.from_iterable(lists))


def _chain_rows(follow: Following, arguments: list[Value], keywords: dict[str, Value]) -> Value:
    rows = follow.values_of(arguments[0]) if arguments else ()
    return rows if isinstance(rows, Unknown) else _chain(follow, list(rows), keywords)


def _partial(follow: Following, arguments: list[Value], keywords: dict[str, Value]) -> Value:
    return Partial(arguments[0], arguments[1:], dict(keywords)) if arguments else Unknown("nothing")


def _copied(follow: Following, arguments: list[Value], keywords: dict[str, Value]) -> Value:
    return _copy(follow, arguments[0], 0) if arguments else Unknown("a copy of nothing")


def _copy(follow: Following, value: Value, depth: int) -> Value:
    if depth > 5:
        return value
    if isinstance(value, Pairs):
        pairs = follow.pairs((key, _copy(follow, each, depth + 1)) for key, each in value.items())
        pairs.doubt = value.doubt
        return pairs
    if isinstance(value, Items):
        items = follow.items([_copy(follow, each, depth + 1) for each in value], value.kind)
        items.doubt = value.doubt
        return items
    return value


def _namedtuple(follow: Following, arguments: list[Value], keywords: dict[str, Value]) -> Value:
    match arguments:
        case [str(name), str(text)]:
            fields: Sequence[Value] = text.replace(",", " ").split()
        case [str(name), Items() | tuple() as row]:
            fields = list(row)
        case _:
            return Unknown("a named tuple that is not followed")
    scope = Scope({}, None, "", is_class=True)
    return Class(name, (), scope, kind="fields", fields={str(each): MISSING for each in fields})


def _namespace(follow: Following, arguments: list[Value], keywords: dict[str, Value]) -> Value:
    scope = Scope({}, None, "", is_class=True)
    return Instance(Class("SimpleNamespace", (), scope, kind="fields"), dict(keywords))


def _mapping(follow: Following, arguments: list[Value], keywords: dict[str, Value]) -> Value:
    return _dict(follow, arguments, keywords)


def _default_dict(follow: Following, arguments: list[Value], keywords: dict[str, Value]) -> Value:
    made = follow.pairs()
    made.doubt = Unknown("a dict with a default")
    return made


def _first(follow: Following, arguments: list[Value], keywords: dict[str, Value]) -> Value:
    return arguments[0] if arguments else Unknown("nothing")


_OUTER: dict[str, _Known] = {
    "os.path.join": _path_join,
    "os.fspath": _first,
    "pathlib.Path": _path,
    "pathlib.PurePath": _path,
    "pathlib.PosixPath": _path,
    "pathlib.PurePosixPath": _path,
    "itertools.product": _product,
    "itertools.chain": _chain,
    "itertools.chain.from_iterable": _chain_rows,
    "functools.partial": _partial,
    "copy.copy": _copied,
    "copy.deepcopy": _copied,
    "collections.namedtuple": _namedtuple,
    "collections.OrderedDict": _mapping,
    "collections.defaultdict": _default_dict,
    "types.SimpleNamespace": _namespace,
    "types.MappingProxyType": _mapping,
    "typing.cast": lambda follow, arguments, keywords: arguments[1] if len(arguments) > 1 else None,
}
