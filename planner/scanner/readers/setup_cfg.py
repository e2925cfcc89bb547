"""setup.cfg: what a package installs, and the Python it asks for."""

from __future__ import annotations

import configparser
from collections.abc import Iterator

from planner.scanner.around.packages import Pin, python_pin, requirement
from planner.scanner.around.places import Places
from planner.scanner.material import Text
from planner.scanner.readers import Unreadable


def parsed_ini(text: Text) -> configparser.ConfigParser:
    """The sections of an INI file, nothing in them filled in. Raises Unreadable."""
    parser = configparser.ConfigParser(interpolation=None, strict=False, allow_no_value=True)
    try:
        parser.read_string(text.source)
    except configparser.Error as error:
        raise Unreadable(f"The file is no INI file: {error.message}.") from error
    return parser


def lines_of(value: str | None, places: Places) -> Iterator[Pin]:
    """Requirements, one a line."""
    for line in (value or "").splitlines():
        stripped = line.partition(" #")[0].strip()
        if stripped and not stripped.startswith(("-", "#", "{")):
            yield from requirement(stripped, places.word(stripped))


def read(text: Text) -> Iterator[Pin]:
    """The material in such a file."""
    sections = parsed_ini(text)
    places = Places(text)
    if not sections.has_section("options"):
        return
    if asked := sections.get("options", "python_requires", fallback=""):
        yield from python_pin(asked, places.key("python_requires"), "requires-python")
    yield from lines_of(sections.get("options", "install_requires", fallback=""), places)
    if sections.has_section("options.extras_require"):
        for _, value in sections.items("options.extras_require"):
            yield from lines_of(value, places)
