"""How many DAG ids the map knows of trees whose DAGs a real Airflow named: ``python -m tests.bench.dag_ids``.

Downloads the trees (``trees.py``); what Airflow named is in ``tests/reports/dag-ids`` (``dagbag_truth.py`` made it).
An id is wrong where the map says it is known and Airflow, which loaded that file, has no such DAG. Exit status 1
where one is, or fewer than 95 of 100 DAGs are known.
"""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from planner.domain.report import DagEntry
from planner.scanner import mapping
from planner.scanner.dag_map import outline_in
from planner.scanner.dag_map.outline.language import Outline
from planner.scanner.dags import DagMap
from planner.scanner.facts import FileFacts, facts_of
from planner.scanner.readers import reader_of
from tests.bench import trees

TRUTH = Path(__file__).parents[1] / "reports/dag-ids"
ENOUGH = 0.95


@dataclass
class Score:
    """Of one tree."""

    name: str
    wanted: int
    """DAG ids that Airflow named, SubDAGs included, each once."""
    known: int
    wrong: list[str] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)
    unresolved: Counter[str] = field(default_factory=Counter)
    not_loaded: int = 0
    """Ids of files that Airflow itself could not load here."""
    subdags_wrong: int = 0


def main() -> int:
    """Prints the table; the exit status."""
    scores = [score(json.loads(file.read_text())) for file in sorted(TRUTH.glob("*.json"))]
    for one in scores:
        print(
            f"{one.name:34} {one.known:4} of {one.wanted:4} known ({one.known / one.wanted:.1%}), "
            f"{len(one.wrong)} wrong, {one.not_loaded} more in files that Airflow could not load"
        )
        for place in one.wrong:
            print(f"    wrong: {place}")
        for place in one.missed:
            print(f"    missed: {place}")
        for because, count in one.unresolved.most_common():
            print(f"    unresolved: {count} x {because}")
    known, wanted = sum(one.known for one in scores), sum(one.wanted for one in scores)
    wrong = sum(len(one.wrong) + one.subdags_wrong for one in scores)
    print(f"{'All':34} {known:4} of {wanted:4} known ({known / wanted:.1%}), {wrong} wrong")
    return int(wrong > 0 or any(one.known < ENOUGH * one.wanted for one in scores))


def score(truth: dict[str, Any]) -> Score:
    """The map of a tree against what Airflow named."""
    folder = _folder(truth)
    return compared(truth, map_of(folder))


def compared(truth: dict[str, Any], made: DagMap) -> Score:
    """A map against what Airflow named."""
    loaded = {path: answer for path, answer in truth["files"].items() if "error" not in answer}
    failed = truth["files"].keys() - loaded.keys()
    wanted = {
        dag_id: dag_id in answer["subdags"]
        for answer in loaded.values()
        for dag_id in (*answer["dags"], *answer["subdags"])
    }
    known = {dag.dag_id: dag for dag in made.dags if dag.resolved}
    sure = [dag for dag in known.values() if not dag.because and dag.path not in failed]
    return Score(
        name=truth["tree"],
        wanted=len(wanted),
        known=len(wanted.keys() & known.keys()),
        wrong=sorted(f"{dag.path}: {dag.dag_id}" for dag in sure if dag.dag_id not in wanted),
        missed=sorted(wanted.keys() - known.keys()),
        unresolved=Counter(_kind(dag) for dag in made.dags if not dag.resolved),
        not_loaded=sum(dag.path in failed for dag in known.values()),
        subdags_wrong=sum(
            is_subdag != known[dag_id].is_subdag
            for dag_id, is_subdag in wanted.items()
            if dag_id in known
        ),
    )


def _kind(dag: DagEntry) -> str:
    return re.sub(r"`[^`]*`", "`…`", dag.because)


def _folder(truth: dict[str, Any]) -> Path:
    kind, _, version = truth["tree"].partition(" ")
    if kind == "Airflow":
        return trees.airflow(version) / truth["folder"]
    return trees.provider(version.partition(" ")[0]) / truth["folder"]


def map_of(folder: Path) -> DagMap:
    """The map of a folder."""
    contents = dict(_python_files(folder))
    facts: dict[str, FileFacts] = {}
    for path, content in contents.items():
        reader = reader_of(path)
        assert reader is not None
        facts[path] = facts_of(path, content, reader)

    def outline(path: str) -> Outline | None:
        return outline_in(path, contents[path])

    return mapping.map_of(facts, outline, folder.resolve().parts[1:])


def _python_files(folder: Path) -> Iterator[tuple[str, bytes]]:
    for file in sorted(folder.rglob("*.py")):
        yield str(file.relative_to(folder)), file.read_bytes()


if __name__ == "__main__":
    sys.exit(main())
