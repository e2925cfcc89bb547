"""The labelled corpus: small trees, each with every finding of Flightplan's own checks that it must give.

``tests/corpus/RULE.toml`` holds ``rule`` and any number of ``[[case]]``:

``name``: what the case shows, a sentence. ``source``: the text of one file, its first line is line 1 (the
newline after the quotes does not count), ``path``: its name, ``dags/example.py`` where left out; or
``files``: several, ``{path = text}``. ``expect``: the places that must be reported, ``"4"`` (line 4 of the one
file, this rule), ``"4 AF3-SLA"`` (another rule), ``"config/airflow.cfg:4"`` (in a file of several). A place
reported twice stands twice. Anything reported that is not expected is false, whatever its rule; ruff's own
findings do not count. A near miss has ``expect = []``. ``target``: ``3.3`` where left out; ``current`` likewise.

``python -m tests.scanner.corpus`` prints precision and recall of every rule.
"""

from __future__ import annotations

import sys
import tempfile
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from planner.scanner.scan import scan_tree

FOLDER = Path(__file__).parent.parent / "corpus"
DEFAULT_PATH = "dags/example.py"

Finding = tuple[str, str, int | None]
"""Path, rule, line."""


@dataclass(frozen=True)
class Case:
    """One small tree and what must be found in it."""

    rule: str
    name: str
    files: dict[str, str]
    expect: Counter[Finding]
    target: str = "3.3"
    current: str = ""

    def __str__(self) -> str:
        return f"{self.rule}: {self.name}"


@dataclass
class Score:
    """Of one rule: how many findings were wanted, found and false."""

    wanted: int = 0
    found: int = 0
    false: int = 0
    near_misses: int = 0
    wrong: list[str] = field(default_factory=list)

    @property
    def precision(self) -> float:
        reported = self.found + self.false
        return self.found / reported if reported else 1.0

    @property
    def recall(self) -> float:
        return self.found / self.wanted if self.wanted else 1.0


def cases() -> Iterator[Case]:
    for file in sorted(FOLDER.glob("*.toml")):
        table = tomllib.loads(file.read_text())
        for case in table["case"]:
            files = case.get("files") or {case.get("path", DEFAULT_PATH): case["source"]}
            only = next(iter(files)) if len(files) == 1 else ""
            yield Case(
                rule=table["rule"],
                name=case["name"],
                files=files,
                expect=Counter(_finding(text, table["rule"], only) for text in case["expect"]),
                target=case.get("target", "3.3"),
                current=case.get("current", ""),
            )


def _finding(text: str, rule: str, only: str) -> Finding:
    place, _, named = text.partition(" ")
    path, _, line = place.rpartition(":")
    return path or only, named or rule, int(line) if line != "-" else None


def found_in(case: Case, folder: Path) -> Counter[Finding]:
    """What Flightplan's own checks report of a case, laid out below ``folder``."""
    for path, text in case.files.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    result = scan_tree(folder, target=case.target, current=case.current)
    return Counter(
        (one.path, one.rule, one.line)
        for one in result.observations
        if not one.rule.startswith("AIR")
    )


def scores() -> dict[str, Score]:
    """Every rule's score over all cases: what one case gives of another's rule counts for that one."""
    found: defaultdict[str, Score] = defaultdict(Score)
    for case in cases():
        with tempfile.TemporaryDirectory() as folder:
            reported = found_in(case, Path(folder))
        found[case.rule].near_misses += not case.expect
        for place in reported.keys() | case.expect.keys():
            score = found[place[1]]
            both = min(reported[place], case.expect[place])
            score.wanted += case.expect[place]
            score.found += both
            score.false += reported[place] - both
            if reported[place] != case.expect[place]:
                score.wrong.append(f"{case}: {place}")
    return dict(sorted(found.items()))


def main() -> int:
    """Prints the table; 1 where anything is wrong."""
    every = scores()
    row = "{:<24}{:>8}{:>7}{:>7}{:>13}{:>11}{:>8}"
    print(row.format("rule", "wanted", "found", "false", "near misses", "precision", "recall"))
    for rule, score in every.items():
        figures = (score.wanted, score.found, score.false, score.near_misses)
        print(row.format(rule, *figures, f"{score.precision:.3f}", f"{score.recall:.3f}"))
    print(f"{sum(1 for _ in cases())} cases")
    wrong = [line for score in every.values() for line in score.wrong]
    print(*wrong, sep="\n", end="\n" if wrong else "", file=sys.stderr)
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
