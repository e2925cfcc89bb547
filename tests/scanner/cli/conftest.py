"""A source tree for each test."""

from pathlib import Path

import pytest

from tests.scanner.cli.terminal import Tree


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree(tmp_path / "repository")
