"""The real command, run as a person or a CI job runs it."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from planner.scanner.cli import main

COMMAND = (sys.executable, "-m", "planner.scanner.cli")
ROOT = Path(__file__).parents[3]
SUBDAG = "from airflow.operators.dummy_operator import DummyOperator\nstart = DummyOperator()\n"
"""One ERROR of ruff (AIR302), on line 2."""


@dataclass(frozen=True)
class Answer:
    """What came of one run."""

    status: int
    out: bytes
    err: str

    @property
    def text(self) -> str:
        return self.out.decode()

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Tree:
    """A source tree below a git root, and the command run in it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / ".git").mkdir(parents=True)

    def write(self, path: str, content: str | bytes = SUBDAG) -> Path:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        return file

    def run(self, *arguments: str | Path, folder: Path | None = None) -> Answer:
        """The command within this process, which is quicker."""
        out, err = io.TextIOWrapper(io.BytesIO(), "utf-8"), io.StringIO()
        with (
            contextlib.chdir(folder or self.root),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
            mock.patch.dict(os.environ, environment(self.root), clear=True),
        ):
            status = main([*map(str, arguments)])
        out.flush()
        return Answer(int(status), out.buffer.getvalue(), err.getvalue())

    def start(
        self,
        *arguments: str | Path,
        folder: Path | None = None,
        environ: Mapping[str, str] | None = None,
        command: Sequence[str] = COMMAND,
    ) -> Answer:
        """The command as a process of its own."""
        done = subprocess.run(
            [*command, *map(str, arguments)],
            cwd=folder or self.root,
            env=environment(self.root) | (environ or {}),
            capture_output=True,
            timeout=120,
            check=False,
        )
        return Answer(done.returncode, done.stdout, done.stderr.decode())

    def findings(self, *arguments: str | Path) -> list[dict[str, Any]]:
        """The findings of the report, those that are silenced too."""
        return self.run(".", "--format", "report", *arguments).json["findings"]


def environment(root: Path) -> dict[str, str]:
    """No cache but the tree's own, and the modules of this checkout."""
    kept = {key: value for key, value in os.environ.items() if key in ("PATH", "HOME", "LANG")}
    cache = str(root.parent / f"{root.name}-cache")
    return kept | {"PYTHONPATH": str(ROOT), "XDG_CACHE_HOME": cache, "PYTHONUTF8": "1"}
