"""A facts file: TOML, one key per fact."""

from __future__ import annotations

import tomllib
from typing import Any


class FactsFileRejected(ValueError):
    """The bytes are not TOML. The message is one sentence with the line."""


def read_facts_file(content: bytes) -> dict[str, Any]:
    """The values of a facts file as written; whether they can be true is for ``facts_from`` to say.

    Raises:
        FactsFileRejected: the bytes are not UTF-8 or not TOML.
    """
    try:
        return tomllib.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise FactsFileRejected(f"is not UTF-8 text (at line {line})") from error
    except tomllib.TOMLDecodeError as error:
        last = content.count(b"\n") + 1
        problem = str(error).replace("at end of document", f"at line {last}, the end")
        raise FactsFileRejected(f"is not TOML: {problem[0].lower()}{problem[1:]}") from error
