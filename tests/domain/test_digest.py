"""Who is told what in a weekly digest."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.domain.digest import (
    MOST_GROUPS,
    MOST_PLACES,
    Digests,
    Ground,
    Happened,
    Offer,
    OwnerDigest,
    Part,
    Reader,
    Told,
    WaiversTold,
    digests,
    one_line,
    summary,
)

TODAY = date(2026, 11, 30)
LAST = TODAY - timedelta(days=7)
DAY = timedelta(days=1)
BOB, ANN = 1, 2


def reader(key: int, name: str, **more: Any) -> Reader:
    return Reader(
        **{
            "key": f"{name}@example.com",
            "name": name.capitalize(),
            "owner_ids": frozenset([key]),
            "owner_keys": (name, f"{name}-alias"),
            "address": f"{name}@example.com",
            **more,
        }
    )


READERS = (reader(BOB, "bob"), reader(ANN, "ann"))


def told(number: int = 1, owner: int | None = BOB, **more: Any) -> Told:
    fields = {
        "state": "open",
        "severity": "ERROR",
        "due": None,
        "path": f"dags/{number}.py",
        "line": number,
        "title": "A name that Airflow 3 removed",
        "fix": "Use the other one.",
    }
    return Told(id=number, owner_id=owner, **{**fields, **more})


def decided(
    *findings: Told, events: tuple[Happened, ...] = (), told_on: date | None = LAST, **more: Any
) -> Digests:
    ground = {
        "deployment": "Production",
        "today": TODAY,
        "told_on": told_on,
        "happened": events,
        "findings": findings,
        "readers": READERS,
        "open_by_owner": {BOB: 4, ANN: 1},
        "unowned_errors": 0,
        **more,
    }
    return digests(Ground(**ground))


def letter(found: Digests, name: str = "Bob") -> OwnerDigest | None:
    return next((one for one in found.owners if one.reader.name == name), None)


def counts(found: Digests, name: str = "Bob") -> dict[Part, int]:
    one = letter(found, name)
    return {} if one is None else dict(one.counts)


def happened(kind: str, number: int = 1, before: str | None = None) -> Happened:
    return Happened(number, kind, before)


@pytest.mark.parametrize(
    ("kinds", "state", "part"),
    [
        (["opened"], "open", Part.NEW),
        (["opened", "moved"], "claimed", Part.NEW),
        (["claimed", "contradicted"], "open", Part.CONTRADICTED),
        (["reopened"], "open", Part.BACK),
        (["fixed", "reopened"], "open", Part.BACK),
        (["waiver_ended"], "open", Part.BACK),
        (["fixed"], "fixed", Part.FIXED),
        (["removed"], "removed", Part.GONE),
    ],
)
def test_what_happened_is_told_and_is_a_reason_to_write(
    kinds: list[str], state: str, part: Part
) -> None:
    found = decided(told(state=state), events=tuple(happened(kind) for kind in kinds))
    assert counts(found) == {part: 1}
    bobs = letter(found)
    assert bobs is not None and bobs.changed


@pytest.mark.parametrize(
    ("kinds", "state"),
    [
        (["noted"], "open"),
        (["moved"], "open"),
        (["rerated"], "open"),
        (["claimed"], "claimed"),
        (["waived"], "waived"),
        (["opened", "waived"], "waived"),
        (["opened", "fixed", "waived"], "waived"),
        (["some_kind_of_tomorrow"], "open"),
    ],
)
def test_what_is_no_news_is_not_told(kinds: list[str], state: str) -> None:
    assert decided(told(state=state), events=tuple(happened(kind) for kind in kinds)).owners == ()


@pytest.mark.parametrize(
    ("due", "part", "is_news"),
    [
        (TODAY + 7 * DAY, None, False),
        (TODAY + 6 * DAY, Part.DUE, True),
        (TODAY, Part.DUE, True),
        (TODAY - DAY, Part.OVERDUE, True),
        (LAST, Part.OVERDUE, True),
        (LAST - DAY, Part.OVERDUE, False),
    ],
)
def test_what_comes_near_or_passes_its_day_is_news_once(
    due: date, part: Part | None, is_news: bool
) -> None:
    found = letter(decided(told(due=due)))
    if part is None:
        assert found is None
        return
    assert found is not None
    assert dict(found.counts) == {part: 1}
    assert found.changed is is_news


def test_the_same_late_list_is_told_again_only_with_other_news() -> None:
    late = told(1, due=LAST - 30 * DAY)
    alone = letter(decided(late))
    assert alone is not None and not alone.changed
    with_news = letter(decided(late, told(2), events=(happened("opened", 2),)))
    assert with_news is not None and with_news.changed
    assert dict(with_news.counts) == {Part.OVERDUE: 1, Part.NEW: 1}


def test_a_date_that_somebody_moved_is_news_wherever_it_lies() -> None:
    found = letter(decided(told(due=LAST - DAY), events=(happened("due_set"),)))
    assert found is not None and found.changed


def test_without_a_digest_before_everything_due_or_late_is_news() -> None:
    found = letter(decided(told(due=LAST - 90 * DAY), told_on=None))
    assert found is not None and found.changed


def test_a_finding_that_changes_hands_is_told_to_both() -> None:
    found = decided(told(owner=ANN), events=(happened("assigned", before="bob"),))
    assert counts(found, "Ann") == {Part.ARRIVED: 1}
    assert counts(found, "Bob") == {Part.LEFT: 1}
    bobs = letter(found)
    assert bobs is not None
    assert bobs.sections[0].groups[0].title == "To Ann"
    assert not found.chat.changed


@pytest.mark.parametrize("before", ["bob", "bob-alias"])
def test_there_and_back_again_or_to_another_name_of_oneself_is_no_move(before: str) -> None:
    events = (happened("assigned", before=before), happened("assigned", before="ann"))
    assert decided(told(owner=BOB), events=events).owners == ()


def test_what_is_new_is_not_told_as_moved_as_well() -> None:
    events = (happened("opened"), happened("assigned", before=""))
    assert counts(decided(told(owner=ANN), events=events), "Ann") == {Part.NEW: 1}


def test_the_subject_says_what_weighs_most() -> None:
    findings = (
        *(told(number) for number in (1, 2, 3)),
        *(told(number, due=date(2026, 12, 4)) for number in (4, 5)),
        told(6, due=TODAY - DAY),
    )
    events = tuple(happened("opened", number) for number in (1, 2, 3))
    found = letter(decided(*findings, events=events))
    assert found is not None
    assert found.subject == "3 new, 2 due by Fri 4 Dec, 1 overdue — Production"


def test_each_section_says_itself_in_one_sentence() -> None:
    findings = (told(1), told(2), told(3, state="fixed"))
    events = (happened("contradicted", 1), happened("contradicted", 2), happened("fixed", 3))
    found = letter(decided(*findings, events=events))
    assert found is not None
    assert [section.sentence for section in found.sections] == [
        "2 findings claimed as fixed did not hold: a scan still sees them, so they are open again.",
        "1 finding is fixed, and a scan has proved it.",
    ]


def test_a_long_list_is_grouped_by_fix_and_counted() -> None:
    findings = [
        told(number, title=f"Rule {number % 9}", fix=f"Fix {number % 9}") for number in range(900)
    ]
    events = tuple(happened("opened", number) for number in range(900))
    found = letter(decided(*findings, events=events))
    assert found is not None
    (section,) = found.sections
    assert len(section.groups) == MOST_GROUPS
    assert all(len(group.places) == MOST_PLACES for group in section.groups)
    assert section.count == 900
    assert section.more == 900 - MOST_GROUPS * MOST_PLACES


def test_the_most_urgent_places_are_the_ones_that_are_named() -> None:
    findings = [told(number, due=TODAY + timedelta(days=6 - number % 7)) for number in range(700)]
    found = letter(decided(*findings))
    assert found is not None
    assert {place.due for place in found.sections[0].groups[0].places} == {TODAY}


def test_a_week_late_goes_to_the_manager_by_owner() -> None:
    found = decided(
        told(1, due=TODAY - 7 * DAY),
        told(2, due=TODAY - 40 * DAY, severity="WARNING"),
        told(3, due=TODAY - 6 * DAY),
        told(4, owner=None, due=TODAY - 8 * DAY),
        unowned_errors=3,
    ).manager
    assert [(late.name, late.count, late.errors) for late in found.late] == [
        ("Bob", 2, 1),
        ("Nobody yet", 1, 1),
    ]
    assert found.late[0].oldest == TODAY - 40 * DAY
    assert found.subject == ("3 overdue by a week or more, 3 ERRORs without an owner — Production")


def test_the_manager_hears_of_owners_whom_nothing_reaches_if_they_have_work() -> None:
    lost = reader(BOB, "bob", address="", unreachable="has no e-mail address")
    idle = reader(ANN, "ann", address="", unreachable="has no e-mail address")
    found = decided(readers=(lost, idle), open_by_owner={BOB: 4}).manager
    assert [(one.name, one.open, one.why) for one in found.unreachable] == [
        ("Bob", 4, "has no e-mail address")
    ]
    assert found.changed


def test_the_manager_hears_of_waivers_that_end_and_of_those_asked_for() -> None:
    ending = decided(waivers=WaiversTold(ending=1, first_end=TODAY)).manager
    asked = decided(waivers=WaiversTold(asked=2)).manager
    assert ending.changed and asked.changed
    assert ending.subject == "1 waiver ending — Production"
    assert asked.subject == "2 waivers asked for — Production"


def test_a_manager_with_nothing_to_mend_gets_nothing() -> None:
    assert not decided(told(due=TODAY - 6 * DAY)).manager.changed


def test_a_chat_is_told_of_the_whole_deployment_unowned_included() -> None:
    found = decided(
        told(1), told(2, owner=None), events=(happened("opened", 1), happened("opened", 2))
    ).chat
    assert dict(found.counts) == {Part.NEW: 2}
    assert [(row.name, dict(row.counts)) for row in found.owners] == [("Bob", {Part.NEW: 1})]
    assert found.headline == "2 new"


def test_an_offer_is_told_as_long_as_it_waits_and_is_news_once() -> None:
    found = letter(decided(offers=[Offer(BOB, 3, is_news=True)]))
    assert found is not None and found.changed
    assert found.subject == "3 offered to you — Production"
    assert found.sections[0].sentence == "Of 3 findings their owners say that they are yours."
    still = letter(decided(offers=[Offer(BOB, 3, is_news=False)]))
    assert still is not None and not still.changed


@given(
    st.lists(
        st.tuples(
            st.sampled_from([None, BOB, ANN]),
            st.sampled_from(["open", "claimed", "fixed", "removed", "waived"]),
            st.none() | st.integers(-20, 20),
            st.lists(
                st.sampled_from(
                    ["opened", "fixed", "removed", "reopened", "contradicted", "due_set", "noted"]
                ),
                max_size=3,
            ),
        ),
        max_size=40,
    )
)
def test_nothing_is_counted_that_is_not_listed_or_told_as_left_over(rows: Any) -> None:
    findings = [
        told(number, owner, state=state, due=None if due is None else TODAY + due * DAY)
        for number, (owner, state, due, _kinds) in enumerate(rows)
    ]
    events = tuple(
        happened(kind, number)
        for number, (_owner, _state, _due, kinds) in enumerate(rows)
        for kind in kinds
    )
    found = decided(*findings, events=events)
    for one in found.owners:
        for section in one.sections:
            listed = sum(len(group.places) for group in section.groups)
            assert listed + section.more == section.count == one.counts[section.part]
    owned = sum(sum(one.counts.values()) for one in found.owners)
    unowned = sum(finding.owner_id is None for finding in findings)
    assert sum(found.chat.counts.values()) <= owned + 2 * unowned


@given(st.text())
def test_text_from_outside_never_breaks_a_line(text: str) -> None:
    line = one_line(text, 40)
    assert len(line) <= 40
    assert line.splitlines() in ([], [line])
    assert "\0" not in line and "\u202e" not in line


def test_nothing_to_say_is_said() -> None:
    assert summary({}, None, TODAY) == "Nothing new"
