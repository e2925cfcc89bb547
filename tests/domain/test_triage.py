"""Release notes held against what a deployment uses."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.domain.finding import Axis, Category
from planner.domain.release_notes import Kind, Note, curated, lines_up_to, read_notes
from planner.domain.triage import Bucket, Triage, Use, triage
from planner.rulebook.load import rulebook

GOLDEN = Path(__file__).parent.parent / "golden"
LINK = "https://airflow.apache.org/docs/apache-airflow/3.1.8/release_notes.html"
FACTS = {
    "executor": "CeleryExecutor",
    "mlops_roadmap": True,
    "hybrid_workload": False,
    "custom_xcom_backend": False,
}
PASTED = """\
# Airflow 3.1

Significant Changes
-------------------
- Removed `airflow.operators.subdag.SubDagOperator`; use task groups (#41390)
- The parameter `sla` is deprecated and will be removed in a future release
* Edge workers can be put in maintenance from the page of workers
  and come back by themselves, see [the guide](https://example.org/edge)
- Dataset events carry a partition
- Drop support for LegacyThing that nobody here has ever used

Bug Fixes:
- Fix a crash in the grid when a DAG was removed (#50001)

Deprecations
~~~~~~~~~~~~
1. Importing BashOperator from core, use the standard provider
"""


def use(
    rule_id: str,
    symbol: str = "",
    findings: int = 1,
    category: Category = Category.BLOCK,
    axis: Axis = Axis.OTHER,
) -> Use:
    return Use(rule_id=rule_id, symbol=symbol, findings=findings, category=category, axis=axis)


USES = [
    use("AIR301", "airflow.operators.subdag.SubDagOperator", 8),
    use("AIR301", "schedule_interval", 75),
    use("AIR311", "sla", 2, Category.MIGRATE),
    use("AIR312", "airflow.operators.bash.BashOperator", 76, Category.MIGRATE),
    use("AIR311", "airflow.datasets.Dataset", 4, Category.MIGRATE, Axis.MLOPS),
    use("AIR304", "datetime.now", 3, Category.MIGRATE, Axis.VERSIONING),
    use("AIR001", "", 16, Category.STYLE),
    use("HouseRule7", "", 1, Category.ADOPT),
]


def run(notes: list[Note], *, target: str = "3.1", scanned: bool = True, **facts: object) -> Triage:
    return triage(
        notes,
        uses=USES if scanned else [],
        facts=FACTS | facts,
        target_line=target,
        unchecked={} if scanned else {"ruff": "DAG code"},
        rulebook=rulebook(),
    )


def words(found: Triage) -> str:
    """The triage as text, for the golden file."""
    lines = []
    for row in found.axes:
        counts = ", ".join(
            f"{bucket} {row.findings[Category(bucket.value)]} ({row.notes[bucket]})"
            for bucket in (Bucket.BLOCK, Bucket.MIGRATE, Bucket.ADOPT)
        )
        lines += [f"{row.label}: {counts}", f"  {row.unblocks}"]
    for bucket in Bucket:
        lines.append(f"\n[{bucket}]")
        lines += [
            f"{entry.note.axis} {entry.note.line or '-'} {entry.note.quote}\n"
            f"  {entry.because} {' '.join(entry.rules)}".rstrip()
            for entry in found.notes_in(bucket)
        ]
    return "\n".join(lines) + "\n"


def matches_golden(name: str, text: str) -> bool:
    path = GOLDEN / name
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(text)
    return path.read_text() == text


def test_curated_notes_of_a_whole_deployment() -> None:
    found = run(curated(rulebook(), lines_up_to(rulebook(), "3.1")))

    assert matches_golden("triage.txt", words(found)), words(found)


def test_pasted_notes_of_a_whole_deployment() -> None:
    notes, left_out = read_notes(PASTED, link=LINK, rulebook=rulebook())

    assert left_out == 0
    assert matches_golden("triage-pasted.txt", words(run(notes))), words(run(notes))


def test_bullets_keep_their_link_kind_and_axis() -> None:
    notes, _ = read_notes(PASTED, link=LINK, rulebook=rulebook())

    assert [(note.kind, note.axis, note.link) for note in notes] == [
        (Kind.REMOVED, Axis.OTHER, "https://github.com/apache/airflow/pull/41390"),
        (Kind.DEPRECATED, Axis.MLOPS, LINK),
        (Kind.NEW, Axis.WORKERS, "https://example.org/edge"),
        (Kind.NEW, Axis.MLOPS, LINK),
        (Kind.REMOVED, Axis.OTHER, LINK),
        (Kind.FIX, Axis.UI, "https://github.com/apache/airflow/pull/50001"),
        (Kind.DEPRECATED, Axis.OTHER, LINK),
    ]
    assert notes[2].quote.endswith("come back by themselves, see the guide")
    assert notes[0].quote.endswith("use task groups")


@pytest.mark.parametrize(
    ("text", "axis"),
    [
        ("The edge worker drains", Axis.WORKERS),
        ("Knowledge of the pledge is kept", Axis.OTHER),
        ("A new version of the bundle", Axis.VERSIONING),
        ("Assets can be partitioned", Axis.MLOPS),
        ("Datasets have a page", Axis.MLOPS),
        ("The UI shows more", Axis.UI),
        ("Build the fruit tree", Axis.OTHER),
    ],
)
def test_axes_are_found_by_whole_words(text: str, axis: Axis) -> None:
    notes, _ = read_notes(f"- {text}", link=LINK, rulebook=rulebook())

    assert notes[0].axis is axis


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Removed the deprecated thing", Kind.REMOVED),
        ("The thing is deprecated and will be removed", Kind.DEPRECATED),
        ("The thing has been moved to the standard provider", Kind.DEPRECATED),
        ("The thing is no longer there", Kind.REMOVED),
        ("A wholly fresh thing", Kind.NEW),
        ("Fix removed thing", Kind.FIX),
    ],
)
def test_kinds_are_found_by_their_words(text: str, kind: Kind) -> None:
    notes, _ = read_notes(f"- {text}", link=LINK, rulebook=rulebook())

    assert notes[0].kind is kind


def test_a_removal_that_is_used_blocks_with_its_findings() -> None:
    notes, _ = read_notes("- SubDagOperator is removed", link=LINK, rulebook=rulebook())

    [entry] = run(notes).sorted

    assert entry.bucket is Bucket.BLOCK
    assert (entry.findings, entry.rules) == (8, ("AIR301",))


def test_a_deprecation_that_has_become_an_error_on_the_target_blocks() -> None:
    notes = [note for note in curated(rulebook(), ["3.0"]) if note.quote.startswith("Datasets are")]
    datasets = use("AIR311", "airflow.datasets.Dataset", 4, Category.BLOCK, Axis.MLOPS)

    [found] = triage(
        notes,
        uses=[datasets],
        facts=FACTS,
        target_line="3.2",
        unchecked={},
        rulebook=rulebook(),
    ).sorted

    assert found.bucket is Bucket.BLOCK
    assert found.because == "4 findings; it fails on 3.2."


def test_a_removal_that_nothing_uses_is_set_aside_with_its_reason() -> None:
    notes, _ = read_notes("- Removed `airflow.some.OldThing`", link=LINK, rulebook=rulebook())

    [used] = run(notes).sorted
    [unchecked] = run(notes, scanned=False).sorted

    assert used.bucket is unchecked.bucket is Bucket.ASIDE
    assert "Nothing of yours uses it" in used.because
    assert unchecked.because == "Not checked yet: DAG code."


def test_what_only_another_check_can_see_is_not_called_unused() -> None:
    notes = curated(rulebook(), ["3.0"])

    def because(words: str) -> str:
        found = triage(
            [next(note for note in notes if words in note.quote)],
            uses=USES,
            facts=FACTS,
            target_line="3.1",
            unchecked={"upgradecheck": "scripts", "config-lint": "airflow.cfg"},
            rulebook=rulebook(),
        )
        return found.sorted[0].because

    assert because("/api/v1") == "Not checked yet: scripts."
    assert because("sign-in") == "Nothing found so far; not checked yet: airflow.cfg and scripts."
    assert because("ORM").startswith("No scan can tell")


def test_a_removal_after_the_target_only_waits() -> None:
    notes = curated(rulebook(), ["3.2"])
    dataset = next(note for note in notes if "airflow.datasets" in note.quote)

    [on_3_1] = run([dataset], target="3.1").sorted
    [on_3_2] = run([dataset], target="3.2").sorted

    assert on_3_1.bucket is Bucket.MIGRATE
    assert "gone from 3.2 on" in on_3_1.because
    assert on_3_2.findings == 4


def test_new_features_are_adopted_only_from_the_roadmap() -> None:
    notes, _ = read_notes(
        "- Edge workers are here\n- Asset watchers are here", link=LINK, rulebook=rulebook()
    )

    found = {entry.note.axis: entry for entry in run(notes).sorted}

    assert found[Axis.WORKERS].bucket is Bucket.ASIDE
    assert "Not on your roadmap" in found[Axis.WORKERS].because
    assert found[Axis.MLOPS].bucket is Bucket.ADOPT
    assert run(notes, hybrid_workload=True).sorted[0].bucket is Bucket.ADOPT


def test_a_fact_may_say_that_something_is_used() -> None:
    notes = curated(rulebook(), ["3.0"])

    def buckets(**facts: object) -> dict[str, Bucket]:
        return {entry.note.quote: entry.bucket for entry in run(notes, **facts).sorted}

    executors = next(
        note.quote for note in notes if note.quote.startswith("CeleryKubernetesExecutor")
    )
    pickled = next(note.quote for note in notes if note.quote.startswith("Pickled XCom"))
    assert buckets()[executors] is Bucket.ASIDE
    assert buckets(executor="LocalExecutor,CeleryKubernetesExecutor")[executors] is Bucket.BLOCK
    assert buckets()[pickled] is Bucket.ASIDE
    assert buckets(custom_xcom_backend=True)[pickled] is Bucket.BLOCK


def test_no_finding_stands_behind_two_notes_of_one_release() -> None:
    found = run(curated(rulebook(), ["3.0"]))

    behind = [use for entry in found.sorted for use in entry.uses]

    assert len(behind) == len(set(behind))
    assert sum(entry.findings for entry in found.notes_in(Bucket.BLOCK)) == 83


def test_style_is_counted_apart() -> None:
    found = run([])

    assert found.style == 16
    assert found.findings_in(Category.BLOCK) == 83
    assert found.findings_in(Category.MIGRATE) == 85
    assert not [row for row in found.rules if row.rule_id == "AIR001"]
    assert [row.known for row in found.rules if row.rule_id == "HouseRule7"] == [False]


def test_too_many_bullets_are_counted_and_left_out() -> None:
    notes, left_out = read_notes(
        "\n".join(f"- thing {n}" for n in range(812)), link=LINK, rulebook=rulebook()
    )

    assert (len(notes), left_out) == (300, 512)


def test_text_without_bullets_is_read_by_paragraph() -> None:
    notes, _ = read_notes(
        "One thing\ngoes on.\n\nAnother is removed.", link=LINK, rulebook=rulebook()
    )

    assert [note.quote for note in notes] == ["One thing goes on.", "Another is removed."]


@given(st.text(alphabet="-*# `#1aA.:_~=\n\t [](https://x.y)é", max_size=400))
def test_no_text_breaks_the_reader(text: str) -> None:
    notes, left_out = read_notes(text, link=LINK, rulebook=rulebook())

    assert left_out == 0
    assert all(note.link.startswith("http") for note in notes)
    run(notes)


@pytest.mark.parametrize(
    "text",
    [
        "# " + " " * 100_000 + "x",
        "- " + "Aa" * 50_000 + "_",
        "a_" * 100_000,
        "(#12" * 50_000,
        "`" * 200_000,
    ],
)
def test_hostile_text_is_read_at_once(text: str) -> None:
    read_notes(text, link=LINK, rulebook=rulebook())
