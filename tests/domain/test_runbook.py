"""The runbook: times, minutes, people, commands and what keeps it from being ready."""

from __future__ import annotations

import dataclasses
import functools
import itertools
import json
import re
import subprocess
import zoneinfo
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.domain.calendar import blackout_from
from planner.domain.facts import DATABASES, HOSTINGS, DeploymentFacts
from planner.domain.report import DagEntry
from planner.domain.runbook import (
    Readiness,
    Runbook,
    RunbookError,
    Step,
    build_runbook,
    choose_way,
    content_hash,
    document_of,
)
from planner.domain.runbook_params import RunbookParamsError, params_from
from planner.domain.spot_check import spread
from planner.rendering.runbook import runbook_as_markdown, runbook_as_text
from planner.rulebook.load import rulebook

TODAY = datetime(2026, 11, 22, 9, tzinfo=UTC)
FACTS = DeploymentFacts(
    name="Production",
    current_version="2.10.5",
    target_version="3.1",
    dag_count=400,
    time_zone="Europe/Berlin",
)
NAMES = {
    "lead": ("Owen Clarke", "Dana Okafor", "+1 416 555 0134", "+1 416 555 0178"),
    "decider": ("Dana Okafor", "Priya Nair", "+1 416 555 0178", "+1 416 555 0199"),
    "database": ("Priya Nair", "Owen Clarke", "", ""),
    "platform": ("Lena Fischer", "Aiko Tanaka", "", ""),
    "checks": ("Aiko Tanaka", "Lena Fischer", "", ""),
    "watcher": ("Sam Oyelaran", "Aiko Tanaka", "", ""),
}
WORDS = {
    "backup_dir": "/mnt/backup",
    "address": "airflow.corp.example",
    "address2": "airflow2.corp.example",
    "address3": "airflow3.corp.example",
}
COMPLETE: dict[str, Any] = {
    "freeze": "2027-03-05T18:00",
    "zone": "Europe/Berlin",
    "roles": {
        key: dict(zip(("name", "backup", "phone", "backup_phone"), cells, strict=True))
        for key, cells in NAMES.items()
    },
    "rehearsed": {"drain": 20, "backup": 12, "copy": 18, "migrate": 26, "restore": 20},
    "words": WORDS,
}
READY = Readiness(today=TODAY, open_blocks=0, gates_open=())
DAGS = [
    DagEntry(f"dag_{number:02}", f"dags/{number % 4}/x.py", (f"team-{number % 7}",))
    for number in range(60)
]


def make(
    values: dict[str, Any] | None = None,
    *,
    facts: DeploymentFacts = FACTS,
    readiness: Readiness = READY,
    dags: list[DagEntry] | None = None,
    **changes: Any,
) -> Runbook:
    params = params_from({**COMPLETE, **(values or {}), **changes}, rulebook())
    return build_runbook(
        params, facts, rulebook(), slug="production", readiness=readiness, dags=dags or []
    )


def step(book: Runbook, key: str) -> Step:
    return next(found for found in (*book.steps, *book.rollback) if found.key == key)


def situations() -> Iterator[tuple[DeploymentFacts, dict[str, Any]]]:
    executors = (
        "LocalExecutor",
        "CeleryExecutor",
        "KubernetesExecutor",
        "CeleryExecutor,EdgeExecutor",
    )
    for database, hosting, executor, way, hybrid, keep in itertools.product(
        DATABASES, HOSTINGS, executors, ("side-by-side", "in-place"), (False, True), (False, True)
    ):
        facts = dataclasses.replace(
            FACTS, metadata_db=database, hosting=hosting, executor=executor, hybrid_workload=hybrid
        )
        yield facts, {"way": way, "keep_url": keep, "keep_users": keep, "keep_history": keep}


@functools.cache
def every_book() -> list[tuple[DeploymentFacts, dict[str, Any], Runbook]]:
    return [(facts, answers, make(answers, facts=facts)) for facts, answers in situations()]


class TestEverySituation:
    def test_no_blank_is_ever_printed_and_every_line_is_whole(self) -> None:
        count = 0
        for facts, answers in situations():
            book = make({**answers, "words": {}, "roles": {}}, facts=facts)
            count += 1
            for line in (*book.steps, *book.rollback):
                assert "{{" not in f"{line.action}{line.command}{line.expect}{line.otherwise}"
                assert line.action and line.expect and line.otherwise and line.owner, line.key
        assert count == 3 * 4 * 4 * 2 * 2 * 2

    def test_pause_points_close_groups_of_five_to_nine_lines(self) -> None:
        for facts, answers, book in every_book():
            for group, lines in itertools.groupby(book.steps, key=lambda line: line.group):
                kinds = [line.kind for line in lines]
                assert 5 <= len(kinds) <= 9, (group, answers, facts)
                assert "pause-point" not in kinds[:-1]

    def test_time_never_runs_backwards_and_the_last_copy_ends_at_the_flip(self) -> None:
        for facts, answers, book in every_book():
            times = [line.at for line in book.steps if line.at]
            assert times == sorted(times), (facts, answers)
            assert step(book, "go-no-go").at == datetime(
                2027, 3, 6, 8, tzinfo=zoneinfo.ZoneInfo("Europe/Berlin")
            )

    def test_one_point_of_no_return_right_after_the_vote(self) -> None:
        for _, _, book in every_book():
            marked = [line for line in book.steps if line.point_of_no_return]
            assert len(marked) == 1
            following = book.steps[book.steps.index(step(book, "go-no-go")) + 1]
            assert marked == [following]

    def test_managed_hosting_gets_no_shell_and_says_what_was_never_tried(self) -> None:
        for facts, _, book in every_book():
            if facts.hosting == "open-source":
                continue
            for line in (*book.steps, *book.rollback):
                assert not re.search(r"psql|mysql|sqlite3|pg_|airflow[23]/bin", line.command), (
                    line.key
                )
                if "/api/" in line.command and line.key not in ("move-traffic", "tell-address"):
                    assert line.documented_only or line.command.startswith("curl"), line.key
            assert any("documented, not tested" in note for note in book.content["notes"])


class TestCommands:
    def test_every_airflow_command_is_one_that_real_airflow_has(self, reports: Path) -> None:
        """2.9 is the oldest, 3.3 the newest help that was recorded; both sides are checked."""
        known = {side: _known(reports / "airflow" / "cli", side) for side in ("2.9", "3.3")}
        seen = set()
        for way in ("side-by-side", "in-place"):
            book = make(way=way, facts=dataclasses.replace(FACTS, hybrid_workload=True))
            for line in (*book.steps, *book.rollback):
                text = f"{line.command}\n{line.expect}\n{line.otherwise}"
                for major, words in re.findall(
                    r"/opt/airflow([23])/bin/airflow ([a-z-]+(?: [a-z][a-z-]*)?)", text
                ):
                    side = "2.9" if major == "2" else "3.3"
                    group, *rest = words.split()
                    assert group in known[side][""], words
                    if known[side].get(group):
                        assert rest and rest[0] in known[side][group], words
                    seen.add(words)
        assert {"db migrate", "dags pause", "dags unpause", "config lint", "jobs check"} <= seen

    @pytest.mark.parametrize(
        "wrong",
        [
            "upgradecheck",
            "db upgrade",
            "db init",
            "dags backfill",
            "dags versions",
            "config update --fix ",
            "db downgrade",
            "airflow.assets",
        ],
    )
    def test_commands_of_the_well_known_guides_that_do_not_exist_are_absent(
        self, wrong: str
    ) -> None:
        for way in ("side-by-side", "in-place"):
            book = make(way=way)
            assert wrong not in "\n".join(line.command for line in (*book.steps, *book.rollback))

    def test_the_flip_and_the_way_back_live_from_one_snapshot(self) -> None:
        book = make(way="side-by-side")

        assert "> dags-2x.json" in step(book, "snapshot").command
        assert "sort -u > active.txt" in step(book, "snapshot").command
        assert step(book, "flip-unpause").command.endswith("dags unpause < active.txt")
        assert "diff active.txt -" in step(book, "flip-exact").command
        assert "grep -vxFf hold.txt active.txt" in step(book, "unpause-2x").command
        assert step(book, "flip-one-side").expect == "0"

    def test_side_by_side_never_restores_over_2x(self) -> None:
        book = make(way="side-by-side")
        commands = "\n".join(line.command for line in (*book.steps, *book.rollback))

        assert "dropdb airflow " not in commands
        assert "-d airflow " not in "\n".join(
            line for line in commands.splitlines() if line.startswith("pg_restore")
        )
        assert "pg_restore" not in "\n".join(line.command for line in book.rollback)

    def test_in_place_restores_the_backup_and_not_a_downgrade(self) -> None:
        book = make(way="in-place")

        assert "pg_restore" in step(book, "restore").command
        assert "A schema downgrade is no way back" in step(book, "re-land").action

    def test_the_teams_own_words_fill_the_blanks(self) -> None:
        book = make(
            way="in-place",
            words={
                **WORDS,
                "backup_command": "pg_dump -Fc -h db1 -f {{ backup_file }} af",
                "airflow3": "af3",
            },
        )

        assert step(book, "final-backup").command == (
            "time pg_dump -Fc -h db1 -f /mnt/backup/production-2.10.5-20270306.dump af"
        )
        assert step(book, "migrate").command == "time af3 db migrate"

    def test_what_people_forget_is_in_it(self) -> None:
        book = make(way="side-by-side", facts=dataclasses.replace(FACTS, hybrid_workload=True))
        keys = {line.key for line in book.steps}

        assert {
            "jwt-secret",
            "execution-url",
            "cron-intervals",
            "catchup",
            "auth-manager",
            "broker",
            "switch-readers",
            "catchup-storm",
            "twenty-runs",
            "lose-worker",
            "rehearse-way-back",
            "tell-users",
        } <= keys
        assert "unknown after 150 s" in step(book, "lose-worker").expect
        assert step(book, "cron-intervals").expect == "True"

    def test_kubernetes_commands_are_marked_as_never_tried(self) -> None:
        book = make(facts=dataclasses.replace(FACTS, executor="KubernetesExecutor"))
        own = make(
            facts=dataclasses.replace(FACTS, executor="KubernetesExecutor"),
            words={**WORDS, "airflow2": "af2", "airflow3": "af3"},
        )

        assert step(book, "paused-2x").documented_only
        assert not step(own, "paused-2x").documented_only


def _known(folder: Path, side: str) -> dict[str, set[str]]:
    """Command words by group, read from recorded help."""
    words: dict[str, set[str]] = {"": set()}
    for group in ("", "dags", "db", "config"):
        name = f"{side}--{f'{group}_' if group else ''}--help.txt"
        lines = (folder / name).read_text().splitlines()
        words[group] = {
            line.split()[0] for line in lines if re.match(r" {4,6}[a-z][a-z-]+(\s{2,}|$)", line)
        }
    return words


class TestTimes:
    def test_friday_to_monday_as_the_domain_says(self) -> None:
        book = make(way="side-by-side")
        at = {line.key: f"{line.at:%a %H:%M}" for line in book.steps if line.at}

        assert at["freeze-merges"] == "Fri 18:00"
        assert at["final-check"] == "Fri 18:15"
        assert at["trial-backup"] == "Fri 18:30"
        assert at["go-no-go"] == "Sat 08:00"
        assert at["watchdog-on"] == "Sat 08:15"
        assert at["twenty-runs"] == "Sat 10:00"
        assert at["lose-worker"] == "Sat 14:00"
        assert [at[f"sitrep-{n}"] for n in (1, 2, 3)] == ["Sat 18:00", "Sun 10:00", "Sun 18:00"]
        assert at["rehearse-way-back"] == "Sun 14:00"
        assert at["soak-rate"] == "Mon 09:00"
        assert step(book, "ttl").offset == "T−48 h"
        assert step(book, "freeze-merges").offset == "T−14 h"

    def test_the_last_copy_begins_rehearsed_minutes_times_one_and_a_half_before_the_flip(
        self,
    ) -> None:
        book = make(way="side-by-side")
        lines = [line for line in book.steps if line.group in ("final-stop", "final-copy")]

        total = sum(line.minutes for line in lines)
        assert lines[0].at == step(book, "go-no-go").at - timedelta(minutes=total)  # type: ignore[operator]
        assert step(book, "final-migrate").minutes == 39
        assert step(book, "final-backup").minutes == 18

    def test_berlin_in_spring(self) -> None:
        book = make(freeze="2027-03-26T18:00")

        assert step(book, "soak-rate").as_dict()["at"] == "2027-03-29T09:00+02:00"
        assert step(book, "soak-rate").as_dict()["utc"] == "2027-03-29T07:00Z"
        assert step(book, "soak-rate").offset == "T+48 h"
        assert (
            "48 h have passed since the flip; 48 h are asked for" in step(book, "soak-rate").action
        )
        assert book.content["notes"][0] == (
            "Clocks go forward 1 h on Sunday 28 March, to 03:00. "
            "From the flip to the decision 48 h pass."
        )

    def test_new_york_in_autumn(self) -> None:
        book = make(freeze="2026-10-30T18:00", zone="America/New_York")

        assert step(book, "sitrep-2").as_dict()["at"] == "2026-11-01T10:00-05:00"
        assert step(book, "soak-rate").offset == "T+50 h"
        assert "Clocks go back 1 h on Sunday 1 November, to 01:00" in book.content["notes"][0]

    def test_a_short_soak_says_what_has_elapsed(self) -> None:
        book = make(end="2027-03-08T07:00")

        assert (
            "47 h have passed since the flip, not 48 h; 48 h are full at 08:00 on Monday 8 March"
            in step(book, "soak-rate").action
        )

    @pytest.mark.parametrize(
        ("change", "field", "sentence"),
        [
            ({"freeze": "2027-03-28T02:30"}, "freeze", "does not exist in Europe/Berlin"),
            ({"freeze": "tomorrow"}, "freeze", "is not a date and time"),
            ({"freeze": "2027-03-05T18:00+01:00"}, "freeze", "leave the offset out"),
            ({"zone": "CEST!"}, "zone", "is not a time zone"),
            ({"flip": "2027-03-05T17:00"}, "flip", "at least 4 hours"),
            ({"end": "2027-03-07T09:00"}, "end", "at least 36 hours"),
            ({"way": "sideways"}, "way", "neither"),
            (
                {"words": {"database": "a", "database_copy": "a"}},
                "words.database_copy",
                "must differ",
            ),
            # The 2.x database is called airflow where nobody says so, and the copy is dropped.
            ({"words": {"database_copy": "Airflow"}}, "words.database_copy", "must differ"),
            (
                {"words": {"database": "/opt/airflow3/airflow.db"}},
                "words.database_copy",
                "must differ",
            ),
            ({"words": {"database_copy": "{{ database }}"}}, "words.database_copy", "letters"),
            ({"words": {"backup_dir": "/mnt/back up"}}, "words.backup_dir", "without a space"),
            ({"words": {"database": "-x"}}, "words.database", "not begin with -"),
            ({"words": {"stop2": "x {{ secret }}"}}, "words.stop2", "nothing fills"),
            ({"words": {"address": "a;reboot"}}, "words.address", "letters, digits"),
            ({"rehearsed": {"backup": 0}}, "rehearsed.backup", "between 1 and"),
            ({"roles": {"pilot": {}}}, "roles.pilot", "not a role"),
        ],
    )
    def test_what_cannot_be_is_named(
        self, change: dict[str, Any], field: str, sentence: str
    ) -> None:
        with pytest.raises(RunbookParamsError) as caught:
            params_from({**COMPLETE, **change}, rulebook())

        assert [name for name, _ in caught.value.errors] == [field]
        assert sentence in caught.value.errors[0][1]

    @settings(max_examples=60)
    @given(
        st.dates(date(2026, 1, 1), date(2032, 12, 31)),
        st.sampled_from(sorted(zoneinfo.available_timezones())),
        st.sampled_from(["side-by-side", "in-place"]),
        st.integers(1, 240),
    )
    def test_any_weekend_anywhere(self, day: date, zone: str, way: str, migrate: int) -> None:
        try:
            book = make(
                freeze=f"{day}T18:00",
                zone=zone,
                way=way,
                rehearsed={**COMPLETE["rehearsed"], "migrate": migrate},
            )
        except RunbookParamsError:
            return  # that zone skips 18:00 on that day
        window = params_from(
            {**COMPLETE, "freeze": f"{day}T18:00", "zone": zone}, rulebook()
        ).window
        times = [line.at.astimezone(UTC) for line in book.steps if line.at]
        backwards = any(later < earlier for earlier, later in itertools.pairwise(times))
        assert backwards == any("must begin at" in reason for reason in book.not_ready_because)
        assert step(book, "soak-rate").at == window.end
        for line in book.steps:
            assert line.at is not None
            assert datetime.fromisoformat(line.as_dict()["at"]) == line.at


class TestWay:
    @pytest.mark.parametrize(
        ("hosting", "history", "url", "way"),
        [
            ("open-source", True, True, "in-place"),
            ("open-source", True, False, "side-by-side"),
            ("open-source", False, True, "side-by-side"),
            ("composer", True, True, "side-by-side"),
            ("mwaa", True, True, "side-by-side"),
            ("astronomer", True, True, "in-place"),
        ],
    )
    def test_facts_and_two_questions_choose(
        self, hosting: str, history: bool, url: bool, way: str
    ) -> None:
        facts = dataclasses.replace(FACTS, hosting=hosting)

        chosen, because = choose_way(facts, rulebook(), keep_history=history, keep_url=url)

        assert chosen == way
        assert because.endswith(".")

    def test_a_choice_by_hand_says_what_the_facts_would_have_chosen(self) -> None:
        book = make(way="side-by-side")

        assert book.content["way_because"].startswith(
            "Chosen by hand. Facts and answers point to in place"
        )

    def test_a_standstill_is_printed_and_approved(self) -> None:
        book = make(way="in-place")

        assert "2.x starts no run for 13 h 30 min" in step(book, "standstill-approved").action
        assert any("13 h 30 min without a new run" in note for note in book.content["notes"])


class TestReady:
    def test_ready_when_nothing_is_missing(self) -> None:
        for way in ("side-by-side", "in-place"):
            book = make(way=way)
            assert book.not_ready_because == ()
            assert book.ready

    @pytest.mark.parametrize(
        ("readiness", "sentence"),
        [
            ({"open_blocks": 8}, "8 block findings are open; 0 may be."),
            ({"open_blocks": 1}, "1 block finding is open; 0 may be."),
            ({"unchecked": ("a code scan",)}, "Not checked yet: a code scan."),
            ({"gates_open": ("C.parity 100 % of DAGs green for 48 h",)}, "1 gate of the plan"),
            ({"today": datetime(2027, 3, 6, tzinfo=UTC)}, "has passed"),
        ],
    )
    def test_evidence_that_is_missing(self, readiness: dict[str, Any], sentence: str) -> None:
        book = make(readiness=dataclasses.replace(READY, **readiness))

        assert not book.ready
        assert len(book.not_ready_because) == 1
        assert sentence in book.not_ready_because[0]

    def test_people_and_minutes_that_are_missing(self) -> None:
        roles = {key: dict(row) for key, row in COMPLETE["roles"].items()}
        roles["watcher"]["backup"] = ""
        roles["lead"]["phone"] = ""

        book = make(roles=roles, rehearsed={**COMPLETE["rehearsed"], "migrate": ""}, words={})

        assert list(book.not_ready_because) == [
            "Without a backup: Watchdog.",
            "Without a phone number: Cutover lead.",
            "Never timed: airflow db migrate on a restored copy.",
            "Still the example: Backup folder, Address people use.",
        ]

    def test_less_than_seven_days_with_something_unfinished(self) -> None:
        late = datetime(2027, 2, 27, 9, tzinfo=UTC)

        finished = make(readiness=dataclasses.replace(READY, today=late))
        unfinished = make(readiness=dataclasses.replace(READY, today=late, open_blocks=1))

        assert finished.ready
        assert "less than 7 days away" in unfinished.not_ready_because[-1]

    def test_a_weekend_that_touches_a_blackout_is_refused(self) -> None:
        freeze = make().steps[0].at
        assert freeze is not None
        monday = freeze.date() + timedelta(days=(7 - freeze.weekday()) % 7 or 7)
        touching = blackout_from(f"{monday} to {monday + timedelta(days=9)} Quarter end")
        after = blackout_from(f"{monday + timedelta(days=1)} Audit")

        book = make(readiness=dataclasses.replace(READY, blackouts=(after, touching)))

        assert list(book.not_ready_because) == [
            f"Nothing may be cut over on {touching.words}: choose another weekend."
        ]

    def test_sqlite_is_refused_with_what_it_loses(self) -> None:
        book = make(facts=dataclasses.replace(FACTS, metadata_db="sqlite"))

        assert "deletes every task instance" in book.not_ready_because[0]
        assert any("deletes every task instance" in note for note in book.content["notes"])

    def test_a_platform_without_a_way_in_place(self) -> None:
        book = make(way="in-place", facts=dataclasses.replace(FACTS, hosting="mwaa"))

        assert "there is no way in place" in book.not_ready_because[0]
        assert "astro deploy" not in {line.command for line in book.steps}

    def test_too_old_for_a_direct_migration(self) -> None:
        book = make(facts=dataclasses.replace(FACTS, current_version="2.6.3"))

        assert "2.7 is the oldest" in book.not_ready_because[0]

    def test_a_migration_that_does_not_fit_the_night(self) -> None:
        book = make(way="side-by-side", rehearsed={**COMPLETE["rehearsed"], "migrate": 400})

        assert "must begin at Friday 5 March" in book.not_ready_because[0]


class TestNothingDangerous:
    """What is printed must be safe to type for somebody who is tired, whatever the parameters."""

    def test_in_place_no_line_drops_a_database_before_the_rollback(self) -> None:
        for facts, answers, book in every_book():
            if book.content["way"] == "in-place":
                typed = " ".join(line.command for line in book.steps)
                assert not re.search(r"dropdb|drop database|rm -f", typed, re.I), (facts, answers)

    def test_in_place_the_rollback_keeps_the_migrated_database_where_the_server_can(self) -> None:
        command = step(make(way="in-place"), "restore").command

        assert command.startswith('psql -d postgres -c \'alter database "airflow" rename to')
        assert "dropdb" not in command

    def test_what_is_dropped_is_only_ever_the_copy(self) -> None:
        for _facts, _answers, book in every_book():
            for line in book.steps:
                for name in re.findall(r"dropdb (?:--if-exists )?(\S+)|EXISTS (\w+)", line.command):
                    assert "".join(name) == "airflow_3x", line.key

    @pytest.mark.parametrize("way", ["side-by-side", "in-place"])
    def test_a_rehearsed_migration_cannot_reach_production(self, way: str) -> None:
        command = step(make(way=way), "rehearse-migration").command

        assert "| grep -vxF airflow && time /opt/airflow3/bin/airflow db migrate" in command

    def test_side_by_side_only_the_copy_is_migrated(self) -> None:
        for key in ("trial-migrate", "final-migrate"):
            command = step(make(way="side-by-side"), key).command
            assert "| grep -xF airflow_3x && time /opt/airflow3/bin/airflow db migrate" in command

    def test_the_database_is_read_from_an_address_without_its_password(self) -> None:
        strip = make(way="in-place").proposed["strip_connection"]
        for address in (
            "postgresql+psycopg2://me:se?cret@db:5432/airflow?sslmode=require",
            "mysql+mysqldb://me:se/cret@db/airflow",
            "postgresql:///airflow?host=/run/postgresql",
        ):
            told = subprocess.run(
                ["sh", "-c", strip], input=address, capture_output=True, text=True, check=True
            )
            assert told.stdout.strip() == "airflow"

    def test_one_worker_is_lost_not_all(self) -> None:
        for _facts, _answers, book in every_book():
            for line in (*book.steps, *book.rollback):
                assert not re.search(r"delete pod.* -l ", line.command), line.key

    def test_mysql_compares_times_in_utc_whatever_its_zone(self) -> None:
        book = make(facts=dataclasses.replace(FACTS, metadata_db="mysql"))
        for line in (*book.steps, *book.rollback):
            if re.search(r"utc_timestamp|\+00:00'\"", line.command):
                assert "time_zone='+00:00'" in line.command, line.key

    def test_flightplan_is_called_from_any_folder(self) -> None:
        for _facts, _answers, book in every_book():
            for line in book.steps:
                assert not line.command.startswith("python manage.py"), line.key

    def test_the_counts_after_the_migration_have_something_to_be_compared_with(self) -> None:
        book = make(way="in-place")

        assert "count(*) from task_instance" in step(book, "test-restore").command
        assert "the two numbers of the test restore" in step(book, "migrated").expect


class TestCharactersThePdfLacks:
    def test_are_named_by_where_they_stand(self) -> None:
        roles = {**COMPLETE["roles"], "lead": {**COMPLETE["roles"]["lead"], "name": "山田 🚀"}}

        (sentence,) = [
            note
            for note in make(
                facts=dataclasses.replace(FACTS, name="生产"),
                roles=roles,
                dags=[DagEntry("数据", "a.py")],
            ).content["notes"]
            if "empty boxes" in note
        ]

        assert "in: the deployment's name, Cutover lead, the runs to look at by hand. " in sentence

    def test_nothing_is_said_of_words_that_print(self) -> None:
        roles = {**COMPLETE["roles"], "lead": {"name": "Łukasz Ångström-Παπάς Иван محمد"}}

        assert not any("empty boxes" in note for note in make(roles=roles).content["notes"])


class TestHash:
    def test_the_same_inputs_give_the_same_hash(self) -> None:
        assert make().hash == make().hash
        assert re.fullmatch(r"[0-9a-f]{10}", make().hash)

    @pytest.mark.parametrize(
        "change",
        [
            {"freeze": "2027-03-12T18:00"},
            {"way": "side-by-side"},
            {"rehearsed": {**COMPLETE["rehearsed"], "migrate": 27}},
            {"roles": {**COMPLETE["roles"], "lead": {"name": "Someone Else"}}},
            {"words": {**WORDS, "bridge": "Zoom 4"}},
        ],
    )
    def test_whatever_is_printed_changes_it(self, change: dict[str, Any]) -> None:
        assert make(**change).hash != make().hash

    def test_the_passing_of_a_day_does_not(self) -> None:
        tomorrow = dataclasses.replace(READY, today=TODAY + timedelta(days=1))

        assert make(readiness=tomorrow).hash == make().hash

    def test_the_paper_of_the_weekend_is_still_current_on_saturday(self) -> None:
        saturday = make(
            readiness=dataclasses.replace(READY, today=datetime(2027, 3, 6, tzinfo=UTC))
        )

        assert not saturday.ready
        assert saturday.hash == make().hash

    def test_key_order_does_not(self) -> None:
        content = make().content

        assert content_hash(dict(reversed(list(content.items())))) == content_hash(content)


class TestSpotChecks:
    def test_twenty_across_owners_and_folders(self) -> None:
        chosen = spread(DAGS, 20)

        assert len({entry.dag_id for entry in chosen}) == 20
        assert len({(entry.owners, entry.path) for entry in chosen}) == 20

    def test_paused_and_unresolved_dags_are_left_out(self) -> None:
        dags = [
            DagEntry("on", "a.py"),
            DagEntry("off", "a.py", paused=True),
            DagEntry("built", "a.py", resolved=False),
        ]

        assert [entry.dag_id for entry in spread(dags, 20)] == ["on"]

    def test_nothing_to_choose_from(self) -> None:
        assert spread([], 20) == []


class TestRulebook:
    def test_a_blank_that_nothing_fills_is_an_error(self) -> None:
        book = rulebook()
        broken = json.loads(json.dumps(dict(book.runbook)))
        broken["settings"]["blanks"][0].pop("smoke_dag")
        params = params_from(COMPLETE, book)

        with pytest.raises(RunbookError, match="smoke_dag"):
            build_runbook(
                params,
                FACTS,
                dataclasses.replace(book, runbook=broken),
                slug="production",
                readiness=READY,
            )


class TestGolden:
    @pytest.mark.parametrize("way", ["side-by-side", "in-place"])
    @pytest.mark.parametrize("form", ["txt", "md", "json"])
    def test_as_printed(self, golden: Path, way: str, form: str) -> None:
        book = make(way=way, readiness=dataclasses.replace(READY, open_blocks=3), dags=DAGS)
        document = document_of(
            book.content, hash=book.hash, revision=3, recorded="22 Nov 2026 by Alice"
        )
        written = {
            "txt": runbook_as_text,
            "md": runbook_as_markdown,
            "json": lambda whole: json.dumps(whole, indent=2, ensure_ascii=False) + "\n",
        }[form](document)

        assert written == (golden / f"runbook-{way}.{form}").read_text()
