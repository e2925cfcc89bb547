"""Which ids the DAGs of a file have, form by form, read without running it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.scanner.dag_tree import dags_in

HEAD = "from airflow import DAG\nfrom airflow.decorators import dag\n"

ONE_FILE: dict[str, tuple[str, list[str]]] = {
    # Ways to name Airflow's class
    "positional": ("DAG('a')", ["a"]),
    "keyword, with": ("with DAG(dag_id='a') as d: pass", ["a"]),
    "another name": ("from airflow.models.dag import DAG as D\nd = D('a')", ["a"]),
    "module": ("import airflow\nd = airflow.DAG('a')", ["a"]),
    "submodule": ("import airflow.models as m\nd = m.DAG('a')", ["a"]),
    "from models": ("from airflow import models\nd = models.DAG('a')", ["a"]),
    "sdk first": (
        "try:\n from airflow.sdk import DAG\nexcept ImportError:\n from airflow import DAG\nd = DAG('a')",
        ["a"],
    ),
    "version guard": (
        "if AIRFLOW_V_3_0_PLUS:\n from airflow.sdk import DAG\nelse:\n from airflow import DAG\nd = DAG('a')",
        ["a"],
    ),
    "a wrapper of the same name": ("from our.dags import DAG\nd = DAG('a')", ["a"]),
    "own subclass": ("class Ours(DAG):\n pass\nd = Ours('a')", ["a"]),
    "own subclass with a name of its own": (
        "class Ours(DAG):\n def __init__(self, team, **kw):\n  super().__init__(f'{team}_daily', **kw)\nd = Ours('bi')",
        ["bi_daily"],
    ),
    "own subclass that names its base": (
        "class Ours(DAG):\n def __init__(self, team):\n  super(Ours, self).__init__(dag_id='x_' + team)\nd = Ours('bi')",
        ["x_bi"],
    ),
    # Decorators
    "bare decorator": ("@dag\ndef nightly(): ...\nnightly()", ["nightly"]),
    "decorator": ("@dag(schedule=None)\ndef nightly(): ...\nd = nightly()", ["nightly"]),
    "decorator from sdk": (
        "from airflow.sdk import dag\n@dag\ndef nightly(): ...\nnightly()",
        ["nightly"],
    ),
    "decorator with an id": ("@dag(dag_id='a')\ndef nightly(): ...\nnightly()", ["a"]),
    "decorator of a module": (
        "from airflow import decorators\n@decorators.dag('a')\ndef x(): ...\nx()",
        ["a"],
    ),
    "decorator in a factory": (
        "def make(team):\n @dag(dag_id=f'{team}_etl')\n def etl(): ...\n return etl()\n"
        "for t in ('a', 'b'):\n globals()[t] = make(t)",
        ["a_etl", "b_etl"],
    ),
    "decorator as a call": ("def etl(): ...\nd = dag(dag_id='a')(etl)()", ["a"]),
    "decorator called with its function": ("def etl(): ...\nd = dag(etl)()", ["etl"]),
    "decorator that nobody calls": ("@dag\ndef nightly(): ...", ["nightly"]),
    # Constants
    "constant": ("NAME = 'a'\nd = DAG(NAME)", ["a"]),
    "annotated constant": ("NAME: str = 'a'\nd = DAG(NAME)", ["a"]),
    "set twice": ("NAME = 'a'\nNAME = 'b'\nd = DAG(NAME)", ["b"]),
    "of a dict, later": ("CONF = {}\nCONF['id'] = 'a'\nd = DAG(CONF['id'])", ["a"]),
    "of a list, later": ("NAMES = ['a', 'b']\nNAMES[0] = 'c'\nd = DAG(NAMES[0])", ["c"]),
    "id set afterwards": ("d = DAG('a')\nd.dag_id = 'b'", ["b"]),
    "added to": ("NAME = 'a'\nNAME += '_b'\nd = DAG(NAME)", ["a_b"]),
    "f-string": ("TEAM = 'bi'\nd = DAG(f'{TEAM}_daily_v{2}')", ["bi_daily_v2"]),
    "f-string with a width": ("d = DAG(f'load_{7:03d}')", ["load_007"]),
    "sum": ("d = DAG('a' + '_' + 'b')", ["a_b"]),
    "percent": ("d = DAG('%s_%d' % ('a', 3))", ["a_3"]),
    "percent with a sign": ("d = DAG('a_%d%%' % 3)", ["a_3%"]),
    "percent by name": ("d = DAG('%(team)s_x' % {'team': 'bi'})", ["bi_x"]),
    "format": ("d = DAG('{}_{}'.format('a', 'b'))", ["a_b"]),
    "format by name": ("d = DAG('{team}_{0}'.format('b', team='a'))", ["a_b"]),
    "format with locals": ("TEAM = 'bi'\nd = DAG('{TEAM}_x'.format(**locals()))", ["bi_x"]),
    "join": ("d = DAG('_'.join(['a', 'b', 'c']))", ["a_b_c"]),
    "methods of texts": ("d = DAG(' My Dag '.strip().lower().replace(' ', '_'))", ["my_dag"]),
    "slice": ("d = DAG('etl_sales'[4:])", ["sales"]),
    "dict": ("CONF = {'id': 'a'}\nd = DAG(CONF['id'])", ["a"]),
    "dict in a dict": ("CONF = {'dag': {'id': 'a'}}\nd = DAG(dag_id=CONF['dag']['id'])", ["a"]),
    "dict with get": (
        "CONF = {'id': 'a'}\nd = DAG(CONF.get('id', 'b') + CONF.get('x', '_y'))",
        ["a_y"],
    ),
    "list": ("NAMES = ['a', 'b']\nd = DAG(NAMES[-1])", ["b"]),
    "unpacking": ("one, (two, *rest) = 'a', ('b', 'c')\nd = DAG(one + two + rest[0])", ["abc"]),
    "double star": ("ARGS = {'dag_id': 'a', 'schedule': None}\nd = DAG(**ARGS)", ["a"]),
    "double star of a call": ("ARGS = dict(dag_id='a')\nd = DAG(catchup=False, **ARGS)", ["a"]),
    "class attribute": ("class Conf:\n TEAM = 'bi'\n ID = TEAM + '_x'\nd = DAG(Conf.ID)", ["bi_x"]),
    "enum": (
        "from enum import Enum\nclass Id(Enum):\n SALES = 'sales'\nd = DAG(Id.SALES.value)",
        ["sales"],
    ),
    "text enum as it is": (
        "from enum import Enum\nclass Id(str, Enum):\n SALES = 'sales'\nd = DAG(dag_id=Id.SALES)",
        ["sales"],
    ),
    "text enum": (
        "from enum import StrEnum\nclass Id(StrEnum):\n SALES = 'sales'\nd = DAG(f'x_{Id.SALES}')",
        ["x_sales"],
    ),
    "dataclass": (
        "from dataclasses import dataclass\n@dataclass\nclass Conf:\n team: str\n name: str = 'x'\n"
        " @property\n def dag_id(self):\n  return f'{self.team}_{self.name}'\nd = DAG(Conf(team='bi').dag_id)",
        ["bi_x"],
    ),
    "object": (
        "class Pipeline:\n def __init__(self, name):\n  self.name = name\n"
        " def build(self):\n  return DAG('p_' + self.name)\nd = Pipeline('a').build()",
        ["p_a"],
    ),
    "static method": (
        "class Make:\n @staticmethod\n def one(n): return DAG(n)\n"
        " @classmethod\n def two(cls, n): return cls.one(n)\nd = Make.one('a')\ne = Make.two('b')",
        ["a", "b"],
    ),
    "inherited": (
        "class Base:\n prefix = 'x'\n def build(self): return DAG(f'{self.prefix}_{self.name}')\n"
        "class Sales(Base):\n prefix = 's'\n name = 'sales'\nd = Sales().build()",
        ["s_sales"],
    ),
    "conditional text": ("D = True\nd = DAG('a' if D else 'b')", ["a"]),
    "or": ("NAME = None\nd = DAG(NAME or 'a')", ["a"]),
    "walrus": ("d = DAG(dag_id=(NAME := 'a'))\ne = DAG(NAME + 'b')", ["a", "ab"]),
    # The file's own name
    "stem": ("from pathlib import Path\nd = DAG(Path(__file__).stem)", ["sales"]),
    "stem of the resolved path": (
        "import pathlib\nd = DAG(dag_id=pathlib.Path(__file__).resolve().with_suffix('').name)",
        ["sales"],
    ),
    "parent": ("from pathlib import Path\nd = DAG(Path(__file__).parent.name + '_x')", ["dags_x"]),
    "basename": (
        "import os\nd = DAG(os.path.basename(__file__).replace('.py', ''))",
        ["sales"],
    ),
    "splitext": ("import os\nd = DAG(os.path.splitext(os.path.basename(__file__))[0])", ["sales"]),
    "basename of splitext": (
        "import os\nd = DAG(os.path.basename(os.path.splitext(__file__)[0]))",
        ["sales"],
    ),
    "from os.path": ("from os.path import basename\nd = DAG(basename(__file__)[:-3])", ["sales"]),
    "split of the path": ("d = DAG(__file__.split('/')[-1].split('.')[0])", ["sales"]),
    # Loops
    "loop over a list": (
        "for n in ['a', 'b']:\n globals()[n] = DAG(f'load_{n}')",
        ["load_a", "load_b"],
    ),
    "loop over a constant": ("NAMES = ('a', 'b')\nfor n in NAMES:\n with DAG(n): pass", ["a", "b"]),
    "loop over a range": ("for i in range(1, 4):\n with DAG(f'x{i}'): pass", ["x1", "x2", "x3"]),
    "loop over items": (
        "C = {'a': {'s': '@daily'}, 'b': {}}\nfor n, c in C.items():\n with DAG(n, schedule=c.get('s')): pass",
        ["a", "b"],
    ),
    "enumerate and zip": (
        "for i, (n, m) in enumerate(zip(['a', 'b'], ['c', 'd']), start=1):\n with DAG(f'{n}{m}{i}'): pass",
        ["ac1", "bd2"],
    ),
    "product": (
        "import itertools\nfor a, b in itertools.product(['x', 'y'], [1, 2]):\n with DAG(f'{a}{b}'): pass",
        ["x1", "x2", "y1", "y2"],
    ),
    "nested loops": (
        "for a in 'xy':\n for b in ('1', '2'):\n  if a + b != 'y2':\n   with DAG(a + b): pass",
        ["x1", "x2", "y1"],
    ),
    "continue and break": (
        "for n in ['a', 'b', 'c', 'd']:\n if n == 'b':\n  continue\n if n == 'd':\n  break\n"
        " globals()[n] = DAG(n)",
        ["a", "c"],
    ),
    "comprehension": ("DAGS = [DAG(n) for n in ('a', 'b') if n != 'b']", ["a"]),
    "dict comprehension": ("DAGS = {n: DAG(f'd_{n}') for n in ('a', 'b')}", ["d_a", "d_b"]),
    "map": ("def make(n): return DAG(n)\nDAGS = list(map(make, ['a', 'b']))", ["a", "b"]),
    "list that grows": (
        "names = []\nfor n in ('a', 'b'):\n names.append(n + '_x')\nnames += ['c']\nfor n in names:\n d = DAG(n)",
        ["a_x", "b_x", "c"],
    ),
    "dicts in a list": (
        "T = [{'name': 'a'}, {'name': 'b'}]\nfor t in T:\n with DAG(dag_id='t_{}'.format(t['name'])): pass",
        ["t_a", "t_b"],
    ),
    "named tuples": (
        "from collections import namedtuple\nC = namedtuple('C', 'name every')\n"
        "for c in [C('a', 1), C(name='b', every=2)]:\n with DAG(c.name): pass",
        ["a", "b"],
    ),
    "named tuples, unpacked": (
        "from typing import NamedTuple\nclass C(NamedTuple):\n name: str\n every: int\n"
        "for name, every in [C('a', 1), C('b', 2)]:\n with DAG(f'{name}{every}'): pass",
        ["a1", "b2"],
    ),
    "enum members": (
        "import enum\nclass T(enum.Enum):\n A = 'a'\n B = 'b'\nfor t in T:\n with DAG(f'x_{t.value}'): pass",
        ["x_a", "x_b"],
    ),
    "map over two rows": (
        "def make(n, m): return DAG(n + m)\nDAGS = list(map(make, ['a', 'b'], 'xy'))",
        ["ax", "by"],
    ),
    "while with break": (
        "n = 0\nwhile True:\n with DAG(f'w{n}'): pass\n n += 1\n if n == 2:\n  break",
        ["w0", "w1"],
    ),
    "while in a function": (
        "def first(n):\n while n:\n  return n.pop('id')\nd = DAG(first({'id': 'a'}))",
        ["a"],
    ),
    "while": ("n = 0\nwhile n < 2:\n with DAG(f'w{n}'): pass\n n += 1", ["w0", "w1"]),
    "generator": (
        "def names():\n yield 'a'\n yield from ['b', 'c']\nfor n in names():\n with DAG(n): pass",
        ["a", "b", "c"],
    ),
    # Factories
    "factory": (
        "def make(n):\n return DAG(f'f_{n}')\na = make('a')\nb = make(n='b')",
        ["f_a", "f_b"],
    ),
    "factory with a default": (
        "def make(n, v='v1'):\n return DAG(f'{n}_{v}')\na = make('a')",
        ["a_v1"],
    ),
    "factory with keywords": (
        "def make(*, team, **kw):\n return DAG(f'{team}_{kw[\"n\"]}')\na = make(team='t', n='x')",
        ["t_x"],
    ),
    "factory of a factory": (
        "def name(n): return f'x_{n}'\ndef make(n):\n with DAG(name(n)) as d:\n  pass\n return d\n"
        "def both(n):\n return make(n), make(n + '2')\na, b = both('a')",
        ["x_a", "x_a2"],
    ),
    "lambda": ("make = lambda n: DAG('l_' + n)\na = make('a')", ["l_a"]),
    "partial": (
        "from functools import partial\ndef make(t, n): return DAG(f'{t}_{n}')\na = partial(make, 't')('a')",
        ["t_a"],
    ),
    "a function that calls itself": (
        "def make(n, left):\n if left:\n  make(n + 'x', left - 1)\n return DAG(n)\nmake('a', 2)",
        ["axx", "ax", "a"],
    ),
    "early return": (
        "def make(n):\n if n == 'a':\n  return None\n return DAG(n)\nfor n in 'ab':\n globals()[n] = make(n)",
        ["b"],
    ),
    "main guard": ("d = DAG('a')\nif __name__ == '__main__':\n DAG('never')", ["a"]),
    "typing guard": (
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n x = DAG('never')\nd = DAG('a')",
        ["a"],
    ),
    # No DAG of the file's own
    "a dag that is not Airflow's": ("def dag(f): return f\n@dag\ndef x(): ...", []),
    "only a name": ("KIND = DAG", []),
    "in a decorator": ("@mark.parametrize('d', [DAG('a')])\ndef test_a(d): ...", []),
    "in a test": ("def test_a():\n d = DAG('a')", []),
    "in a function that nobody calls": ("def never():\n d = DAG('a')\n d.test()", []),
    "twice the same": ("DAG('a'); DAG('a')", ["a"]),
    "no Python": ("def broken(:", []),
}

UNKNOWN: dict[str, tuple[str, str]] = {
    "environment": ("import os\nd = DAG(os.environ['X'])", "an environment variable"),
    "environment with a default": (
        "import os\nd = DAG(os.getenv('X', 'a'))",
        "an environment variable",
    ),
    "part of an f-string": ("import os\nd = DAG(f\"load_{os.environ['X']}_v1\")", "`load_…_v1`"),
    "Airflow variable": (
        "from airflow.models import Variable\nfor n in Variable.get('x', deserialize_json=True):\n DAG(n)",
        "an Airflow variable",
    ),
    "YAML": (
        "import yaml\nwith open('x.yaml') as f:\n c = yaml.safe_load(f)\nfor n in c['dags']:\n DAG(n['id'])",
        "a file that is read at run time",
    ),
    "files in a folder": (
        "from pathlib import Path\nfor p in Path(__file__).parent.glob('*.yaml'):\n DAG(p.stem)",
        "what lies beside the file",
    ),
    "another system": (
        "import requests\nd = DAG(requests.get('x').json()['id'])",
        "another system",
    ),
    "time": ("from datetime import datetime\nd = DAG(f'x_{datetime.now()}')", "the time or chance"),
    "an argument of a factory": (
        "def make(name):\n return DAG(name)",
        "`make()`, which nothing in the tree calls",
    ),
    "a function handed on": (
        "import pool\ndef make(name):\n return DAG(name)\npool.run(make)",
        "the parameter `name`",
    ),
    "another package": (
        "from company import NAME\nd = DAG(NAME)",
        "`company.NAME`, which is not in the tree",
    ),
    "another package in a row": (
        "from company import NAME\nd = DAG('%s_%s' % (NAME, 'x'))",
        "`company.NAME`, which is not in the tree",
    ),
    "a text that grows in a loop": (
        "import os\nn = 'a'\nfor x in os.listdir('.'):\n n += 'b'\nd = DAG(n)",
        "a file that is read at run time",
    ),
    "a factory of a decorated function": (
        "def make(n):\n @dag\n def etl(): ...\n return etl",
        "`make()`, which nothing in the tree calls",
    ),
    "a factory of another package": (
        "import dagfactory\nf = dagfactory.DagFactory('/x.yml')\nf.generate_dags(globals())  # airflow",
        "It is made by `dagfactory.DagFactory.generate_dags()`, which is not in the tree",
    ),
    "arguments": ("d = DAG(**settings())", "settings"),
    "a name of a branch": (
        "import os\nif os.environ['X']:\n n = 'a'\nelse:\n n = 'b'\nd = DAG(n)",
        "an environment variable",
    ),
    "a list that may grow": (
        "import os\nnames = ['a']\nif os.environ['X']:\n names.append('b')\nfor n in names:\n d = DAG(n)",
        "an environment variable",
    ),
    "a list that others fill": (
        "import ours\nnames = []\nours.fill(names)\nfor n in names:\n d = DAG(n)",
        "`ours.fill`",
    ),
    "no text": ("d = DAG(dag_id=5)", "no text"),
    "too many": ("for i in range(10 ** 9):\n DAG(f'x{i}')", "how many is not known"),
    "for ever": ("while True:\n DAG('a')\n n = 1", "how many is not known"),
    "a text enum that is shown": (
        "from enum import Enum\nclass T(str, Enum):\n A = 'a'\nd = DAG(f'{T.A}')",
        "depends on Python's version",
    ),
}


@pytest.mark.parametrize(("source", "wanted"), ONE_FILE.values(), ids=ONE_FILE)
def test_ids_that_code_decides(source: str, wanted: list[str]) -> None:
    dags = dags_in(HEAD + source)
    assert [dag.dag_id for dag in dags] == wanted
    assert all(dag.resolved for dag in dags)


@pytest.mark.parametrize(("source", "because"), UNKNOWN.values(), ids=UNKNOWN)
def test_ids_made_at_run_time_are_named_by_their_place_with_the_reason(
    source: str, because: str
) -> None:
    last = dags_in(HEAD + source)[-1]
    assert not last.resolved
    assert last.dag_id.startswith("dags/sales.py:")
    assert because in last.because


def test_airflows_class_among_all_names_of_a_module() -> None:
    assert [dag.dag_id for dag in dags_in("from airflow.models import *\nd = DAG('a')")] == ["a"]


def test_a_dag_that_may_not_be_made_says_on_what_it_hangs() -> None:
    source = HEAD + "import os\nif os.environ['STAGE'] == 'dev':\n d = DAG('try_out')"
    (dag,) = dags_in(source)
    assert (dag.dag_id, dag.resolved) == ("try_out", True)
    assert dag.because == "Whether it is made hangs on an environment variable (`os.environ`)."


def test_what_airflow_would_not_load_is_not_looked_at() -> None:
    assert dags_in("DAG = 1  # of airflow") == []
    assert dags_in("# a dag of airflow") == []
    assert (
        dags_in("from our import DAG\nd = DAG('a')") == []
    )  # Airflow wants both words in the file


@pytest.mark.parametrize(
    "hostile",
    [
        "x = " + "(" * 50_000 + "1" + ")" * 50_000,
        "x = " + "-" * 100_000 + "1",
        "x = a" + ".b" * 100_000,
        "x = 1" + "+1" * 100_000,
        "x = '\\ud800'\nDAG(x)",
        "DAG('" + "a" * 10_000 + "')",
        "x = 'a' * 10**9\nDAG(x)",
        "x = 'a'\nfor i in range(10**9):\n x = x + x\nDAG(x)",
        "x = ['a']\nfor i in range(10**9):\n x = x + x\nfor n in x: DAG(n)",
        "DAG('{:1000000000}'.format('a'))",
        "DAG('%1000000000d' % 1)",
        "DAG(f'{1:1000000000}')",
        "x = 10**10**10\nDAG(f'{x}')",
        "DAG('a'.replace('a', 'aa' * 900).replace('a', 'aa' * 900))",
        "DAG('x'.rjust(10**9))",
        "def f(n): return f(n + 'a')\nDAG(f('a'))",
        "def f(n):\n yield from f(n)\nfor n in f(1): DAG(n)",
        "class A:\n @property\n def x(self): return self.x\nDAG(A().x)",
        "class A: pass\nclass A(A): pass\nDAG(A.x)",
        "f = lambda: f()\nDAG(f())",
        "x = []\nx.append(x)\nfor y in x: DAG(y)\nDAG(str(x))",
        "d = {}\nd['d'] = d\nimport copy\nDAG(copy.deepcopy(d)['d'])",
        "\n".join(f"for a{i} in range(100):".rjust(i + 20 + len(str(i))) for i in range(1))
        + " DAG(a0)",
        "for a in range(9999):\n for b in range(9999):\n  for c in range(9999):\n   x = a",
        "while 1:\n while 1:\n  x = 1",
        "x = 1\x00",
        "from sales import *\nfrom . import sales\nDAG(sales.sales.sales.x)",
        "globals().update(globals())\nDAG(globals()['globals']())",
    ],
)
def test_hostile_files_do_no_harm(hostile: str) -> None:
    for dag in dags_in(f"from airflow import DAG\n{hostile}\n"):
        assert len(dag.dag_id) <= 250
        dag.dag_id.encode()


_TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=20)


@given(st.lists(_TEXT, min_size=1, max_size=4))
def test_formatted_ids_are_what_python_makes_of_them(parts: list[str]) -> None:
    names = [f"p{place}" for place in range(len(parts))]
    bound = "\n".join(f"{name} = {part!r}" for name, part in zip(names, parts, strict=True))
    forms = [
        " + ".join(names),
        "f'" + "-".join(f"{{{name}}}" for name in names) + "'",
        f"'_'.join([{', '.join(names)}])",
        "'" + "%s." * len(names) + f"' % ({', '.join(names)},)",
        "'" + "{}." * len(names) + f"'.format({', '.join(names)})",
        f"{names[0]}.strip().title().replace(' ', '_') or 'x'",
    ]
    for form in forms:
        scope: dict[str, str] = {}
        exec(f"{bound}\nmade = {form}", scope)
        made = scope["made"]
        (dag,) = dags_in(f"{HEAD}{bound}\nd = DAG({form})")
        if dag.resolved:
            assert dag.dag_id == made
        else:
            assert not made.isprintable() or not 0 < len(made) <= 250
