"""Shell text falls into the commands that a shell would run, each word at its place."""

import shlex
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.scanner.around.command_lines import material_in_shell
from planner.scanner.around.shell import commands_in, snippet_of
from planner.scanner.material import Command, Place, Probe, Process, Setting, Text


def words(source: str) -> list[list[str]]:
    return [[word.text for word in command] for command in commands_in(source)]


def commands(source: str) -> list[str]:
    found = material_in_shell(snippet_of(Text("run.sh", "shell", source)))
    return [" ".join(one.words[1:]) for one in found if isinstance(one, Command)]


@given(st.lists(st.text(min_size=1, max_size=20), min_size=1, max_size=8))
def test_what_shlex_quotes_comes_back_as_it_was(given_words: list[str]) -> None:
    plain = [word.replace("\x00", "") or "x" for word in given_words]
    assert words(shlex.join(plain)) == [plain]


@given(st.text(alphabet="$({[`'\"\\<>E OF\n#;|&airflow)}]", max_size=300))
def test_no_text_is_too_strange(source: str) -> None:
    for command in commands_in(source):
        for word in command:
            assert 0 <= word.offset <= len(source)


@pytest.mark.parametrize("piece", ["$(", "(", '"$(', "{{", "<<E\n", "`", "'", '"', "\\\n", "a;"])
def test_hostile_text_costs_no_more_than_its_length(piece: str) -> None:
    started = time.monotonic()
    list(commands_in(piece * 50_000))
    assert time.monotonic() - started < 5


@pytest.mark.parametrize(
    ("source", "called"),
    [
        ("airflow db init && airflow db upgrade", ["db init", "db upgrade"]),
        ('x=$(airflow dags list -S "$HOME/dags" | wc -l)', ["dags list -S $HOME/dags"]),
        ('echo "$(airflow list_dags)"', ["list_dags"]),
        ("if ! airflow db check; then airflow initdb; fi", ["db check", "initdb"]),
        ("bash -lc 'cd /opt && airflow webserver'", ["webserver"]),
        ("gosu airflow airflow db init", ["db init"]),
        ("docker run --rm apache/airflow:2.9.3 webserver", ["webserver"]),
        ("docker exec airflow ls dags", []),
        ("wait-for-it.sh db:5432 -- airflow scheduler", ["scheduler"]),
        ("A=1 B=2 airflow trigger_dag nightly", ["trigger_dag nightly"]),
        ("ssh host 'sudo airflow initdb'", ["initdb"]),
        ("cat <<EOF > run.sh\nairflow initdb\nEOF\nairflow version", ["version"]),
        ("case $1 in\n web) exec airflow webserver ;;\nesac", ["webserver"]),
        (
            "airflow tasks test nightly load {{ ds }} -S x",
            ["tasks test nightly load {{ ds }} -S x"],
        ),
        ("pkill -f 'airflow webserver'; echo airflow db init", []),
        ("git clone airflow db", []),
    ],
)
def test_which_calls_of_airflow_a_script_makes(source: str, called: list[str]) -> None:
    assert commands(source) == called


def test_a_call_is_where_its_name_stands() -> None:
    source = "set -e\n  sudo bash -c 'cd x\n    airflow webserver'\n"
    found = list(material_in_shell(snippet_of(Text("run.sh", "shell", source))))
    assert found == [
        Command(("airflow", "webserver"), Place(3, 5)),
        Process("webserver", Place(3, 5)),
    ]


def test_variables_and_probes_are_told_too() -> None:
    source = (
        "export AIRFLOW__CORE__PARALLELISM=0 AIRFLOW_UID=5\ncurl -f http://localhost:8080/health"
    )
    found = list(material_in_shell(snippet_of(Text("run.sh", "shell", source))))
    assert found == [
        Setting("core", "parallelism", "0", Place(1, 8), "environment"),
        Probe("http://localhost:8080/health", Place(2, 9)),
    ]
