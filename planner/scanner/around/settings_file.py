"""airflow.cfg with the lines of its options, wherever it stands: a file of its own, or a text in another."""

from __future__ import annotations

import re
from collections.abc import Iterator

from planner.scanner.around.environment import known, setting_of
from planner.scanner.around.shell import Snippet
from planner.scanner.material import Setting

_SECTION = re.compile(r"\[([^\]\n]{1,100})\]")
_OPTION = re.compile(r"([A-Za-z0-9_.-]{1,100})[ \t]*[=:][ \t]*(.*)")


def settings_in(cfg: Snippet) -> Iterator[Setting]:
    """Every option that the text sets, as configparser reads it; a value may run over indented lines."""
    section = ""
    offset = 0
    waiting: tuple[str, str, int, list[str]] | None = None
    for line in cfg.text.splitlines(keepends=True):
        bare = line.strip()
        continues = waiting is not None and line[:1] in " \t" and bare and bare[0] not in "#;"
        if continues and waiting is not None:
            waiting[3].append(bare)
        elif bare and bare[0] not in "#;":
            if waiting:
                yield _setting(waiting, cfg)
                waiting = None
            if head := _SECTION.fullmatch(bare):
                section = head[1]
            elif section and (option := _OPTION.fullmatch(bare)):
                start = offset + len(line) - len(line.lstrip())
                waiting = (section, option[1], start, [option[2]])
        offset += len(line)
    if waiting:
        yield _setting(waiting, cfg)


def _setting(found: tuple[str, str, int, list[str]], cfg: Snippet) -> Setting:
    section, option, offset, lines = found
    value = "\n".join(lines).strip()
    value = value.replace("%%", "%")
    filled_in = known(value) is None and "{{" not in value
    return setting_of(section, option, None if filled_in else value, cfg.place(offset))
