""".python-version, runtime.txt and .tool-versions: the Python that a folder runs on."""

from __future__ import annotations

from collections.abc import Iterator

from planner.scanner.around.packages import python_pin
from planner.scanner.material import Place, PythonPin, Text


def read(text: Text) -> Iterator[PythonPin]:
    """The material in such a file."""
    for number, line in enumerate(text.source.splitlines()[:200], 1):
        words = line.partition("#")[0].split()
        if len(words) > 1 and words[0] != "python":
            continue
        for word in words[1:] or words:
            yield from python_pin(word, Place(number, line.index(word) + 1), "version-file")
