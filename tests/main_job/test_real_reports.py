"""The main job on the command line, with every real report: what goes in, what comes out, what is refused."""

from __future__ import annotations

import gzip
import io
import json
import os
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise
from pathlib import Path

import pypdf
import pytest

from planner.models import Dag, Deployment, Event, Finding, Owner, Scan
from tests.main_job.conftest import FACTS, Answer, Flightplan
from tests.worker import manage

Report = Callable[[str], Path]


@dataclass(frozen=True)
class Case:
    """One real repository: its facts, the files that one scan of it was written to, and what they hold."""

    facts: str
    files: tuple[str, ...]
    received: int
    severities: Mapping[str, int]
    categories: Mapping[str, int]
    verdict: str
    subdags: int
    datasets: int

    @property
    def findings(self) -> int:
        return sum(self.severities.values())


TELEMETRY = Case(
    facts="telemetry",
    files=(
        "telemetry-airflow.ruff.json",
        "telemetry-airflow.ruff.jsonl",
        "telemetry-airflow.ruff-absolute.json",
        "telemetry-airflow.ruff-preview.sarif",
    ),
    received=332,
    severities={"ERROR": 79, "WARNING": 233, "INFO": 20},
    categories={"block": 79, "migrate": 233, "adopt": 3, "style": 17},
    verdict="upgrade now",
    subdags=6,
    datasets=0,
)
SANDIEGO = Case(
    facts="sandiego",
    files=(
        "sandiego-docker-airflow.ruff.json",
        "sandiego-docker-airflow.ruff-absolute.json",
        "sandiego-docker-airflow.ruff-preview.sarif",
    ),
    received=743,
    severities={"ERROR": 454, "WARNING": 139, "INFO": 91},
    categories={"block": 454, "migrate": 139, "style": 91},
    verdict="upgrade in 6 months",
    subdags=0,
    datasets=0,
)
EXAMPLES = Case(
    facts="examples",
    files=(
        "pypi-airflow-2.10.5-examples.ruff.json",
        "pypi-airflow-2.10.5-examples.ruff-absolute.json",
    ),
    received=490,
    severities={"ERROR": 41, "WARNING": 404, "INFO": 45},
    categories={"block": 41, "migrate": 404, "style": 45},
    verdict="defer",
    subdags=2,
    datasets=35,
)
CASES = pytest.mark.parametrize(
    "case", (TELEMETRY, SANDIEGO, EXAMPLES), ids=lambda case: case.facts
)

INGEST_KEYS = {
    *("scan", "source", "status", "format", "received", "new", "unchanged", "moved", "fixed"),
    *("removed", "regressed", "not_covered", "by_severity", "by_category", "by_rule", "problems"),
}
DECIDE_KEYS = {
    *("verdict", "sentence", "points", "threshold", "signals", "gate", "second_opinion"),
    *("flips", "preconditions", "effort"),
}
STEP_KEYS = {
    *("at", "utc", "offset", "action", "command", "expect", "otherwise", "owner", "minutes"),
    "kind",
}
FINDING_KEYS = {
    *("id", "source", "rule_id", "severity", "category", "axis", "file", "line", "column"),
    *("dag_ids", "message", "state", "owner", "owner_because", "due", "first_seen", "last_seen"),
    "history",
}
FREEZE = "2027-03-05T18:00"


def set_up(flightplan: Flightplan, case: Case, report: Report) -> str:
    """A deployment with the case's facts and the first of its reports; its slug."""
    slug = case.facts
    assert flightplan("facts", slug, FACTS / f"{slug}.toml").code == 0
    assert flightplan("ingest", report(case.files[0]), "--deployment", slug).code == 0
    return slug


def rules_of(path: Path) -> Counter[str]:
    """How many findings of each rule ruff's JSON holds; a file that does not parse counts once."""
    items = json.loads(path.read_bytes())
    counts = Counter(item["code"] for item in items if item["code"])
    broken = {item["filename"] for item in items if not item["code"]}
    return counts + Counter({"invalid-syntax": len(broken)})


# ------------------------------------------------------------------------------ facts and reports
@CASES
def test_the_facts_file_is_what_the_deployment_knows(flightplan: Flightplan, case: Case) -> None:
    told = flightplan("facts", case.facts, FACTS / f"{case.facts}.toml", "--json").document
    assert told["slug"] == case.facts
    assert all(set(fact) == {"value", "from"} for fact in told["facts"].values())
    assert told["facts"]["dag_count"]["from"].startswith(f"file {case.facts}.toml")
    again = flightplan("facts", case.facts, "--json").document
    assert again["facts"] == told["facts"]
    name = told["facts"]["name"]["value"]
    assert flightplan("facts", case.facts).text.startswith(f"{name} ({case.facts})\n")


@CASES
def test_every_format_of_a_report_tells_the_same(
    flightplan: Flightplan, report: Report, case: Case
) -> None:
    flightplan("facts", case.facts, FACTS / f"{case.facts}.toml")
    for number, name in enumerate(case.files):
        answer = flightplan("ingest", report(name), "--deployment", case.facts, "--json")
        told = answer.document
        assert told.keys() >= INGEST_KEYS
        assert (told["status"], told["received"]) == ("done", case.received), name
        assert told["by_severity"] == case.severities
        assert told["by_category"] == case.categories
        assert told["new"] == (0 if number else case.findings)
        assert told["unchanged"] + told["moved"] == (case.findings if number else 0)
        assert told["by_rule"] == rules_of(report(case.files[0]))
        assert answer.err == f"Reading {report(name)} …\n"
    assert Finding.objects.filter(state="open").count() == Finding.objects.count() == case.findings
    assert not any(path.startswith("/") for path in Finding.objects.values_list("path", flat=True))


@CASES
def test_a_report_comes_in_through_a_pipe_packed_or_not(
    flightplan: Flightplan, report: Report, case: Case
) -> None:
    flightplan("facts", case.facts, FACTS / f"{case.facts}.toml")
    content = report(case.files[0]).read_bytes()
    ingest = ("ingest", "-", "--deployment", case.facts, "--complete", "--json")
    packed = flightplan(*ingest, stdin=gzip.compress(content))
    assert (packed.document["status"], packed.document["new"]) == ("done", case.findings)
    assert packed.err == "Reading standard input …\n"
    for status in ("done", "duplicate"):
        again = flightplan(*ingest, stdin=content).document
        assert (again["status"], again["unchanged"]) == (status, case.findings)
    assert Event.objects.count() == case.findings


def test_people_read_severities_in_their_order(flightplan: Flightplan, report: Report) -> None:
    flightplan("facts", "telemetry", FACTS / "telemetry.toml")
    told = flightplan("ingest", report(TELEMETRY.files[0]), "--deployment", "telemetry").text
    assert told.splitlines() == [
        "Scan done: uploads, ruff",
        "Root none (the report's paths are relative already)",
        "332 received, 332 new, 0 unchanged, 0 moved, 0 fixed, 0 removed, 0 came back, "
        "0 not covered",
        "  ERROR 79",
        "  WARNING 233",
        "  INFO 20",
        "Telemetry now has 79 open block findings.",
    ]


def test_a_report_of_the_next_week_closes_what_is_gone(
    flightplan: Flightplan, report: Report
) -> None:
    """The same repository a week on, by hand: two files were mended and one was renamed away."""
    slug = set_up(flightplan, TELEMETRY, report)
    items = json.loads(report(TELEMETRY.files[0]).read_bytes())
    mended = {"dags/adm_export.py", "dags/bhr_collection.py"}
    gone = [item for item in items if item["filename"] in mended]
    rest = json.dumps([item for item in items if item["filename"] not in mended]).encode()
    bare = flightplan("ingest", "-", "--deployment", slug, "--json", stdin=rest).document
    assert (bare["fixed"], bare["not_covered"]) == (0, len(gone))
    complete = ("ingest", "-", "--deployment", slug, "--complete", "--json")
    preview = flightplan(*complete, "--dry-run", stdin=rest).document
    assert preview["fixed"] == len(gone)
    assert flightplan("findings", "--deployment", slug, "--state", "fixed", "--json").document == []
    told = flightplan(*complete, stdin=rest).document
    assert {key: told[key] for key in ("fixed", "new", "unchanged")} == {
        "fixed": len(gone),
        "new": 0,
        "unchanged": 332 - len(gone),
    }
    fixed = flightplan("findings", "--deployment", slug, "--state", "fixed", "--json").document
    assert {finding["file"] for finding in fixed} == mended
    assert all(
        [event["kind"] for event in finding["history"]] == ["opened", "fixed"] for finding in fixed
    )


# ----------------------------------------------------------------------------- decision and plan
@CASES
def test_the_decision_has_its_reasons(flightplan: Flightplan, report: Report, case: Case) -> None:
    slug = set_up(flightplan, case, report)
    told = flightplan("decide", "--deployment", slug, "--json").document
    assert told.keys() >= DECIDE_KEYS
    assert told["verdict"] == case.verdict
    assert told["points"] == sum(signal["points"] for signal in told["signals"])
    assert all(signal["applies"] == (signal["points"] > 0) for signal in told["signals"])
    assert told["gate"]["passes"] == (told["gate"]["have"] >= told["gate"]["need"])
    assert told["second_opinion"].keys() >= {"verdict", "agrees"}
    words = " ".join(flightplan("decide", "--deployment", slug).text.split())
    assert words.startswith(told["sentence"])
    of_file = flightplan("decide", "--facts", FACTS / f"{slug}.toml", "--json").document
    assert of_file["verdict"] == case.verdict


@CASES
@pytest.mark.parametrize("template", ["nine-weeks", "six-months"])
def test_the_plan_counts_what_the_report_holds(
    flightplan: Flightplan, report: Report, case: Case, template: str
) -> None:
    slug = set_up(flightplan, case, report)
    plan = ("plan", "--deployment", slug, "--template", template, "--start", "2027-01-11")
    told = flightplan(*plan, "--json").document
    assert told == flightplan(*plan, "--format", "json").document
    for phase in told["phases"]:
        assert phase.keys() >= {"key", "name", "start", "end", "activities", "gates", "risk"}
        assert all(each.keys() >= {"text", "total", "done"} for each in phase["activities"])
        for gate in phase["gates"]:
            assert gate["state"] in ("pass", "fail", "waiting", "unknown")
            assert gate["evidence"]
    before = {row["label"]: row["before"] for row in told["before_after"]}
    assert before["ERROR findings"] == str(case.severities["ERROR"])
    assert before["WARNING findings"] == str(case.severities["WARNING"])
    assert before["SubDAG findings"] == str(case.subdags)
    assert before["Dataset imports"] == str(case.datasets)
    text = flightplan(*plan).text
    assert f"{case.severities['ERROR']} ERROR open" in re.sub(r"\s+", " ", text)
    assert flightplan(*plan, "--format", "md").text.startswith("# ")
    assert flightplan(*plan, "--format", "csv").text.count("\n") > len(told["phases"])
    calendar = flightplan(*plan, "--format", "ics").text
    assert calendar.startswith("BEGIN:VCALENDAR\r\n")
    assert calendar.count("BEGIN:VEVENT") == calendar.count("END:VEVENT") > len(told["phases"])


@pytest.mark.parametrize("case", (TELEMETRY, SANDIEGO), ids=lambda case: case.facts)
def test_the_block_phase_takes_every_error_once(
    flightplan: Flightplan, report: Report, case: Case
) -> None:
    slug = set_up(flightplan, case, report)
    told = flightplan("plan", "--deployment", slug, "--template", "nine-weeks", "--json").document
    block = next(phase for phase in told["phases"] if phase["key"] == "B")
    counted = [each["total"] for each in block["activities"] if each["unit"] == "finding"]
    assert sum(counted) == case.severities["ERROR"]


def test_a_later_target_makes_errors_of_warnings_and_dates_them_anew(
    flightplan: Flightplan, report: Report, tmp_path: Path
) -> None:
    """34 imports of ``airflow.datasets`` work on 3.1 and are gone from 3.2."""
    facts = (FACTS / "examples.toml").read_text()
    earlier = tmp_path / "earlier.toml"
    earlier.write_text(facts.replace('target_version = "3.2"', 'target_version = "3.1"'))
    flightplan("facts", "examples", earlier)
    flightplan("ingest", report(EXAMPLES.files[0]), "--deployment", "examples")

    def block() -> dict[int, str | None]:
        listing = ("findings", "--deployment", "examples", "--category", "block", "--json")
        return {finding["id"]: finding["due"] for finding in flightplan(*listing).document}

    before = block()
    flightplan("facts", "examples", FACTS / "examples.toml")
    after = block()
    assert (len(before), len(after)) == (7, 41)
    assert before.keys() < after.keys()
    assert len(set(after.values())) == 1
    assert set(after.values()) == set(before.values())


# ---------------------------------------------------------------------------------------- runbook
@CASES
def test_the_runbook_is_not_ready_and_says_why(
    flightplan: Flightplan, report: Report, case: Case
) -> None:
    slug = set_up(flightplan, case, report)
    zone = "Europe/Berlin"
    runbook = ("runbook", "--deployment", slug, "--freeze", FREEZE, "--zone", zone)
    answer = flightplan(*runbook, "--json")
    told = answer.document
    assert told.keys() >= {"revision", "hash", "ready", "not_ready_because", "steps", "rollback"}
    assert (told["revision"], told["ready"]) == (None, False)
    number = case.categories["block"]
    assert f"{number} block findings are open; 0 may be." in told["not_ready_because"]
    assert any("imports on a real 3.x environment" in why for why in told["not_ready_because"])
    assert f"- {told['not_ready_because'][0]}" in answer.err
    for step in told["steps"]:
        assert step.keys() >= STEP_KEYS
        local, utc = datetime.fromisoformat(step["at"]), datetime.fromisoformat(step["utc"])
        assert local == utc
    assert all(step.keys() >= STEP_KEYS for step in told["rollback"])
    moments = [datetime.fromisoformat(step["at"]) for step in told["steps"]]
    assert all(earlier <= later for earlier, later in pairwise(moments))
    freeze = datetime.fromisoformat(f"{FREEZE}+01:00")
    assert freeze in moments


@CASES
@pytest.mark.parametrize(("paper", "size"), [("a4", (595, 842)), ("letter", (612, 792))])
def test_the_runbook_prints_on_either_paper(
    flightplan: Flightplan,
    report: Report,
    case: Case,
    paper: str,
    size: tuple[int, int],
    tmp_path: Path,
) -> None:
    slug = set_up(flightplan, case, report)
    runbook = ("runbook", "--deployment", slug, "--freeze", FREEZE, "--zone", "Europe/Berlin")
    target = tmp_path / "runbook.pdf"
    pdf = flightplan(*runbook, "--format", "pdf", "--paper", paper, "--output", target)
    assert (pdf.code, pdf.out) == (0, b"")
    assert f"Written to {target}.\n" in pdf.err
    pages = pypdf.PdfReader(target).pages
    assert {(round(page.mediabox.width), round(page.mediabox.height)) for page in pages} == {size}
    told = flightplan(*runbook, "--json").document
    texts = [page.extract_text() for page in pages]
    assert all(told["hash"][:10] in text for text in texts)
    assert "NOT READY" in texts[0].upper()
    assert any(f"{case.categories['block']} block findings are open" in text for text in texts)
    rollback = [text for text in texts if "Roll back to 2.x" in text or "R1" in text.split()]
    assert rollback
    assert "Freeze and final check" not in rollback[0]


def test_a_recorded_runbook_prints_the_same_again(flightplan: Flightplan, report: Report) -> None:
    slug = set_up(flightplan, TELEMETRY, report)
    runbook = ("runbook", "--deployment", slug, "--freeze", FREEZE, "--zone", "Europe/Berlin")
    first = flightplan(*runbook, "--record", "--json").document
    assert first["revision"] == 1
    assert flightplan(*runbook, "--record", "--json").document["hash"] == first["hash"]
    later = ("runbook", "--deployment", slug, "--freeze", "2027-03-12T18:00", "--record")
    second = flightplan(*later, "--json").document
    assert second["revision"] == 2
    assert second["hash"] != first["hash"]
    refused = flightplan(*runbook, "--output", "/no/such/folder/runbook.txt")
    assert refused.code == 2
    assert refused.err.endswith(
        "/no/such/folder/runbook.txt: cannot be written, No such file or directory.\n"
    )
    html = flightplan(*runbook, "--format", "html").text
    assert html.startswith("<!doctype html>")
    assert flightplan(*runbook, "--format", "md").text.startswith("# ")
    assert len(pypdf.PdfReader(io.BytesIO(flightplan(*runbook, "--format", "pdf").out)).pages) > 2


# ----------------------------------------------------------------------------------------- owners
def dags_list(paths: list[str]) -> bytes:
    """What ``airflow dags list -o json`` of 2.11 prints for one DAG in each file, by three owners."""
    owners = ("bea", "chris", "airflow")
    return json.dumps(
        [
            {
                "dag_id": Path(path).stem,
                "fileloc": f"/opt/airflow/{path}",
                "owners": [owners[number % 3]],
                "is_paused": "False",
            }
            for number, path in enumerate(paths)
        ]
    ).encode()


@CASES
def test_airflows_own_list_gives_the_findings_their_owners(
    flightplan: Flightplan, report: Report, case: Case
) -> None:
    slug = set_up(flightplan, case, report)
    paths = sorted({item["filename"] for item in json.loads(report(case.files[0]).read_bytes())})
    told = flightplan(
        "ingest", "-", "--deployment", slug, "--json", stdin=dags_list(paths)
    ).document
    assert (told["status"], told["format"], told["received"]) == (
        "done",
        "airflow-dags",
        len(paths),
    )
    assert Dag.objects.count() == len(paths)
    findings = flightplan("findings", "--deployment", slug, "--json").document
    assert len(findings) == case.findings
    assert all(finding.keys() >= FINDING_KEYS for finding in findings)
    of_bea = flightplan("findings", "--deployment", slug, "--owner", "bea", "--json").document
    assert {finding["file"] for finding in of_bea} == set(paths[::3])
    assert {finding["owner"] for finding in of_bea} == {"bea"}
    assert all("bea" in finding["owner_because"] for finding in of_bea)
    assert all(finding["dag_ids"] == [Path(finding["file"]).stem] for finding in of_bea)
    nobody = flightplan("findings", "--deployment", slug, "--owner", "nobody", "--json").document
    assert {finding["file"] for finding in nobody} == set(paths[2::3])
    assert all(date.fromisoformat(each["due"]) for each in of_bea if each["category"] == "block")
    words = flightplan("findings", "--deployment", slug, "--owner", "bea").text
    assert words.rstrip().endswith(f"{len(of_bea)} findings.")
    table = flightplan("findings", "--deployment", slug, "--owner", "bea", "--format", "csv").text
    assert table.count("\n") == len(of_bea) + 1


# ---------------------------------------------------------------------------------- what is refused
def everything() -> tuple[object, ...]:
    """All that a refused command must leave as it was."""
    return (
        list(Deployment.objects.values("slug", "facts", "revision")),
        list(Finding.objects.order_by("pk").values()),
        Event.objects.count(),
        Owner.objects.count(),
        Scan.objects.filter(state__in=("done", "held", "queued", "running")).count(),
    )


BROKEN_REPORTS = {
    "cut off": ("telemetry-airflow.ruff.json", lambda content: content[:-4000]),
    "one bad item": (
        "telemetry-airflow.ruff.json",
        lambda content: content.replace(b'"row": ', b'"row": "x', 1),
    ),
    "text": ("telemetry-airflow.ruff-preview.concise.txt", lambda content: content),
    "GitLab's": ("telemetry-airflow.ruff-preview.gitlab.json", lambda content: content),
    "nothing": ("telemetry-airflow.ruff.json", lambda content: b""),
    "half packed": ("telemetry-airflow.ruff.json", lambda content: gzip.compress(content)[:-900]),
}


@pytest.mark.parametrize("what", BROKEN_REPORTS)
def test_a_broken_report_is_refused_whole(
    flightplan: Flightplan, report: Report, what: str
) -> None:
    slug = set_up(flightplan, TELEMETRY, report)
    before = everything()
    name, spoil = BROKEN_REPORTS[what]
    content = spoil(report(name).read_bytes())
    refused = flightplan("ingest", "-", "--deployment", slug, "--complete", stdin=content)
    assert refused.out == b""
    assert refused.refusal.startswith("standard input: ")
    assert refused.refusal.endswith(".")
    assert everything() == before


def test_a_machine_is_told_in_one_document_why_its_report_was_refused(
    flightplan: Flightplan, report: Report
) -> None:
    slug = set_up(flightplan, TELEMETRY, report)
    items = json.loads(report(TELEMETRY.files[0]).read_bytes())
    items[7]["location"]["row"] = "seven"
    refused = flightplan(
        "ingest", "-", "--deployment", slug, "--json", stdin=json.dumps(items).encode()
    )
    told = json.loads(refused.out)
    assert (refused.code, told["status"]) == (2, "rejected")
    assert told["problems"][0]["index"] == 7
    assert "row" in told["problems"][0]["field"]
    assert "item 7" in refused.err
    assert "Traceback" not in refused.err


WRONG = {
    ("ingest", "no-such-file.json", "--deployment", "telemetry"): "no-such-file.json: ",
    ("ingest", "-", "--deployment", "nowhere"): "There is no deployment “nowhere”.",
    ("decide", "--deployment", "nowhere"): "There is no deployment “nowhere”.",
    ("decide", "--facts", "no-such-file.toml"): "no-such-file.toml: cannot be read",
    ("facts", "telemetry", "no-such-file.toml"): "no-such-file.toml: cannot be read",
    ("facts", "Not A Slug", str(FACTS / "telemetry.toml")): "Not A Slug",
    ("plan", "--deployment", "telemetry", "--template", "two-days"): '"two-days"',
    ("plan", "--deployment", "telemetry", "--start", "soon"): '--start: "soon"',
    ("runbook", "--deployment", "telemetry", "--freeze", "Friday"): '--freeze: "Friday"',
    ("runbook", "--deployment", "telemetry", "--zone", "Mars/North"): '--zone: "Mars/North"',
    ("findings", "--deployment", "telemetry", "--owner", "ghost"): "“ghost”",
    ("findings", "--deployment", "telemetry", "--severity", "FATAL"): "FATAL",
}


@pytest.mark.parametrize("words", WRONG, ids=" ".join)
def test_what_was_typed_wrong_is_named_in_one_sentence(
    flightplan: Flightplan, report: Report, words: tuple[str, ...]
) -> None:
    set_up(flightplan, TELEMETRY, report)
    before = everything()
    refused = flightplan(*words)
    assert refused.out == b""
    assert WRONG[words] in refused.refusal
    assert everything() == before


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ('current_version = "two"', "current_version"),
        ("dag_count = -3", "dag_count"),
        ('colour = "red"', "colour"),
        ('python_target = 3.12"', "line"),
    ],
)
def test_wrong_facts_change_nothing_and_name_the_file_and_the_fact(
    flightplan: Flightplan, tmp_path: Path, line: str, named: str
) -> None:
    flightplan("facts", "telemetry", FACTS / "telemetry.toml")
    before = everything()
    name = line.split(" = ")[0]
    lines = (FACTS / "telemetry.toml").read_text().splitlines()
    file = tmp_path / "wrong.toml"
    file.write_text("\n".join([*(each for each in lines if not each.startswith(name)), line]))
    refused = flightplan("facts", "telemetry", file)
    assert refused.refusal.startswith(f"{file}: ")
    assert named in refused.refusal
    assert everything() == before


# ------------------------------------------------------------------- the same, as real processes
def test_the_whole_job_as_processes_on_an_empty_sqlite(report: Report, tmp_path: Path) -> None:
    """What README's tour does, on the embedded default: every answer is one document on stdout."""
    environment = {
        key: value
        for key, value in os.environ.items()
        if key not in ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "SOURCE_FOLDERS", "DEBUG")
    } | {"DATA_DIR": str(tmp_path / "data")}

    def run(*words: object) -> Answer:
        done = manage(environment, *map(str, words))
        return Answer(done.returncode, done.stdout.encode(), done.stderr)

    assert "migrate" in run("decide", "--deployment", "telemetry").refusal
    assert run("migrate", "--verbosity", "0").code == 0
    assert run("facts", "telemetry", FACTS / "telemetry.toml", "--json").document["revision"] >= 1
    told = run(
        "ingest",
        report("telemetry-airflow.ruff-preview.sarif"),
        "--deployment",
        "telemetry",
        "--json",
    ).document
    assert (told["status"], told["by_severity"]) == ("done", TELEMETRY.severities)
    assert run("decide", "--deployment", "telemetry", "--json").document["verdict"] == "upgrade now"
    plan = run("plan", "--deployment", "telemetry", "--json").document
    assert [phase["key"] for phase in plan["phases"]] == ["A", "B", "C", "D", "E"]
    pdf = tmp_path / "runbook.pdf"
    runbook = ("runbook", "--deployment", "telemetry", "--freeze", FREEZE)
    assert run(*runbook, "--format", "pdf", "--output", pdf).code == 0
    assert len(pypdf.PdfReader(pdf).pages) > 2
    listed = run("findings", "--deployment", "telemetry", "--owner", "nobody", "--json").document
    assert len(listed) == 332
    dags = tmp_path / "dags.json"
    dags.write_bytes(dags_list(sorted({finding["file"] for finding in listed})))
    assert run("ingest", dags, "--deployment", "telemetry", "--json").document["status"] == "done"
    of_bea = run("findings", "--deployment", "telemetry", "--owner", "bea", "--json").document
    assert {finding["owner"] for finding in of_bea} == {"bea"}
    assert "is not a date" in run(*runbook[:-1], "soon").refusal
