"""Custom XCom backends that were written for Airflow 2."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from planner.scanner.checks import Check
from planner.scanner.code.glimpse import Glimpse
from planner.scanner.code.python_file import PythonFile, parameters
from planner.scanner.material import Hit

_GIVEN = ("key", "task_id", "dag_id", "run_id", "map_index")
"""What 3.x hands to ``serialize_value`` by name, beside the value."""
_OLD_BASES = ("airflow.models.xcom.", "airflow.models.")


def _check(file: PythonFile) -> Iterator[Hit]:
    for backend in file.of(ast.ClassDef):
        base = _base(file, backend)
        if base is None:
            continue
        full = file.name(base)
        if full.startswith(_OLD_BASES) and not file.is_guarded(_import_of(file, base)):
            message = (
                f"`{backend.name}` is an XCom backend for Airflow 2; on 3.x its base is in the SDK"
            )
            yield file.hit(base, message, symbol="airflow.models.xcom.BaseXCom")
        for method in backend.body:
            if isinstance(method, ast.FunctionDef):
                yield from _of_method(file, method)


def _base(file: PythonFile, definition: ast.ClassDef) -> ast.expr | None:
    for base in definition.bases:
        full = file.name(base)
        if full.startswith("airflow.") and full.rpartition(".")[2] in ("BaseXCom", "XCom"):
            return base
    return None


def _import_of(file: PythonFile, base: ast.expr) -> ast.AST:
    """The first import that binds the name a base starts with."""
    head = base
    while isinstance(head, ast.Attribute):
        head = head.value
    local = head.id if isinstance(head, ast.Name) else ""
    return next((one.node for one in file.imports if one.local == local), base)


def _of_method(file: PythonFile, method: ast.FunctionDef) -> Iterator[Hit]:
    if method.name == "orm_deserialize_value":
        yield file.hit(
            method, "Airflow 3 never calls `orm_deserialize_value`", symbol="orm_deserialize_value"
        )
    if method.name == "serialize_value" and method.args.kwarg is None:
        missing = [name for name in _GIVEN if name not in parameters(method)]
        if missing:
            message = (
                f"Airflow 3 calls `serialize_value` with {', '.join(missing)} too, which fails"
            )
            yield file.hit(method, message, symbol="serialize_value")
    if method.name in ("deserialize_value", "serialize_value"):
        yield from _pickled(file, method)
    if method.name == "deserialize_value":
        yield from _decoded(file, method)


def _pickled(file: PythonFile, method: ast.FunctionDef) -> Iterator[Hit]:
    """Bytes of pickle as the value itself, not as what a store keeps."""
    for node in ast.walk(method):
        if isinstance(node, ast.Return) and isinstance(node.value, ast.Call):
            called = file.name(node.value.func)
            if called in ("pickle.dumps", "dill.dumps", "cloudpickle.dumps"):
                message = "XCom values are JSON on Airflow 3; pickled bytes cannot be stored"
                yield file.hit(node, message, symbol="pickle")


def _decoded(file: PythonFile, method: ast.FunctionDef) -> Iterator[Hit]:
    for node in ast.walk(method):
        match node:
            case ast.Call(func=ast.Attribute(attr="decode", value=ast.Attribute(attr="value"))):
                message = "`value` of an XCom is no bytes on Airflow 3, so it has no `decode`"
                yield file.hit(node, message, symbol="result.value")
            case ast.Call(args=[ast.Attribute(attr="value"), *_]) if file.name(node.func) in (
                "pickle.loads",
                "dill.loads",
                "cloudpickle.loads",
            ):
                message = "`value` of an XCom is no bytes on Airflow 3, so it cannot be unpickled"
                yield file.hit(node, message, symbol="result.value")


def _may_be_a_base(glimpse: Glimpse) -> bool:
    return glimpse.has(b".BaseXCom", b".XCom") or any(
        full.endswith((".BaseXCom", ".XCom", ".*")) for full in glimpse.imports
    )


CHECK = Check(
    "AF3-XCOM-BACKEND", PythonFile, _check, spelled=("BaseXCom", "XCom"), worth=_may_be_a_base
)
