"""The CSV of owners: out and in again unchanged, what a file changes, and what it must not."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from planner.domain.csv_cells import guard
from planner.models import Deployment, Owner
from planner.rendering.csv_text import csv_file
from planner.selectors.owner_export import OWNER_COLUMNS, owner_csv_rows
from planner.services.owner_csv import (
    CsvRejected,
    ImportGone,
    OwnersBad,
    OwnersPreview,
    owners_apply_stored,
    owners_preview,
    owners_store,
)
from tests.factories import NOW, make_deployment, make_owner, make_user


def preview(deployment: Deployment, text: str) -> OwnersPreview:
    return owners_preview(deployment=deployment, content=text.encode())


def apply(deployment: Deployment, text: str, user: User) -> OwnersPreview:
    token = owners_store(deployment=deployment, content=text.encode(), user=user, now=NOW)
    return owners_apply_stored(deployment=deployment, token=token, now=NOW, user=user)


def problems(deployment: Deployment, text: str) -> list[tuple[int, str]]:
    return [(one.line, one.sentence) for one in preview(deployment, text).problems]


def test_a_file_as_it_was_downloaded_changes_nothing(deployment: Deployment) -> None:
    make_owner(deployment, "=cmd", name="=1+1", aliases=["-x", "ana@example.com"])
    make_owner(deployment, "org/data", kind="team", email="data@example.com", active=False)
    text = "".join(csv_file(OWNER_COLUMNS, owner_csv_rows(deployment)))
    assert "'=1+1" in text
    found = preview(deployment, text)
    assert (found.changes, found.problems, found.unchanged) == ([], [], 2)


names = st.text(
    st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"], exclude_characters=";,"),
    min_size=1,
    max_size=12,
)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(names, names), max_size=5))
def test_whatever_owners_are_called_they_come_back_as_they_went(
    deployment: Deployment, alice: User, called: list[tuple[str, str]]
) -> None:
    Owner.objects.all().delete()
    text = "key,name\n" + "".join(
        f'"{guard(key).replace(chr(34), chr(34) * 2)}","{guard(name).replace(chr(34), chr(34) * 2)}"\n'
        for key, name in called
    )
    if not preview(deployment, text).problems:
        apply(deployment, text, alice)
    out = "".join(csv_file(OWNER_COLUMNS, owner_csv_rows(deployment)))
    again = preview(deployment, out)
    assert (again.changes, again.problems) == ([], [])


def test_it_adds_changes_and_stops_owners_and_leaves_who_is_not_in_it(
    deployment: Deployment, alice: User
) -> None:
    make_owner(deployment, "ana", name="Ana", email="ana@example.com", aliases=["al"])
    make_owner(deployment, "bea", name="Bea", aliases=["data-eng"])
    make_owner(deployment, "cora")
    text = (
        "Key;Name;Kind;Email;Aliases;Active\n"
        "@ana;;;ana@new.example;al, data-eng;\n"
        "bea;;;;;no\n"
        "Org/Platform;Platform;;platform@example.com;;yes\n"
    )
    found = preview(deployment, text)
    assert [(change.key, list(change.fields)) for change in found.changes] == [
        (
            "ana",
            [
                ("email", "ana@example.com", "ana@new.example"),
                ("aliases", "al", "al, data-eng"),
            ],
        ),
        ("bea", [("aliases", "data-eng", ""), ("active", "yes", "no")]),
        (
            "org/platform",
            [
                ("name", "", "Platform"),
                ("kind", "", "team"),
                ("email", "", "platform@example.com"),
                ("active", "", "yes"),
            ],
        ),
    ]
    assert (found.added, found.stopped) == (1, 1)
    assert Owner.objects.count() == 3, "a preview writes nothing"
    apply(deployment, text, alice)
    owners = {owner.key: owner for owner in Owner.objects.prefetch_related("aliases")}
    assert owners["ana"].email == "ana@new.example"
    assert {one.alias for one in owners["ana"].aliases.all()} == {"al", "data-eng"}
    bea = owners["bea"]
    assert (bea.active, bea.inactive_cause, bea.inactive_by) == (False, "file", "Alice")
    assert (owners["org/platform"].name, owners["org/platform"].kind) == ("Platform", "team")
    assert owners["cora"].active


def test_columns_that_are_missing_change_nothing(deployment: Deployment, alice: User) -> None:
    make_owner(deployment, "ana", name="Ana", email="ana@example.com", aliases=["al"])
    apply(deployment, "key,active\nana,no\n", alice)
    ana = Owner.objects.get()
    assert (ana.name, ana.email, ana.active) == ("Ana", "ana@example.com", False)
    assert ana.aliases.get().alias == "al"


def test_each_bad_line_is_named_and_then_nothing_is_done(
    deployment: Deployment, alice: User
) -> None:
    make_owner(deployment, "ana", aliases=["al"])
    make_owner(deployment, "bea", aliases=["bee"])
    make_user("gone", is_active=False)
    make_owner(deployment, "gone", email="gone@example.com", active=False)
    text = (
        "key,name,kind,email,aliases,active\n"
        "bea,Beatrice,,,bee,no\n"
        ",x,,,,\n"
        "cora,,robot,,,\n"
        "dora,,,nonsense,,\n"
        "BEA,,,,,\n"
        "emil,,,,al,\n"
        "bee,,,,,\n"
        "gone,,,gone@example.com,,yes\n"
        "finn,,,,,maybe\n"
    )
    assert problems(deployment, text) == [
        (3, "The line names no owner: its key is empty."),
        (4, '“kind” is "robot"; write person or team.'),
        (5, "“nonsense” is not an e-mail address."),
        (6, "“BEA” is in line 2 already."),
        (7, "“al” would be a name of both emil and ana. Merge the two instead."),
        (8, "“bee” would be a name of both bea and bee. Merge the two instead."),
        (9, "Gone cannot take findings while the sign-in is disabled."),
        (10, '“active” is "maybe"; write yes or no.'),
    ]
    with pytest.raises(OwnersBad, match=r"Nothing was changed\. Line 3: "):
        apply(deployment, text, alice)
    assert Owner.objects.get(key="bea").active
    assert Owner.objects.count() == 3


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"name,active\nana,no\n", "The header must name"),
        (b"key\nana\n", "The header must name"),
        (b"", "The header must name"),
        (b"key,name\nana,\xff\n", "is not UTF-8"),
        (b'key,name\nana,"open\n', "Line 2 cannot be read"),
    ],
)
def test_what_is_no_such_file_is_refused_in_words(
    deployment: Deployment, content: bytes, why: str
) -> None:
    with pytest.raises(CsvRejected, match=why):
        owners_preview(deployment=deployment, content=content)


def test_a_kept_file_is_one_persons_and_used_once(
    deployment: Deployment, alice: User, bob: User
) -> None:
    token = owners_store(deployment=deployment, content=b"key,name\nana,Ana\n", user=alice, now=NOW)
    for wrong in ({"user": bob}, {"deployment": make_deployment("elsewhere")}):
        with pytest.raises(ImportGone):
            owners_apply_stored(
                **{"deployment": deployment, "user": alice, "token": token, "now": NOW, **wrong}
            )
    owners_apply_stored(deployment=deployment, token=token, now=NOW, user=alice)
    with pytest.raises(ImportGone):
        owners_apply_stored(deployment=deployment, token=token, now=NOW, user=alice)
