"""Owners, their other names, and handing out by the rules."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from planner.models import (
    AxisLead,
    Dag,
    Deployment,
    Event,
    Finding,
    FolderRule,
    NotTheSame,
    Owner,
    OwnerAlias,
    Scan,
)
from planner.selectors.ownership import assigner_for, reassignments
from planner.services.finding_csv import import_apply
from planner.services.ownership import (
    OwnerError,
    RulesApplied,
    folder_rule_add,
    folder_rule_remove,
    owner_add,
    owner_edit,
    owner_merge,
    owners_ensure,
    owners_part,
    rules_apply,
)
from tests.factories import (
    NOW,
    make_dag,
    make_finding,
    make_folder_rule,
    make_owner,
    make_scan,
    make_source,
)


@pytest.fixture
def scan(deployment: Deployment) -> Scan:
    source = make_source(deployment, "uploads", codeowners="dags/finance/ @org/data-eng\n")
    return make_scan(source)


def test_owners_are_made_once_with_what_their_name_tells(deployment: Deployment) -> None:
    keys = {"org/data-eng", "bea@example.com", "priya nair"}
    ids = owners_ensure(deployment=deployment, keys=keys, spellings={"priya nair": "Priya Nair"})
    assert owners_ensure(deployment=deployment, keys=keys) == ids
    owners = {owner.key: owner for owner in Owner.objects.all()}
    assert owners["org/data-eng"].kind == Owner.Kind.TEAM
    assert owners["bea@example.com"].email == "bea@example.com"
    assert owners["priya nair"].name == "Priya Nair"


def test_a_source_brings_its_codeowners_dags_and_people_together(
    deployment: Deployment, scan: Scan
) -> None:
    make_dag(scan.source, "load", "dags/load.py", owners=["airflow", "Bea"])
    make_dag(scan.source, "other", "dags/other.py", owners=["airflow"])
    make_owner(deployment, "bea-smith", aliases=["bea"])
    make_folder_rule(make_owner(deployment, "platform"), "dags/")
    assigner = assigner_for(scan.source)
    assert assigner.assign("dags/finance/a.py")[0] == "org/data-eng"
    assert assigner.assign("dags/load.py")[0] == "bea-smith"
    assert assigner.assign("dags/other.py")[0] == "platform"


def test_the_rules_never_touch_a_pick(deployment: Deployment, alice: User, scan: Scan) -> None:
    ana = make_owner(deployment, "ana")
    picked = make_finding(scan, owner=ana, owner_picked=True, owner_because="Picked by Alice")
    by_rule = make_finding(scan)
    closed = make_finding(scan, state="fixed")
    assert rules_apply(deployment=deployment, now=NOW, user=alice) == RulesApplied(1, 0)
    for finding in (picked, by_rule, closed):
        finding.refresh_from_db()
    assert (picked.owner, picked.owner_because) == (ana, "Picked by Alice")
    assert by_rule.owner is not None
    assert by_rule.owner.key == "org/data-eng"
    assert by_rule.owner_because == "CODEOWNERS line 1: dags/finance/ @org/data-eng"
    assert closed.owner is None
    assert [event.finding_id for event in Event.objects.filter(kind="assigned")] == [by_rule.pk]


def test_applying_the_rules_twice_changes_nothing(
    deployment: Deployment, alice: User, scan: Scan
) -> None:
    make_finding(scan)
    rules_apply(deployment=deployment, now=NOW, user=alice)
    deployment.refresh_from_db()
    before = deployment.revision
    assert rules_apply(deployment=deployment, now=NOW, user=alice) == RulesApplied(0, 0)
    deployment.refresh_from_db()
    assert deployment.revision == before


def test_a_preview_is_what_applying_does(deployment: Deployment, alice: User, scan: Scan) -> None:
    finding = make_finding(scan)
    (change,) = reassignments(deployment)
    assert (change.finding_id, change.before, change.after) == (finding.pk, "", "org/data-eng")


def test_findings_of_someone_who_left_go_to_the_next_rule(
    deployment: Deployment, alice: User, scan: Scan
) -> None:
    finding = make_finding(scan)
    rules_apply(deployment=deployment, now=NOW, user=alice)
    team = Owner.objects.get(key="org/data-eng")
    owner_edit(
        owner=team, name="Team", email="", kind="team", active=False, aliases=[], now=NOW, user=None
    )
    rules_apply(deployment=deployment, now=NOW, user=alice)
    finding.refresh_from_db()
    assert finding.owner is None


source = st.fixed_dictionaries(
    {
        "codeowners": st.sampled_from(["", "* @ana", "dags/ @bea\n", "dags/a.py @cora\n"]),
        "dag": st.sampled_from(["", "ana", "dora"]),
        "folder": st.sampled_from(["", "dags/", "lib/"]),
        "inactive": st.sets(st.sampled_from(["ana", "bea", "emil"])),
    }
)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(source, min_size=1, max_size=3), st.sets(st.integers(0, 5)))
def test_whatever_the_rules_say_picks_never_change(
    deployment: Deployment, steps: list[dict[str, Any]], picked: set[int]
) -> None:
    Finding.objects.all().delete()
    Owner.objects.all().delete()
    emil = make_owner(deployment, "emil")
    scan = make_scan(make_source(deployment))
    rows = [
        make_finding(
            scan,
            path=f"{'dags' if at % 2 else 'lib'}/a.py",
            owner=emil if at in picked else None,
            owner_picked=at in picked,
            owner_because="Picked by Alice" if at in picked else "",
        )
        for at in range(6)
    ]
    for step in steps:
        scan.source.codeowners = step["codeowners"]
        scan.source.save()
        Dag.objects.all().delete()
        FolderRule.objects.all().delete()
        if step["dag"]:
            make_dag(scan.source, "d", "dags/a.py", owners=[step["dag"]])
        if step["folder"]:
            make_folder_rule(emil, step["folder"])
        Owner.objects.update(active=True)
        Owner.objects.filter(key__in=step["inactive"]).update(active=False)
        rules_apply(deployment=deployment, now=NOW, user=None)
        assert list(reassignments(deployment)) == [], "what was applied is what the rules say"
        for at in picked:
            rows[at].refresh_from_db()
            kept = (rows[at].owner, rows[at].owner_picked, rows[at].owner_because)
            assert kept == (emil, True, "Picked by Alice")


def test_a_merged_name_keeps_working_wherever_it_is_written(
    deployment: Deployment, alice: User
) -> None:
    source = make_source(deployment, codeowners="dags/a.py @old-handle\n")
    scan = make_scan(source)
    make_dag(source, "d", "dags/b.py", owners=["Old-Handle"])
    old, new = make_owner(deployment, "old-handle"), make_owner(deployment, "new")
    finding = make_finding(scan, path="lib/c.py")
    owner_merge(owner=old, into=new, now=NOW, user=alice)
    assigner = assigner_for(source)
    assert [assigner.assign(f"dags/{name}.py")[0] for name in "ab"] == ["new", "new"]
    content = f"id,owner\n{finding.pk},@Old-Handle\n".encode()
    import_apply(deployment=deployment, content=content, create_owners=False, now=NOW, user=alice)
    finding.refresh_from_db()
    assert finding.owner == new


def test_a_merge_moves_whatever_any_table_says_of_the_owner(
    deployment: Deployment, alice: User
) -> None:
    old, new = make_owner(deployment, "old"), make_owner(deployment, "new")
    third = make_owner(deployment, "third")
    AxisLead.objects.create(deployment=deployment, axis="ui", owner=old)
    owners_part(one=old, other=third)
    owners_part(one=old, other=new)
    owner_merge(owner=old, into=new, now=NOW, user=alice)
    assert AxisLead.objects.get().owner == new
    assert [(row.one, row.other) for row in NotTheSame.objects.all()] == [(new, third)]


def test_folder_rules_come_and_go(deployment: Deployment, alice: User, scan: Scan) -> None:
    platform = make_owner(deployment, "platform")
    finding = make_finding(scan, path="lib/a.py")
    rule = folder_rule_add(deployment=deployment, pattern=" lib/ ", owner=platform)
    rules_apply(deployment=deployment, now=NOW, user=alice)
    finding.refresh_from_db()
    assert finding.owner == platform
    folder_rule_remove(rule=rule)
    rules_apply(deployment=deployment, now=NOW, user=alice)
    finding.refresh_from_db()
    assert finding.owner is None


@pytest.mark.parametrize("pattern", ["", "lib/[x", "# lib", "taken/"])
def test_a_rule_that_cannot_be_is_refused_in_words(deployment: Deployment, pattern: str) -> None:
    owner = make_owner(deployment, "platform")
    make_folder_rule(owner, "taken/")
    with pytest.raises(OwnerError) as caught:
        folder_rule_add(deployment=deployment, pattern=pattern, owner=owner)
    assert caught.value.field == "pattern"


def test_an_owner_can_be_added_with_other_names(deployment: Deployment) -> None:
    owner = owner_add(
        deployment=deployment,
        name="Ana María",
        email="ana@example.com",
        aliases=["@ana-handle", "ANA@example.com", "ana maría"],
    )
    assert owner.key == "ana maría"
    assert {alias.alias for alias in owner.aliases.all()} == {"ana-handle", "ana@example.com"}


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"name": " @ "}, "name"),
        ({"name": "Bea"}, "name"),
        ({"name": "bee"}, "name"),
        ({"name": "Carl", "email": "nonsense"}, "email"),
        ({"name": "Carl", "aliases": ["bee"]}, "aliases"),
    ],
)
def test_two_owners_never_share_a_name(
    deployment: Deployment, values: dict[str, str], field: str
) -> None:
    make_owner(deployment, "bea", aliases=["bee"])
    with pytest.raises(OwnerError) as caught:
        owner_add(deployment=deployment, **values)  # type: ignore[arg-type]
    assert caught.value.field == field
    assert Owner.objects.count() == 1


def test_merging_two_owners_moves_everything_and_keeps_the_name(
    deployment: Deployment, alice: User, scan: Scan
) -> None:
    old = make_owner(deployment, "ana-old", aliases=["a.old"])
    new = make_owner(deployment, "ana")
    make_folder_rule(old, "dags/")
    finding = make_finding(scan, owner=old)
    assert owner_merge(owner=old, into=new, now=NOW, user=alice) == 1
    finding.refresh_from_db()
    assert finding.owner == new
    assert set(OwnerAlias.objects.values_list("alias", flat=True)) == {"a.old", "ana-old"}
    assert list(new.folder_rules.values_list("pattern", flat=True)) == ["dags/"]
    assert assigner_for(scan.source).assign("dags/x.py")[0] == "ana"
    with pytest.raises(OwnerError):
        owner_merge(owner=new, into=new, now=NOW, user=alice)
