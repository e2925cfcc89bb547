"""Fixes for both sides of the upgrade, in every form that imports have."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from planner.domain.rating import measured
from planner.domain.rules import Move
from planner.parsers.fix import Fix
from planner.rulebook.load import rulebook
from planner.scanner.fixes import corrected, patch_of
from planner.scanner.fixes.patch import FOR_AFTER, IN_NOTEBOOK, UNSAFE
from planner.scanner.scan import scan_tree
from tests.scanner.fixing import World, fixed, patched, write

LEGACY = json.loads((Path(__file__).parent.parent / "reports/legacy/dags.json").read_text())

FORMS = {
    "one name": (
        """\
        from airflow.operators.dummy_operator import DummyOperator

        DummyOperator(task_id="a")
        """,
        """\
        try:
            from airflow.providers.standard.operators.empty import EmptyOperator as DummyOperator
        except ImportError:
            from airflow.operators.dummy_operator import DummyOperator

        DummyOperator(task_id="a")
        """,
    ),
    "names that stay in the statement": (
        """\
        from airflow.models import DagRun, Variable

        Variable.get("a", default_var=1), DagRun
        """,
        """\
        from airflow.models import DagRun
        try:
            from airflow.sdk import Variable
        except ImportError:
            from airflow.models import Variable

        Variable.get("a", 1), DagRun
        """,
    ),
    "what goes together in one shim": (
        """\
        from __future__ import annotations

        import os

        from airflow import DAG
        from airflow.decorators import task as tk
        from airflow.models import Variable

        import pendulum

        DAG("a", schedule=None), tk, Variable.get, os, pendulum
        """,
        """\
        from __future__ import annotations

        import os

        try:
            from airflow.sdk import DAG, Variable, task as tk
        except ImportError:
            from airflow import DAG
            from airflow.decorators import task as tk
            from airflow.models import Variable

        import pendulum

        DAG("a", schedule=None), tk, Variable.get, os, pendulum
        """,
    ),
    "comments in brackets": (
        """\
        from airflow.models import (  # noqa: I001
            # the old one
            DagRun,  # stays
            Variable,  # moves
        )

        Variable.get("a"), DagRun
        """,
        """\
        from airflow.models import (  # noqa: I001
            # the old one
            DagRun,  # stays
        )
        try:
            from airflow.sdk import Variable
        except ImportError:
            from airflow.models import Variable  # moves

        Variable.get("a"), DagRun
        """,
    ),
    "comments of a statement that goes whole": (
        """\
        from airflow.operators.bash import (
            # shell
            BashOperator,  # noqa: F401
        )

        BashOperator(task_id="a", bash_command="b")
        """,
        """\
        # shell
        try:
            from airflow.providers.standard.operators.bash import BashOperator
        except ImportError:
            from airflow.operators.bash import BashOperator  # noqa: F401

        BashOperator(task_id="a", bash_command="b")
        """,
    ),
    "a module and its names": (
        """\
        from airflow.operators import bash_operator

        bash_operator.BashOperator(task_id="a", bash_command="b")
        """,
        """\
        try:
            from airflow.providers.standard.operators.bash import BashOperator
        except ImportError:
            from airflow.operators.bash_operator import BashOperator

        BashOperator(task_id="a", bash_command="b")
        """,
    ),
    "a module by its whole path": (
        """\
        import airflow.operators.bash_operator
        import airflow.utils.state

        airflow.operators.bash_operator.BashOperator(
            task_id=airflow.utils.state.State.NONE, bash_command="b"
        )
        """,
        """\
        try:
            from airflow.providers.standard.operators.bash import BashOperator
        except ImportError:
            from airflow.operators.bash_operator import BashOperator
        import airflow.utils.state

        BashOperator(
            task_id=airflow.utils.state.State.NONE, bash_command="b"
        )
        """,
    ),
    "several statements on a line": (
        """\
        import os; from airflow.models import Variable; x = Variable.get("a")
        """,
        """\
        import os
        try:
            from airflow.sdk import Variable
        except ImportError:
            from airflow.models import Variable
        x = Variable.get("a")
        """,
    ),
    "inside functions and blocks": (
        """\
        def f():
            from airflow.models import Variable
            return Variable.get("a")


        if True:
        \tfrom airflow.operators.bash_operator import BashOperator
        \tBashOperator(task_id="a", bash_command="b")
        """,
        """\
        def f():
            try:
                from airflow.sdk import Variable
            except ImportError:
                from airflow.models import Variable
            return Variable.get("a")


        if True:
        \ttry:
        \t    from airflow.providers.standard.operators.bash import BashOperator
        \texcept ImportError:
        \t    from airflow.operators.bash_operator import BashOperator
        \tBashOperator(task_id="a", bash_command="b")
        """,
    ),
    "a shim that is there already": (
        """\
        try:
            from airflow.sdk import DAG
        except ImportError:
            from airflow import DAG
        from airflow.decorators import task

        DAG("a", schedule=None), task
        """,
        """\
        try:
            from airflow.sdk import DAG
            from airflow.sdk import task
        except ImportError:
            from airflow import DAG
            from airflow.decorators import task

        DAG("a", schedule=None), task
        """,
    ),
    "the last lines of a file": (
        """\
        def f():
            from airflow.hooks.base_hook import BaseHook; return BaseHook""",
        """\
        def f():
            try:
                from airflow.sdk import BaseHook
            except ImportError:
                from airflow.hooks.base import BaseHook
            return BaseHook""",
    ),
    "an import that nothing uses": (
        """\
        from airflow.utils.dates import days_ago
        from airflow.operators.dummy_operator import DummyOperator as D, EmptyOperator

        x = EmptyOperator
        """,
        """\
        try:
            from airflow.providers.standard.operators.empty import EmptyOperator
        except ImportError:
            from airflow.operators.dummy_operator import EmptyOperator

        x = EmptyOperator
        """,
    ),
    "a decorator that does nothing": (
        """\
        from airflow.utils.decorators import apply_defaults


        class A:
            @apply_defaults
            def __init__(self):
                pass
        """,
        """\


        class A:
            def __init__(self):
                pass
        """,
    ),
    "arguments that go or are called otherwise": (
        """\
        from airflow.models.dag import DAG

        with DAG(
            "a",
            schedule_interval="@daily",
            default_view="graph",  # nicer
            orientation="LR",
            concurrency=3,
            catchup=False,
        ):
            pass
        """,
        """\
        try:
            from airflow.sdk import DAG
        except ImportError:
            from airflow.models.dag import DAG

        with DAG(
            "a",
            schedule="@daily",
            max_active_tasks=3,
            catchup=False,
        ):
            pass
        """,
    ),
    "functions of the configuration": (
        """\
        from airflow.configuration import get, getboolean

        get("a", "b"), getboolean("a", "c")
        """,
        """\
        from airflow.configuration import conf

        conf.get("a", "b"), conf.getboolean("a", "c")
        """,
    ),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_import(form: str, tmp_path: Path) -> None:
    before, after = map(textwrap.dedent, FORMS[form])
    assert fixed(before, tmp_path) == after


@pytest.mark.parametrize("form", FORMS)
def test_a_second_patch_changes_nothing(form: str, tmp_path: Path) -> None:
    fixed(textwrap.dedent(FORMS[form][0]), tmp_path)
    assert patched(tmp_path).patch.text == ""


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("from airflow.models import *\nVariable.get('a')\n", "a star tells no names"),
        (
            "from airflow import models\nVariable = 1\nmodels.Variable.get('a')\n",
            "the name is taken",
        ),
        ("if True: from airflow.models import Variable\nVariable.get('a')\n", "no room for lines"),
        (
            "from airflow.models import Variable\nVariable.setdefault('a', 1)\n",
            "the new one has no such method",
        ),
        (
            "from airflow.models import Variable\nVariable(key='a')\n",
            "the new one is made otherwise",
        ),
        (
            "from airflow import Dataset\nDataset('a', {})\n",
            "the second argument means another thing",
        ),
        (
            "from airflow.sensors.weekday import DayOfWeekSensor\n"
            "DayOfWeekSensor(task_id='a', week_day=1, use_task_execution_day=True)\n",
            "an argument that the provider's does not take",
        ),
    ],
)
def test_what_cannot_be_written_cleanly_is_left_alone(
    source: str, reason: str, tmp_path: Path
) -> None:
    write(tmp_path, {"a.py": source})
    assert patched(tmp_path).patch.text == "", reason


def test_crlf_tabs_marks_and_letters(tmp_path: Path) -> None:
    source = "\ufeff# é\r\nfrom airflow.models import Variable\r\nx = 'é'; Variable.get('é', default_var=1)\r\n"
    write(tmp_path, {"a.py": source})
    tried = patched(tmp_path)
    assert tried.gone == tried.promised and not tried.new
    assert (tmp_path / "a.py").read_bytes().decode() == (
        "\ufeff# é\r\ntry:\r\n    from airflow.sdk import Variable\r\nexcept ImportError:\r\n"
        "    from airflow.models import Variable\r\nx = 'é'; Variable.get('é', 1)\r\n"
    )


def test_a_name_that_another_file_takes_from_here_stays(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "common.py": "from airflow.operators.dummy_operator import DummyOperator\n",
            "dags/a.py": "from common import DummyOperator\nDummyOperator(task_id='a')\n",
        },
    )
    patched(tmp_path)
    assert "import EmptyOperator as DummyOperator" in (tmp_path / "common.py").read_text()


def test_a_moving_date_is_defined_in_the_file_and_is_unsafe(tmp_path: Path) -> None:
    source = "from airflow.utils.dates import days_ago\n\nstart = days_ago(2, hour=6)\n"
    write(tmp_path, {"a.py": source})
    tried = patched(tmp_path)
    assert [reason for _, reason in tried.patch.left_out] == [UNSAFE]
    text = fixed(source, tmp_path, unsafe=True)
    assert text.startswith("import pendulum\n\n\ndef days_ago(n, hour=0, ")
    assert text.endswith("\n\n\nstart = days_ago(2, hour=6)\n")


def test_what_no_2_x_has_waits_for_the_flip(tmp_path: Path) -> None:
    source = "from airflow.models.dag import DAG\n\nDAG('a', schedule=None, fail_stop=True, sla_miss_callback=f)\n"
    write(tmp_path, {"a.py": source})
    now = patched(tmp_path)
    assert {reason for _, reason in now.patch.left_out} >= {FOR_AFTER}
    assert "fail_stop=True" in (tmp_path / "a.py").read_text()
    after = patched(tmp_path, side="after", unsafe=True)
    assert after.gone == after.promised and not after.new
    assert "DAG('a', schedule=None, fail_fast=True)" in (tmp_path / "a.py").read_text()


def test_on_airflow_3_the_new_names_are_written_plainly(tmp_path: Path) -> None:
    text = fixed("from airflow.decorators import task\n\ntask(f)\n", tmp_path, current="3.0.6")
    assert text == "from airflow.sdk import task\n\ntask(f)\n"


def test_an_older_version_keeps_what_it_knows(tmp_path: Path) -> None:
    source = (
        "from airflow.operators.trigger_dagrun import TriggerDagRunOperator\n\n"
        "TriggerDagRunOperator(task_id='a', trigger_dag_id='b', execution_date='{{ ds }}')\n"
    )
    write(tmp_path, {"a.py": source})
    assert patched(tmp_path, current="2.7.3").patch.text == ""
    assert "logical_date=" in fixed(source, tmp_path, current="2.9.3")


def test_fixes_say_when_and_what_they_need(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "a.py": "from airflow.contrib.hooks.aws_hook import AwsHook\n"
            "from airflow.decorators import task\n"
            "from airflow.utils.file import TemporaryDirectory\n"
            "AwsHook(), task(f), TemporaryDirectory()\n"
        },
    )
    found = scan_tree(tmp_path, current="2.9.3").observations
    fixes = {
        one.symbol.rpartition(".")[2]: msgspec.json.decode(one.fix, type=Fix)
        for one in found
        if one.fix
    }
    assert {name: fix.when for name, fix in fixes.items()} == {
        "AwsHook": "provider",
        "task": "shim",
        "TemporaryDirectory": "now",
    }
    assert fixes["AwsHook"].needs == ["apache-airflow-providers-amazon>=9.0.0"]
    assert patch_of(scan_tree(tmp_path, current="2.9.3")).needs == fixes["AwsHook"].needs


def test_our_own_edit_is_taken_where_ruff_has_none_for_now(tmp_path: Path) -> None:
    source = "from airflow.sdk import Variable\n\nVariable.get('a', default_var=1)\n"
    write(tmp_path, {"a.py": source})
    (found,) = [one for one in scan_tree(tmp_path).observations if one.symbol == "default_var"]
    assert (found.rule, found.own_fix) == ("AIR301", b"")
    fix = msgspec.json.decode(found.fix, type=Fix)
    assert (fix.applicability, fix.side, fix.when) == ("safe", "now", "now")
    assert "+Variable.get('a', 1)" in fix.diff
    assert "Variable.get('a', 1)" in fixed(source, tmp_path / "b")


def test_one_owners_patch_leaves_the_others_files(tmp_path: Path) -> None:
    dag = "from airflow import DAG\n\nDAG({name!r}, schedule=None, default_args={{'owner': {owner!r}}})\n"
    write(
        tmp_path, {f"{name}.py": dag.format(name=name, owner=owner) for name, owner in ("ab", "xy")}
    )
    tried = patched(tmp_path, owner="b")
    assert {one.path for one in tried.patch.included} == {"a.py"}


def test_notebooks_are_left_out_in_words(tmp_path: Path) -> None:
    cell = {
        "cell_type": "code",
        "source": "from airflow import DAG\nDAG('a', schedule=None)",
        "metadata": {},
        "outputs": [],
        "execution_count": None,
    }
    notebook = {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    write(tmp_path, {"a.ipynb": json.dumps(notebook)})
    tried = patched(tmp_path)
    assert tried.patch.text == ""
    assert IN_NOTEBOOK in {reason for _, reason in tried.patch.left_out}


def test_a_whole_corrected_file(tmp_path: Path) -> None:
    source = textwrap.dedent(FORMS["arguments that go or are called otherwise"][0])
    write(tmp_path, {"a.py": source})
    fixes = [one.fix for one in scan_tree(tmp_path, current="2.9.3").observations]
    assert corrected(source, fixes) == textwrap.dedent(
        FORMS["arguments that go or are called otherwise"][1]
    )


def test_the_legacy_files_patch_as_promised(tmp_path: Path) -> None:
    write(tmp_path, {f"{name}.py": file["source"] for name, file in LEGACY.items()})
    for side in ("now", "after"):
        tried = patched(tmp_path, side=side, unsafe=True)
        assert not tried.new, side
        assert tried.gone == tried.promised
        assert tried.patch.text
    for path in tmp_path.glob("*.py"):
        if "bad" not in path.name:
            compile(path.read_text(), path.name, "exec")


# --- Any imports at all

BOTH_FORMS = (
    "import airflow.operators.dummy_operator\nfrom airflow.operators import dummy_operator\n"
)
"""A module imported by its whole path and by its name."""

NAMES = (
    "airflow.operators.dummy_operator.DummyOperator",
    "airflow.operators.bash_operator.BashOperator",
    "airflow.operators.bash.BashOperator",
    "airflow.operators.python.PythonOperator",
    "airflow.hooks.base_hook.BaseHook",
    "airflow.decorators.task",
    "airflow.decorators.dag",
    "airflow.models.Variable",
    "airflow.utils.helpers.chain",
    "airflow.models.baseoperator.chain",
    "airflow.sensors.filesystem.FileSensor",
    "airflow.contrib.hooks.aws_hook.AwsHook",
    "airflow.utils.task_group.TaskGroup",
)
STAYS = (
    "airflow.models.DagRun",
    "airflow.utils.state.State",
    "airflow.exceptions.AirflowException",
)


def moves() -> dict[str, Move]:
    return {name: rulebook().fixes.moves[name] for name in NAMES}


def old_world() -> World:
    """An Airflow 2 without the new names, but for those that old ones are aliases of."""
    aliases = [move.new for move in moves().values() if "same" in move.on.values()]
    instead = [move.instead for move in moves().values() if move.instead]
    return World([*NAMES, *STAYS, *aliases, *instead])


def new_world() -> World:
    """An Airflow 3 with the new names, and with the old ones that it still has."""
    book = rulebook()
    modules = {name.rpartition(".")[0] for name in NAMES}
    there = [f"{module}.something" for module in modules if measured(module, "3.3", book) != "gone"]
    kept = [name for name in NAMES if measured(name, "3.3", book) != "gone"] + there
    return World([*(move.new for move in moves().values()), *kept, *STAYS])


@st.composite
def statements(draw: st.DrawFn) -> tuple[str, list[str]]:
    """An import of one module, and expressions that call what it brings."""
    name = draw(st.sampled_from(NAMES + STAYS))
    module, _, _ = name.rpartition(".")
    siblings = [one for one in NAMES + STAYS if one.rpartition(".")[0] == module]
    chosen = draw(st.lists(st.sampled_from(siblings), min_size=1, max_size=3, unique=True))
    style = draw(st.sampled_from(["from", "from", "brackets", "module", "path", "backslash"]))
    if style == "path":
        return f"import {module}", list(chosen)
    if style == "module" and module.count(".") > 0:
        package, _, last = module.rpartition(".")
        local = draw(st.sampled_from([last, f"{last}_m"]))
        alias = "" if local == last else f" as {local}"
        return (
            f"from {package} import {last}{alias}",
            [f"{local}.{one.rpartition('.')[2]}" for one in chosen],
        )
    parts, uses = [], []
    for one in chosen:
        short = one.rpartition(".")[2]
        local = draw(st.sampled_from([short, f"{module.replace('.', '_')}_{short}"]))
        parts.append(short if local == short else f"{short} as {local}")
        uses.append(local)
    if style == "brackets":
        lines = [
            f"    {part},{draw(st.sampled_from(['', '  # é, x', '  # noqa: F401']))}"
            for part in parts
        ]
        comment = draw(st.sampled_from(["", "  # from here", "\n    # own line"]))
        return "\n".join([f"from {module} import ({comment}", *lines, ")"]), uses
    if style == "backslash":
        return f"from {module} import \\\n    {', '.join(parts)}", uses
    comment = draw(st.sampled_from(["", "", "  # noqa: E402"]))
    return f"from {module} import {', '.join(parts)}{comment}", uses


@st.composite
def files(draw: st.DrawFn) -> str:
    """A file of imports and calls, in functions and blocks too."""
    lines = draw(
        st.sampled_from([[], ['"""Docs."""', "from __future__ import annotations"], ["import os"]])
    )
    lines = list(lines)
    calls: list[str] = []
    bound: set[str] = set()
    for number, (statement, uses) in enumerate(
        draw(st.lists(statements(), min_size=1, max_size=5))
    ):
        locals_ = {use.partition(".")[0].removesuffix("_m") for use in uses} - {"airflow"}
        if locals_ & bound:
            continue
        bound |= locals_
        used = [use for use in uses if draw(st.booleans())]
        where = draw(st.sampled_from(["top", "top", "top", "function", "block", "same line"]))
        step = draw(st.sampled_from(["    ", "\t"]))
        own = [f"{use}()" for use in used]
        if where == "function":
            body = [*statement.split("\n"), *own, "pass"]
            lines += [f"def f{number}():", *(f"{step}{line}" for line in body)]
            calls.append(f"f{number}()")
        elif where == "block":
            lines += ["if True:", *(f"{step}{line}" for line in statement.split("\n"))]
            calls += own
        elif where == "same line" and "#" not in statement and "\n" not in statement:
            lines.append("; ".join(["x = 1", statement, *own]))
        else:
            lines += statement.split("\n")
            calls += own
        lines += draw(st.sampled_from([[], [], [""], ["# é"], ["y = 'é'"]]))
    newline = draw(st.sampled_from(["\n", "\n", "\r\n"]))
    end = draw(st.sampled_from([newline, ""]))
    mark = draw(st.sampled_from(["", "", "\ufeff"]))
    return mark + newline.join([*lines, *calls]) + end


@settings(
    max_examples=120,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@example(source=BOTH_FORMS, current="2.9.3")
@example(source=f"{BOTH_FORMS}airflow.operators.dummy_operator.DummyOperator()\n", current="2.9.3")
@example(
    source="from airflow import models\nfrom airflow.models import Variable\nmodels.Variable()\n",
    current="2.9.3",
)
@example(
    source="from airflow.utils.helpers import chain\nimport airflow.models.baseoperator\n"
    "airflow.models.baseoperator.chain()\n",
    current="2.9.3",
)
@example(
    source="from airflow.contrib.hooks import aws_hook\nimport airflow.contrib.hooks.aws_hook\n"
    "airflow.contrib.hooks.aws_hook.AwsHook()\n",
    current="2.9.3",
)
@example(
    source="from airflow.contrib.hooks import aws_hook\nimport airflow.contrib.hooks.aws_hook\n"
    "from airflow.operators.dummy_operator import DummyOperator\naws_hook.AwsHook()\n",
    current="2.9.3",
)
@given(source=files(), current=st.sampled_from(["2.9.3", "2.11.2", ""]))
def test_any_imports(tmp_path_factory: pytest.TempPathFactory, source: str, current: str) -> None:
    folder = tmp_path_factory.mktemp("any")
    write(folder, {"a.py": source})
    calls = old_world().run(source.removeprefix("\ufeff"))
    tried = patched(folder, current=current)
    text = (folder / "a.py").read_bytes().decode()
    style = {"AIR001", "AIR201"}
    assert not [key for key in tried.new if key[1] not in style]
    assert tried.gone == tried.promised
    assert not [one for one in tried.again if one.fix and one.rule not in style], (
        "a second run has more"
    )
    assert old_world().run(text.removeprefix("\ufeff")) == calls
    if not [one for one in tried.again if one.severity == "ERROR"]:
        assert new_world().run(text.removeprefix("\ufeff")) == calls
