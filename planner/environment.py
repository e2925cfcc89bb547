"""Environment variables, checked as they are read. A bad value ends the process with one sentence."""

from __future__ import annotations

import logging
import os
import re
import secrets
import sys
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import SplitResult, urlsplit

from environs import Env, EnvError

MAIL_SCHEMES = (
    *("smtp", "smtp+tls", "smtp+ssl", "smtps", "submission", "submit"),
    *("consolemail", "filemail", "memorymail", "dummymail"),
)


class SettingRefused(SystemExit):
    """A setting cannot be used. Nothing has started; the sentence is on standard error."""


def refuse(name: str, sentence: str) -> NoReturn:
    """End the process, naming the setting. Never repeats the value: it may hold a password."""
    sys.stderr.write(f"Flightplan cannot start: {name} {sentence}\n")
    raise SettingRefused(2)


class Environment:
    """Reads variables, each with its default and what it must look like.

    ``names`` collects every variable that was asked for, so that a test can compare them with the
    documentation.
    """

    def __init__(self) -> None:
        self._env = Env()
        self.names: list[str] = []

    def _read(self, reader: Any, name: str, default: Any, expected: str) -> Any:
        self.names.append(name)
        if not os.environ.get(name, "").strip():
            return default
        try:
            return reader(name)
        except (EnvError, ValueError):
            refuse(name, f"must be {expected}.")

    def text(self, name: str, default: str = "") -> str:
        return self._read(self._env.str, name, default, "text")

    def flag(self, name: str, default: bool) -> bool:
        return self._read(self._env.bool, name, default, "true or false")

    def whole(self, name: str, default: int, *, least: int, most: int) -> int:
        expected = f"a whole number between {least} and {most}"
        value = self._read(self._env.int, name, default, expected)
        if not least <= value <= most:
            refuse(name, f"must be {expected}.")
        return value

    def words(
        self, name: str, default: list[str], *, each: str = r"\S.*", expected: str = "words"
    ) -> list[str]:
        """A list with commas between its words, each of which must match ``each``."""
        wanted = f"{expected} with commas between them"
        found = self._read(self._env.list, name, default, wanted)
        words = [word.strip() for word in found if word.strip()]
        if not all(re.fullmatch(each, word) for word in words):
            refuse(name, f"must be {wanted}.")
        return words

    def matching(self, name: str, default: str, pattern: str, expected: str) -> str:
        """Text that looks as it must."""
        value = self.text(name, default)
        if not re.fullmatch(pattern, value):
            refuse(name, f"must be {expected}.")
        return value

    def choice(self, name: str, default: str, choices: tuple[str, ...]) -> str:
        value = self.text(name, default)
        if value not in choices:
            refuse(name, f"must be one of {', '.join(choices)}.")
        return value

    def address(self, name: str, default: str, schemes: tuple[str, ...]) -> SplitResult:
        """A URL of one of these schemes, with a host or a path."""
        return self._check_scheme(name, self.text(name, default), schemes)

    def _check_scheme(self, name: str, value: str, schemes: tuple[str, ...]) -> SplitResult:
        try:
            parts = urlsplit(value)
            port = parts.port
        except ValueError:
            refuse(
                name, f"has a host or port that cannot be; write it like {schemes[0]}://host:port."
            )
        if value and parts.scheme not in schemes:
            refuse(name, f"must start with {' or '.join(f'{scheme}://' for scheme in schemes)}.")
        if port == 0:
            refuse(name, "names port 0, which nothing answers on.")
        return parts

    def database(self, name: str, default: str) -> dict[str, Any]:
        """A database as Django names it: PostgreSQL or SQLite."""
        expected = (
            "like postgresql://user:password@host:5432/name or sqlite:////folder/file.sqlite3"
        )
        self.address(name, default, ("postgresql", "postgres", "sqlite"))
        if not os.environ.get(name, "").strip():
            return self._env.dj_db_url(f"{name}_UNSET", default)
        try:
            database = self._env.dj_db_url(name)
        except (EnvError, ValueError):
            refuse(name, f"must be {expected}.")
        if not database["NAME"]:
            refuse(name, f"must name a database, {expected}.")
        if database["ENGINE"].endswith("sqlite3") and not Path(database["NAME"]).parent.is_dir():
            refuse(name, "names a file in a folder that is not there.")
        return database

    def mail(self, name: str) -> dict[str, Any]:
        """How mail is sent, as Django's EMAIL_ settings; empty where it is not."""
        expected = "like smtp+tls://user:password@mail.example.com:587"
        parts = self._check_scheme(name, self._env.str(name, ""), MAIL_SCHEMES)
        if parts.scheme.startswith(("smtp", "subm")) and not parts.hostname:
            refuse(name, f"must name a mail server, {expected}.")
        return self._read(self._env.dj_email_url, name, {}, expected)


def folder(name: str, path: Path) -> Path:
    """The folder, made if it is not there and writable."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        refuse(name, f"names {path}, which cannot be made: {error.strerror}.")
    if not os.access(path, os.W_OK):
        refuse(name, f"names {path}, which cannot be written to.")
    return path.resolve()


def kept_secret(path: Path) -> str:
    """The secret in this file, which only its owner can read; made at the first start."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text().strip()
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_urlsafe(50))
    return path.read_text().strip()


_ONE_TIME_LINK = re.compile(r"(/(?:sign-in|invite|mail/stop)/)(?!mail/)[^/\s]+")


def without_links(line: logging.LogRecord) -> bool:
    """Keep one-time links out of the log: who reads it must not be able to sign in with them."""
    message = line.getMessage()
    hidden = _ONE_TIME_LINK.sub(r"\1…", message)
    if hidden != message:
        line.msg, line.args = hidden, None
    return True
