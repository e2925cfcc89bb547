"""The command line as a person or a script uses it: words in; exit code, stdout and stderr out."""

from __future__ import annotations

import gzip
import io
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.core.management import execute_from_command_line

FACTS = Path(__file__).parent / "facts"


@dataclass(frozen=True)
class Answer:
    """What one command left behind."""

    code: int
    out: bytes
    err: str

    @property
    def text(self) -> str:
        """What a person reads, from a command that went well."""
        assert self.code == 0, self.err
        return self.out.decode()

    @property
    def document(self) -> Any:
        """The one JSON document; anything beside it on stdout is an error here."""
        assert self.code == 0, self.err
        return json.loads(self.out)

    @property
    def refusal(self) -> str:
        """The one sentence of a command that refused, without its progress."""
        assert self.code == 2, (self.code, self.out, self.err)
        lines = [line for line in self.err.splitlines() if not line.endswith("…")]
        assert "Traceback" not in self.err
        assert len(lines) == 1, lines
        return lines[0]


Flightplan = Callable[..., Answer]


@pytest.fixture
def flightplan(
    transactional_db: None,
    capsysbinary: pytest.CaptureFixture[bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> Flightplan:
    """Run ``manage.py`` with these words in this process, down to its exit code."""

    def run(*words: object, stdin: bytes = b"") -> Answer:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        capsysbinary.readouterr()
        code = 0
        try:
            execute_from_command_line(["manage.py", *map(str, words)])
        except SystemExit as ended:
            code = int(ended.code or 0)
        told = capsysbinary.readouterr()
        return Answer(code, told.out, told.err.decode())

    return run


@pytest.fixture
def report(reports: Path, tmp_path: Path) -> Callable[[str], Path]:
    """The path of a real report, unpacked where it is kept packed."""

    def find(name: str) -> Path:
        if (reports / name).exists():
            return reports / name
        unpacked = tmp_path / name
        unpacked.write_bytes(gzip.decompress((reports / f"{name}.gz").read_bytes()))
        return unpacked

    return find
