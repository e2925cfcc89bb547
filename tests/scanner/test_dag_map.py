"""The map of a tree: ids that hang on other files, what is known of each DAG, who imports which helper module."""

from __future__ import annotations

import pytest

from planner.domain.report import DagEntry
from planner.scanner.code.python_file import PythonFile
from planner.scanner.dag_map import imports_in, imports_of
from tests.scanner.dag_tree import dags_in, ids, map_of

HEAD = "from airflow import DAG\n"

TREES: dict[str, tuple[dict[str, str], list[str]]] = {
    "constant of the DAG folder": (
        {
            "dags/team/a.py": HEAD + "from common.config import NAME\nd = DAG(NAME)",
            "dags/common/config.py": "NAME = 'a'",
        },
        ["a"],
    ),
    "constant of the tree's root": (
        {
            "dags/a.py": HEAD + "from dags.common import NAME\nd = DAG(NAME)",
            "dags/common.py": "NAME = 'a'",
        },
        ["a"],
    ),
    "constant of a module": (
        {
            "dags/a.py": HEAD + "import common.config\nimport common.more as m\n"
            "d = DAG(common.config.NAME + m.NAME)",
            "dags/common/config.py": "NAME = 'a'",
            "dags/common/more.py": "NAME = 'b'",
        },
        ["ab"],
    ),
    "plugins and include": (
        {
            "dags/a.py": HEAD
            + "from ours import A\nfrom include.names import B\nfrom names import C\n"
            "d = DAG(A + B + C)",
            "plugins/ours.py": "A = 'a'",
            "include/names.py": "B = 'b'\nC = 'c'",
        },
        ["abc"],
    ),
    "relative": (
        {
            "dags/team/a.py": HEAD
            + "from .names import A\nfrom ..all import B\nfrom . import names\n"
            "d = DAG(A + B + names.C)",
            "dags/team/names.py": "A = 'a'\nC = 'c'",
            "dags/all.py": "B = 'b'",
        },
        ["abc"],
    ),
    "through a package": (
        {
            "dags/a.py": HEAD + "from ours import make\nd = make('a')",
            "dags/ours/__init__.py": "from .factory import make",
            "dags/ours/factory.py": HEAD
            + "from .names import PREFIX\ndef make(n):\n return DAG(PREFIX + n)",
            "dags/ours/names.py": "PREFIX = 'p_'",
        },
        ["p_a"],
    ),
    "star": (
        {
            "dags/a.py": HEAD + "from names import *\nd = DAG(NAME)",
            "dags/names.py": "from more import *",
            "dags/more.py": "NAME = 'a'",
        },
        ["a"],
    ),
    "factory without the word airflow where it is called": (
        {
            "dags/a.py": "# airflow dag\nfrom factory import make\nfor n in ('a', 'b'):\n globals()[n] = make(n)",
            "dags/factory.py": HEAD + "def make(n):\n return DAG(dag_id=f'x_{n}')",
        },
        ["x_a", "x_b"],
    ),
    "class of another file": (
        {
            "dags/a.py": HEAD
            + "from base import Pipeline\nclass Sales(Pipeline):\n name = 'sales'\nd = Sales().build()",
            "dags/base.py": HEAD + "class Pipeline:\n def build(self):\n  return DAG(self.name)",
        },
        ["sales"],
    ),
    "own class of DAGs": (
        {
            "dags/a.py": "# airflow\nfrom base import OurDAG\nd = OurDAG('a')",
            "dags/base.py": HEAD + "class OurDAG(DAG):\n pass",
        },
        ["a"],
    ),
    "list of dataclasses": (
        {
            "dags/a.py": HEAD
            + "from conf import PIPELINES\nfor p in PIPELINES:\n with DAG(p.dag_id): pass",
            "dags/conf.py": "from dataclasses import dataclass\n@dataclass(frozen=True)\nclass P:\n name: str\n"
            " @property\n def dag_id(self): return self.name.lower()\nPIPELINES = [P('A'), P('B')]",
        },
        ["a", "b"],
    ),
    "the tree is the DAG folder": (
        {"team/a.py": HEAD + "from dags.names import A\nd = DAG(A)", "names.py": "A = 'a'"},
        ["a"],
    ),
    "each other": (
        {
            "dags/a.py": HEAD + "import b\nA = 'a'\nd = DAG(A)",
            "dags/b.py": HEAD + "import a\nB = 'b'\nd = DAG(B + a.A)",
        },
        ["a", "ba"],
    ),
    "the nearest DAG folder counts": (
        {
            "one/dags/a.py": HEAD + "from names import A\nd = DAG(A)",
            "one/dags/names.py": "A = 'one'",
            "two/dags/a.py": HEAD + "from names import A\nd = DAG(A)",
            "two/dags/names.py": "A = 'two'",
            "names.py": "A = 'none'",
        },
        ["one", "two"],
    ),
    "Python's own modules come first": (
        {
            "dags/a.py": HEAD + "from calendar import NAME\nd = DAG(NAME)",
            "dags/calendar.py": "NAME = 'a'",
        },
        [],
    ),
    "SubDAG": (
        {
            "dags/a.py": HEAD
            + "from sub import load\nfrom airflow.operators.subdag_operator import SubDagOperator\n"
            "with DAG('a') as d:\n for n in ('x', 'y'):\n"
            "  SubDagOperator(task_id=n, subdag=load(d.dag_id, n, d.default_args))",
            "dags/sub.py": HEAD
            + "def load(parent, child, args):\n return DAG('%s.%s' % (parent, child), default_args=args)",
        },
        ["a", "a.x", "a.y"],
    ),
}


@pytest.mark.parametrize(("files", "wanted"), TREES.values(), ids=TREES)
def test_ids_that_other_files_decide(files: dict[str, str], wanted: list[str]) -> None:
    assert ids(files, "repository", "dags") == wanted
    made = map_of(files, "repository", "dags").dags
    assert len(made) == max(len(wanted), 1)


def test_a_factory_makes_dags_where_it_is_called() -> None:
    files = {
        "dags/a.py": "# airflow dag\nfrom factory import make\n\nd = make('a')",
        "dags/factory.py": HEAD + "def make(n):\n return DAG(dag_id=n, tags=['x'])\n",
    }
    assert map_of(files).dags == [DagEntry("a", "dags/a.py", line=4, tags=("x",))]
    del files["dags/a.py"]
    (idle,) = map_of(files).dags
    assert (idle.path, idle.line, idle.resolved) == ("dags/factory.py", 3, False)


HEAVY = {
    "loops": (
        "def burn():\n for i in range(9999):\n  for j in range(9999):\n   x = i",
        "The id hangs on more code than is followed.",
    ),
    "calls": (
        "def burn():\n return [a() for _ in range(9)]\ndef a(): return burn() + a() + burn()",
        "",
    ),
}


@pytest.mark.parametrize(("helper", "because"), HEAVY.values(), ids=HEAVY)
def test_code_that_is_too_much_to_follow_hides_no_dag(helper: str, because: str) -> None:
    files = {
        "dags/a.py": HEAD + "from heavy import burn, NAME\nburn()\nd = DAG('a')\ne = DAG(NAME)",
        "dags/heavy.py": f"{helper}\nNAME = 'b'",
    }
    first, second = map_of(files).dags
    assert (first.dag_id, first.because) == ("a", "")
    assert second.dag_id == ("dags/a.py:5" if because else "b")
    assert second.because == because


def test_subdags_are_told_apart() -> None:
    files, _wanted = TREES["SubDAG"]
    told = {dag.dag_id: (dag.is_subdag, dag.path, dag.line) for dag in map_of(files).dags}
    assert told == {
        "a": (False, "dags/a.py", 4),
        "a.x": (True, "dags/a.py", 6),
        "a.y": (True, "dags/a.py", 6),
    }


@pytest.mark.parametrize(
    ("arguments", "owners"),
    [
        ("default_args={'owner': 'bi'}", ("bi",)),
        ("default_args=dict(owner='bi, ops')", ("bi", "ops")),
        ("default_args=ARGS", ("data-eng",)),
        ("default_args={**ARGS, 'retries': 1}", ("data-eng",)),
        ("default_args={**ARGS, 'owner': 'bi'}", ("bi",)),
        ("default_args=dict(ARGS, retries=1)", ("data-eng",)),
        ("default_args=ARGS | {'owner': OWNER}", ("ops",)),
        ("default_args={'owner': OWNER}", ("ops",)),
        ("default_args=load()", ()),
        ("", ()),
    ],
)
def test_owners(arguments: str, owners: tuple[str, ...]) -> None:
    source = HEAD + (
        "OWNER = 'ops'\nARGS = {'owner': 'data-eng', 'start_date': days_ago(1)}\n"
        f"dag = DAG('a', {arguments})"
    )
    assert dags_in(source)[0].owners == owners


def test_owners_of_imported_arguments() -> None:
    files = {
        "dags/a.py": HEAD
        + "from common import ARGS\nd = DAG('a', default_args={**ARGS, 'retries': 2})",
        "dags/common.py": "OWNER = 'bi'\nARGS = {'owner': OWNER}",
    }
    assert map_of(files).dags[0].owners == ("bi",)


def test_owners_of_tasks_count_where_the_file_has_one_dag() -> None:
    source = HEAD + "with DAG('a'):\n Op(task_id='x', owner='bi')\n"
    assert dags_in(source)[0].owners == ("bi",)
    assert dags_in(source + "DAG('b')")[0].owners == ()


@pytest.mark.parametrize(
    ("arguments", "schedule"),
    [
        ("schedule='@daily'", "@daily"),
        ("schedule_interval='0 5 * * *'", "0 5 * * *"),
        ("schedule_interval=EVERY", "@weekly"),
        ("schedule=None", "None"),
        ("schedule=timedelta(days=1)", "timedelta(days=1)"),
        (
            "timetable=CronTriggerTimetable('0 1 * * *', timezone='UTC')",
            "CronTriggerTimetable('0 1 * * *', timezone='UTC')",
        ),
        ("schedule=[Dataset('s3://x')]", "[Dataset('s3://x')]"),
        ("schedule=" + "f(1) + " * 40 + "1", ""),
        ("", ""),
    ],
)
def test_schedules(arguments: str, schedule: str) -> None:
    (dag,) = dags_in(HEAD + f"EVERY = '@weekly'\nd = DAG('a', {arguments})")
    assert dag.schedule == schedule


def test_tags() -> None:
    source = HEAD + "TEAM = 'bi'\nd = DAG('a', tags=[TEAM, f'team:{TEAM}', load(), *['x']])"
    assert dags_in(source)[0].tags == ("bi", "team:bi", "x")


def used_by(files: dict[str, str]) -> dict[str, list[str]]:
    told = map_of(files)
    return {
        path: sorted(told.dags[place].dag_id for place in places)
        for path, places in told.used_by.items()
    }


def test_helper_modules_name_the_dags_that_import_them() -> None:
    files = {
        "dags/a.py": HEAD + "from common import notify\nd = DAG('a')\ne = DAG('a2')",
        "dags/b.py": HEAD + "import ours.deep.module\nd = DAG('b')",
        "dags/c.py": HEAD + "def late():\n from .b import d\nd = DAG('c')",
        "dags/common/__init__.py": "",
        "dags/common/notify.py": "from common.mail import send",
        "dags/common/mail.py": "import smtplib",
        "dags/common/other.py": "",
        "plugins/ours/__init__.py": "",
        "plugins/ours/deep/__init__.py": "from . import beside",
        "plugins/ours/deep/module.py": "from airflow.models import Variable",
        "plugins/ours/deep/beside.py": "",
    }
    assert used_by(files) == {
        "dags/b.py": ["c"],
        "dags/common/__init__.py": ["a", "a2"],
        "dags/common/mail.py": ["a", "a2"],
        "dags/common/notify.py": ["a", "a2"],
        "plugins/ours/__init__.py": ["b", "c"],
        "plugins/ours/deep/__init__.py": ["b", "c"],
        "plugins/ours/deep/beside.py": ["b", "c"],
        "plugins/ours/deep/module.py": ["b", "c"],
    }


def test_modules_that_import_each_other_name_all_their_dags_once() -> None:
    files = {
        "dags/a.py": HEAD + "import x\nd = DAG('a')",
        "dags/x.py": "import y",
        "dags/y.py": "import x\nimport a",
    }
    assert used_by(files) == {"dags/x.py": ["a"], "dags/y.py": ["a"]}


def test_imports_for_type_checkers_alone_run_nothing() -> None:
    source = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n from common import x\n"
    files = {"dags/a.py": HEAD + source + "d = DAG('a')", "dags/common.py": ""}
    assert used_by(files) == {}


LINES = """import os, a.b as c, a.d
from . import near, other as o
from .. import up
from ..pkg.mod import (  # why
    one,
    two as t,  # not this, three
    four
)
if True:
    from late import name
from far import *
    import indented.one
x = "import nothing"
"""


def test_imports_are_read_from_lines_alone_as_from_the_syntax_tree() -> None:
    source = LINES.replace("    import indented.one\n", "")
    assert imports_in(source.encode()) == [
        name.removesuffix(".*") for name in imports_of(PythonFile("a.py", source))
    ]
    assert "indented.one" in imports_in(LINES.encode())
    assert imports_in(b"\xff\xfe import x\nfrom \xff import y\n") == []
    assert imports_in(b"from a import (" + b"(" * 100_000) == ["a"]


def test_thousands_of_files_are_mapped_quickly_enough_to_wait_for() -> None:
    files = {
        f"dags/d{number}.py": HEAD
        + f"from h{number % 50} import N\nfor i in range(3):\n with DAG(f'{{N}}_{number}_{{i}}'): pass"
        for number in range(1000)
    }
    files |= {
        f"dags/h{number}.py": f"import h{number + 1}\nN = 'n{number}'" for number in range(50)
    }
    told = map_of(files)
    assert sum(dag.resolved for dag in told.dags) == 3000
    assert len(told.used_by["dags/h49.py"]) == 3000
