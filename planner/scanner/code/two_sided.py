"""Code that asks which side of the upgrade it runs on, by looking for the thing itself."""

from __future__ import annotations

import ast
import functools

from planner.scanner.code.python_file import PythonFile

_MISSING = frozenset(["AttributeError", "KeyError", "LookupError"])
"""What reading something that is not there raises."""


def is_two_sided(file: PythonFile, node: ast.AST, word: str) -> bool:
    """Whether a key or attribute is only read where it is there, or does no harm where it is not.

    ``if "execution_date" in context``, ``hasattr(ti, "execution_date")``, ``except KeyError``,
    ``context.get("execution_date") or context["logical_date"]``.
    """
    if file.is_guarded(node, imports=False) or _asks_again(node):
        return True
    below = node
    for above in file.ancestors(node):
        match above:
            case ast.If(test=test) | ast.IfExp(test=test):
                if below is not test and _names(test, word):
                    return True
            case ast.Try(body=body, handlers=handlers):
                if (below in body or below in handlers) and any(map(_catches_missing, handlers)):
                    return True
            case ast.BoolOp(op=ast.And(), values=values):
                asked = values[: values.index(below)] if below in values else []
                if any(_names(value, word) for value in asked):
                    return True
            case ast.ExceptHandler() if _is_fallback(file, above, node):
                return True
            case ast.BoolOp(op=ast.Or(), values=values):
                if _is_lenient(below) or (below is not values[0] and _is_read(values[0])):
                    return True
            case ast.Call(func=ast.Attribute(attr="get"), args=[_, default]):
                if below is default and _is_lenient(below):
                    return True
        below = above
    return False


def _is_fallback(file: PythonFile, handler: ast.ExceptHandler, node: ast.AST) -> bool:
    """Whether what was tried first is another attribute of the same thing: ``ti.run_id``."""
    tried = file.parent(handler)
    if not isinstance(tried, ast.Try) or not isinstance(node, ast.Attribute):
        return False
    holder = ast.dump(node.value)
    return any(
        isinstance(part, ast.Attribute)
        and part.attr != node.attr
        and ast.dump(part.value) == holder
        for statement in tried.body
        for part in ast.walk(statement)
    )


def _names(test: ast.expr, word: str) -> bool:
    """Whether a condition asks for the word: ``word in context``, ``context.get(word)``, ``hasattr(ti, word)``."""
    return any(map(functools.partial(_asks_for, word), ast.walk(test)))


def _asks_for(word: str, part: ast.AST) -> bool:
    match part:
        case ast.Compare(left=ast.Constant(value=value), ops=[ast.In() | ast.NotIn()]):
            return value == word
        case ast.Call(args=[*_, ast.Constant(value=value)] | [ast.Constant(value=value), _]):
            return value == word
    return False


def _catches_missing(handler: ast.excepthandler) -> bool:
    kind = getattr(handler, "type", None)
    return kind is not None and any(
        isinstance(part, ast.Name) and part.id in _MISSING for part in ast.walk(kind)
    )


def _is_lenient(node: ast.AST) -> bool:
    """Whether this is ``something.get(key)``, which raises nothing."""
    return isinstance(node, ast.Call) and _is_get(node)


def _is_read(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute | ast.Call | ast.Subscript)


def _is_get(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Attribute) and call.func.attr == "get"


def _asks_again(node: ast.AST) -> bool:
    """Whether a ``get`` of a key falls back on another: ``get("execution_date", context["logical_date"])``."""
    if not isinstance(node, ast.Call) or not _is_get(node) or len(node.args) < 2:
        return False
    return any(isinstance(part, ast.Subscript | ast.Call) for part in ast.walk(node.args[1]))
