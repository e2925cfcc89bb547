"""Which file of the tree an import means."""

from __future__ import annotations

import ast
import codecs
import re
from collections.abc import Collection, Iterator

from planner.scanner.code.python_file import PythonFile, text_of
from planner.scanner.dag_map.names import is_elsewhere

_BESIDE = ("plugins", "include", "src", "config")
"""Folders whose modules are imported by their bare names: Airflow puts plugins and config on its path, projects
their own."""
_MOST_PARTS = 30

_IMPORT = re.compile(
    rb"\n[ \t]{0,40}(?:import[ \t]+([^\n#;\\]{1,500})|from[ \t]+([.\w]{1,300})[ \t]+import[ \t]*(\([^)]{0,5000}|[^\n#;]{1,500}))"
)
_BEHIND_ANOTHER = {sign: re.compile(sign + rb"[ \t]?(?:from|import) ") for sign in (b";", b":")}
"""How an import begins on the line of another statement."""
_INDENTED = re.compile(rb"\n[ \t]{1,40}(?:from|import)[ \t]")
_VERSION = re.compile(
    rb"version[^\n]{0,200}?(?:(?<![\d.])[23](?![\d.])|(?<![\d.])3\.|major)|major|(?:airflow|\baf)_?v?_?3",
    re.IGNORECASE,
)
"""In a condition that tells Airflow 2 from Airflow 3, not one 2.x from another."""
_PYTHONS = re.compile(rb"\bsys\b|python", re.IGNORECASE)
_MOST_LINES = 200
"""Of one import."""
_NAMES = re.compile(rb"(?:^|,)\s*(\w+(?:\.\w+)*)")
_COMMENT = re.compile(rb"#[^\n]*")


def imports_in(content: bytes) -> list[str]:
    """The full names that a Python file's import lines name, read without parsing it."""
    found: set[str] = set()
    content = content.removeprefix(codecs.BOM_UTF8)
    for sign, begin in _BEHIND_ANOTHER.items():
        if begin.search(content):
            content = content.replace(sign, b"\n")
    for match in _IMPORT.finditer(b"\n" + content):
        plain, module, names = match.groups()
        if plain is not None:
            found.update(_names(plain))
        else:
            start = module.decode("ascii", "ignore")
            dot = "" if start.endswith(".") else "."
            found.update(f"{start}{dot}{name}" for name in _names(names.lstrip(b"(")) or [""])
    return sorted(name.rstrip(".") or name for name in found)


def imports_by_version(content: bytes) -> list[str]:
    """Those of ``imports_in`` that stand only below a condition on a version, whichever side it asks for."""
    if not _asks_for_version(content) or not _INDENTED.search(content):
        return []
    chosen: set[str] = set()
    always: set[str] = set()
    open_: list[tuple[int, bool]] = []
    lines = content.split(b"\n")
    for number, line in enumerate(lines):
        text = line.lstrip(b" \t")
        if not text or text[:1] == b"#":
            continue
        indent = len(line) - len(text)
        closed = (indent, False)
        while open_ and open_[-1][0] >= indent:
            closed = open_.pop()
        if text.startswith((b"if ", b"if(", b"elif ")):
            goes_on = text.startswith(b"elif") and closed[0] == indent and closed[1]
            open_.append((indent, goes_on or _tells_apart(text)))
        elif text.startswith(b"else"):
            open_.append((indent, closed[0] == indent and closed[1]))
        elif text.startswith((b"import ", b"from ")):
            whole = b"\n".join(lines[number : number + _MOST_LINES])
            names = imports_in(whole[: _end_of_import(whole)])
            (chosen if any(by_version for _, by_version in open_) else always).update(names)
    return sorted(chosen - always)


def _asks_for_version(content: bytes) -> bool:
    """Whether a line with a condition on some version is in it."""
    small = content.lower()
    at = small.find(b"version")
    while at >= 0:
        begin = small[small.rfind(b"\n", 0, at) + 1 : at].lstrip(b" \t")
        if begin.startswith((b"if ", b"if(", b"elif ", b"elif(")):
            return True
        at = small.find(b"version", at + 1)
    return False


def _tells_apart(condition: bytes) -> bool:
    """Also of what only type checkers read, which runs on neither side."""
    if b"TYPE_CHECKING" in condition:
        return True
    return _VERSION.search(condition) is not None and not _PYTHONS.search(condition)


def _end_of_import(whole: bytes) -> int:
    """Where the statement ends that a text begins with: at the line's end, or behind its bracket."""
    line_end = whole.find(b"\n")
    bracket = whole.find(b"(", 0, line_end if line_end >= 0 else None)
    end = whole.find(b")", bracket) if bracket >= 0 else line_end
    return end if end >= 0 else len(whole)


def imports_of(file: PythonFile) -> list[str]:
    """The full names that a parsed file imports, those for type checkers alone left out."""
    found: set[str] = set()
    for plain in file.of(ast.Import):
        if _runs(file, plain):
            found.update(alias.name for alias in plain.names)
    for node in file.of(ast.ImportFrom):
        if _runs(file, node):
            start = "." * node.level + (node.module or "")
            dot = "" if start.endswith(".") else "."
            found.update(f"{start}{dot}{alias.name}" for alias in node.names)
    for call in file.of(ast.Call) if "import_module" in file.source else ():
        if file.name(call.func) == "importlib.import_module" and call.args:
            named = text_of(call.args[0])
            if named and not named.startswith("."):
                found.add(named)
    return sorted(found)


def _runs(file: PythonFile, node: ast.AST) -> bool:
    return not any(_is_for_typing(above) for above in file.ancestors(node))


def _is_for_typing(node: ast.AST) -> bool:
    if not isinstance(node, ast.If):
        return False
    test = node.test
    word = test.id if isinstance(test, ast.Name) else getattr(test, "attr", "")
    return word == "TYPE_CHECKING"


def _names(names: bytes) -> list[str]:
    """The first word of every name between commas, comments left out."""
    if b"#" in names:
        names = _COMMENT.sub(b"", names)
    return [name.decode("ascii") for name in _NAMES.findall(names)]


class Modules:
    """The Python files of a tree, found by the names under which they are imported."""

    def __init__(self, paths: Collection[str], above: tuple[str, ...] = ()) -> None:
        """``above``: the names of the folders that the tree lies in, its own name last."""
        self._files = frozenset(path for path in paths if path.endswith(".py"))
        self._folders = frozenset(
            folder for path in self._files for folder in _folders(path.rpartition("/")[0])
        )
        self._above = above
        self._found: dict[tuple[str, str], tuple[str, tuple[str, ...]] | None] = {}
        self._starts: dict[str, list[str]] = {}

    def find(self, full: str, importer: str) -> tuple[str, tuple[str, ...]] | None:
        """The file that a full name lies in, with the parts of the name that are left; None outside."""
        folder = importer.rpartition("/")[0]
        key = (folder, full)
        if key not in self._found:
            self._found[key] = self._search(full, folder)
        return self._found[key]

    def _search(self, full: str, folder: str) -> tuple[str, tuple[str, ...]] | None:
        if full.startswith("."):
            return self._relative(full, folder)
        if is_elsewhere(full):
            return None
        parts = tuple(full.split("."))
        if len(parts) > _MOST_PARTS:
            return None
        for start in self._starts_of(folder):
            found = self._below(start, parts)
            if found is not None:
                return found
        for length in range(1, min(len(self._above), len(parts) - 1) + 1):
            if self._above[-length:] == parts[:length]:
                found = self._below("", parts[length:])
                if found is not None:
                    return found
        return None

    def _relative(self, full: str, folder: str) -> tuple[str, tuple[str, ...]] | None:
        rest = full.lstrip(".")
        levels = len(full) - len(rest)
        folders = folder.split("/") if folder else []
        if levels - 1 > len(folders):
            return None
        start = "/".join(folders[: len(folders) - levels + 1])
        parts = tuple(rest.split(".")) if rest else ()
        found = self._below(start, parts)
        package = _joined(start, "__init__.py")
        if found is None and package in self._files:
            return package, parts
        return found

    def _starts_of(self, folder: str) -> list[str]:
        """Folders from which Python would import, for a file in this folder, the likeliest first."""
        if folder not in self._starts:
            around = [*_folders(folder), ""] if folder else [""]
            dags = [each for each in around if each.rpartition("/")[2].lower() == "dags"]
            beside = [
                path
                for each in around
                for name in _BESIDE
                if (path := _joined(each, name)) in self._folders
            ]
            self._starts[folder] = list(dict.fromkeys([*dags, *beside, *reversed(around)]))
        return self._starts[folder]

    def _below(self, start: str, parts: tuple[str, ...]) -> tuple[str, tuple[str, ...]] | None:
        for length in range(len(parts), 0, -1):
            module = _joined(start, "/".join(parts[:length]))
            for path in (f"{module}.py", f"{module}/__init__.py"):
                if path in self._files:
                    return path, parts[length:]
        return None

    def imported(self, full: str, importer: str) -> Iterator[str]:
        """Every file that importing a name runs: the module's, and its packages' above it."""
        found = self.find(full, importer)
        if found is None:
            return
        path, left = found
        yield path
        depth = len(full.lstrip(".").split(".")) - len(left)
        folder = path.rpartition("/")[0]
        for _level in range(depth):
            package = _joined(folder, "__init__.py")
            if package in self._files and package != path:
                yield package
            folder = folder.rpartition("/")[0]


def _joined(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name


def _folders(folder: str) -> Iterator[str]:
    """A folder and those it lies in, from the inside out; without the tree's own."""
    while folder:
        yield folder
        folder = folder.rpartition("/")[0]
