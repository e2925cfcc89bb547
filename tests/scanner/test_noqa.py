"""Comments that silence: exactly what ruff itself would silence, and Flightplan's own ids besides."""

from __future__ import annotations

import json
import random
import subprocess
from pathlib import Path

import pytest

from planner.scanner.code.glimpse import Glimpse
from planner.scanner.noqa import (
    SPELLINGS,
    Noqa,
    may_silence,
    noqa_in_python,
    noqa_in_text,
    noqa_of,
)
from planner.scanner.ruff_here import ruff_program
from planner.scanner.ruff_run import OPTIONS

IMPORT = "from airflow.operators.dummy_operator import DummyOperator as D\n"
NAMES = {"AIR302": "airflow3-moved-to-provider"}

COMMENTS = """
noqa|# noqa|#noqa|# NoQA|#  noqa|#\tnoqa|# noqa\tx|# noqa because|# noqa# x|# nonoqa|# xnoqa: AIR302|## noqa|# #noqa
# see # noqa|# http://x/#noqa|# text noqa|# type: ignore # noqa: AIR302|# pylint: disable=x,noqa|# noqa, AIR302|# noqa.
# noqa; AIR302|# noqa-AIR302|# noqa AIR302|# noqa::AIR302|# noqa:|# noqa :|# noqa: because|# noqa: AIR302|# noqa:AIR302
# noqa : AIR302|# noqa: AIR3|# noqa: AIR|# noqa: air302|# noqa: airflow3-moved-to-provider|# noqa: AIR302,E501
# noqa: E501 AIR302|# noqa: E501,AIR302|# noqa: E501,,AIR302|# noqa:,AIR302|# noqa: ,AIR302|# noqa: E501 because AIR302
# noqa: AIR302 because|# noqa: AIR302, because|# noqa: AIR302AIR301|# noqa: AIR302:why|# noqa: AIR302.why|# noqa: AIR302why
# noqa: AIR302_x|# noqa: AIR302(x)|# noqa: AIR302# x|# noqa: AIR302 # x|# noqa: AIR302;E501|# noqa: E501|AIR302|# noqa: all
# noqa: E501 # noqa: AIR302|# noqa: E501 # noqa|# noqa: bad # noqa: AIR302|# noqa: XYZ123, AIR302|# noqa: e501, AIR302
# noqa: AIR, AIR302|# noqa: AIR302 AIR|# noqa: AIR302, E5-|# noqa: E5A, AIR302|# noqa: 123, AIR302|# noqa:\u00a0AIR302
# ruff: noqa|# flake8: noqa|# ruff: noqa # noqa|# ruff: ignore[AIR302]|# ruff: ignore[E501]|# ruff: ignore[E501, AIR302]
# ruff:ignore[AIR302,]|# ruff: ignore[airflow3-moved-to-provider]|# ruff: ignore[AIR3]|# ruff: ignore[air302]|# ruff: ignore[]
# ruff: ignore|# ruff: ignore [AIR302]|# ruff : ignore[AIR302]|# ruff: ignore[AIR302]because|# ruff: IGNORE[AIR302]
# RUFF: ignore[AIR302]|# x # ruff: ignore[AIR302]|# ruff: ignore[AIR302; E501]|# ruff: ignore[E501 AIR302]
# ruff: file-ignore[AIR302]|# ruff: disable[AIR302]
""".replace("\n", "|").strip("|").split("|")  # fmt: skip

LAYOUTS = [
    "D(a='''\nx\n''')  # noqa\n",
    "D(a='''  # noqa\nx\n''')\n",
    "D(a='''\nx\n''', b=1,\n c=2)  # noqa\n",
    "D(a='''\nx\n''', b=1,  # noqa\n c=2)\n",
    "D(a=f'''\n{D()}\n''')  # noqa\n",
    "D(a='''\nx\n''' '''\ny\n''')  # noqa\n",
    "x = (D(),\n '''\n''')  # noqa\n",
    "x = ('''\n''',\n D())  # noqa\n",
    "D(\n a=1,\n)  # noqa\n",
    "D(  # noqa\n a=1,\n)\n",
    "x = D(), \\\n  2  # noqa\n",
    "x = 1 + \\\n  2; D()  # noqa\n",
    "x = \\\n  \\\n  D()  # noqa\n",
    "D(), '# noqa'\n",
    "D(), '''\n# noqa\n'''\n",
    "# noqa\nD()\n",
    "def f():\n  '''\n  x\n  '''; D()  # noqa\n",
    "\x0cD()  # noqa\n",
    "D()  # noqa\r\nD()\r\n",
    "é = 'é'; D()  # noqa\n",
    "D()\n# ruff: noqa\n",
    "# ruff: noqa\nD()\n",
    "#ruff:noqa\nD()\n",
    "# ruff : noqa\nD()\n",
    "# RUFF: NOQA\nD()\n",
    "# ruff: NoQA\nD()\n",
    "# FLAKE8: noqa\nD()\n",
    "# flake8: noqa\nD()\n",
    "# flake8: noqa: AIR302\nD()\n",
    "# ruff: noqa: AIR302\nD()\n",
    "# ruff: noqa: E501\nD()\n",
    "# ruff: noqa: E501 AIR302\nD()\n",
    "# ruff: noqa: AIR\nD()\n",
    "# ruff: noqa AIR302\nD()\n",
    "# ruff: noqa-x\nD()\n",
    "# ruff: noqa, x\nD()\n",
    "# hello # ruff: noqa\nD()\n",
    "if 1:\n    # ruff: noqa\n    D()\n",
    "x = [\n# ruff: noqa\nD()]\n",
    "x = 1  # flake8: noqa\nD()\n",
    "# ruff: noqa # noqa: AIR302\nD()\n",
    "# ruff: ignore[AIR302]\nD()\nD()\n",
    "# ruff: ignore[AIR302]\n\n# more\nD()\nD()\n",
    "# ruff: ignore[AIR302]\n# ruff: ignore[E501]\nD()\nD()\n",
    "# ruff: ignore[AIR302]\nx = [\n 1,\n D(),\n]\n",
    "x = [  # ruff: ignore[AIR302]\n D(),\n]\n",
    "x = [\n D(),\n]  # ruff: ignore[AIR302]\n",
    "x = [\n # ruff: ignore[AIR302]\n D(),\n D(),\n]\n",
    "x = [\n # ruff: ignore[AIR302]\n D(\n a=D()\n), 3,\n D(),\n]\n",
    "# ruff: ignore[AIR302]\nwith D() as d:\n    D()\n",
    "# ruff: ignore[AIR302]\n@D()\ndef f():\n  D()\n",
    "# ruff: ignore[AIR302]\nD(); D()\nD()\n",
    "if 1:\n    x = 1\n    # ruff: ignore[AIR302]\nD()\n",
    "# hello # ruff: ignore[AIR302]\nD()\n",
    "D(a='''\n''')  # ruff: ignore[AIR302]\n",
    "D(a=1,  # ruff: ignore[AIR302]\n b='''\n''')\n",
    "D()\n# ruff: file-ignore[AIR302]\nD()\n",
    "x = [\n# ruff: file-ignore[AIR302]\nD()]\n",
    "if 1:\n    # ruff: file-ignore[AIR302]\n    D()\n",
    "if 1:\n# ruff: file-ignore[AIR302]\n    D()\nD()\n",
    "x = [\n# ruff: disable[AIR302]\nD()]\nD()\n",
    "  # ruff: disable[AIR302]\nD()\n",
    "# ruff: disable[AIR302]\nD()\n# ruff: enable[AIR302]\nD()\n",
    "D()\n# ruff: disable[AIR302]\nD()\n",
    "if 1:\n    # ruff: disable[AIR302]\n    D()\nD()\n",
    "# ruff: disable[AIR302]\nif 1:\n    # ruff: enable[AIR302]\n    D()\nD()\n",
    "# ruff: disable[AIR302, E501]\nD()\n# ruff: enable[AIR302]\nD()\n",
    "def f():\n    # ruff: disable[AIR302]\n    D()\n    # ruff: enable[AIR302]\n    D()\nD()\n",
    "class A:\n    # ruff: disable[AIR302]\n    D()\n    def f():\n        D()\n    D()\nD()\n",
    "# ruff: disable[AIR302]\nD()\nx = 1  # ruff: enable[AIR302]\nD()\n",
]


def generated(count: int) -> list[str]:
    """Files of random statements, with random comments behind and above them."""
    chance = random.Random(3)
    shapes = [
        "D(){0}",
        "x = [{0}\n    D(),{1}\n    D(),\n]{2}",
        "D(a='''\n text {0}\n'''){1}",
        "if D():{0}\n    D(){1}\n    {2}\n    D()",
        "x = D() + \\\n    D(){0}",
        "{0}\nD(){1}",
        "def f():{0}\n    '''doc\n    ''' ; D(){1}\n{2}",
    ]
    words = [*COMMENTS, "", "", "", "# ruff: enable[AIR302]", "# ruff: disable[AIR302]"]
    files = []
    for _ in range(count):
        blocks = []
        for _ in range(chance.randint(1, 4)):
            comments = [chance.choice(words).replace("noqa|", "") for _ in range(3)]
            comments = [f"  {each}" if each.startswith("#") else "" for each in comments]
            blocks.append(chance.choice(shapes).format(*comments))
        files.append("\n".join(blocks) + "\n")
    return files


def ruffs(folder: Path, *more: str) -> dict[str, set[tuple[int, str]]]:
    """What ruff itself reports, by file: row and code."""
    done = subprocess.run(
        [
            ruff_program(),
            "check",
            *(each for each in OPTIONS if each != "--ignore-noqa"),
            *more,
            folder,
        ],
        capture_output=True,
        check=True,
    )
    found: dict[str, set[tuple[int, str]]] = {}
    for one in json.loads(done.stdout):
        if one["code"]:
            found.setdefault(Path(one["filename"]).name, set()).add(
                (one["location"]["row"], one["code"])
            )
    return found


def test_a_comment_silences_what_ruff_would_silence_and_nothing_else(tmp_path):
    sources = [f"D()  {comment}\n" for comment in COMMENTS] + LAYOUTS + generated(300)
    files = {f"f{number}.py": IMPORT + source for number, source in enumerate(sources)}
    for name, source in files.items():
        (tmp_path / name).write_bytes(source.encode())
    kept, every = ruffs(tmp_path), ruffs(tmp_path, "--ignore-noqa")
    wrong = []
    silenced = 0
    for name, source in files.items():
        rows = {row for row, _ in every.get(name, ())}
        comments = noqa_of(name, source, is_code=True, lines=rows)
        for row, code in every.get(name, ()):
            ours = any(
                one.speaks_for(row, None)
                and (not one.codes or code in one.codes or NAMES.get(code, "?") in one.codes)
                for one in comments
            )
            silenced += ours
            if ours == ((row, code) in kept.get(name, ())):
                wrong.append((source, row, code, ours))
    assert wrong == []
    assert silenced > 200


def test_no_comment_is_passed_over_that_speaks_for_a_line():
    sources = [f"x = 1\nD()  {comment}\n" for comment in COMMENTS] + LAYOUTS + generated(300)
    spoken = 0
    for source in sources:
        every = noqa_in_python(source)
        for row in range(1, len(source.splitlines()) + 1):
            asked = noqa_of("a.py", source, is_code=True, lines={row})
            meant = [one for one in every if one.speaks_for(row, None)]
            assert [one for one in asked if one.speaks_for(row, None)] == meant, (source, row)
            spoken += bool(meant)
    assert spoken > 300


@pytest.mark.parametrize(
    ("comment", "codes"),
    [
        ("# noqa: AF3-DB-ORM", ("AF3-DB-ORM",)),
        ("# noqa: AF3-DB-ORM, AIR302", ("AF3-DB-ORM", "AIR302")),
        ("# noqa: AIR302  # noqa: AF3-DB-ORM", ("AIR302", "AF3-DB-ORM")),
        ("# noqa: AF3-DATASETS-32 goes with 3.2", ("AF3-DATASETS-32",)),
        ("# noqa: AF3", ("AF3",)),
    ],
)
def test_our_own_ids_can_be_named(comment, codes):
    (found,) = noqa_in_python(f"x = 1  {comment}\n")
    assert found.codes == codes
    assert found.text == comment.replace("  ", " ")


def test_a_file_without_the_word_is_not_looked_at():
    assert not may_silence("x = 1  # ordinary\n")
    assert noqa_in_python("x = 'ordinary'\n") == []


def test_in_a_notebook_each_cell_speaks_for_itself():
    cells = [
        {"cell_type": "code", "source": ["x = 1\n", "y = 2  # noqa"]},
        {"cell_type": "code", "source": "z  # noqa"},
    ]
    found = noqa_of("a.ipynb", json.dumps({"cells": cells}), is_code=True)
    assert [(one.cell, one.line) for one in found] == [(1, 2), (2, 1)]
    assert found[0].speaks_for(2, 1)
    assert not found[0].speaks_for(2, 2)


def test_other_files_with_such_comments_are_silenced_by_the_line():
    found = noqa_in_text("a: 1  # noqa: AF3-CLI\nb: '# noqa'\nc: x#noqa\n# noqa\n")
    assert found == [
        Noqa(1, ("AF3-CLI",), first=1, last=1, text="# noqa: AF3-CLI"),
        Noqa(4, (), first=4, last=4, text="# noqa"),
    ]


@pytest.mark.parametrize(
    "source",
    ["(" * 5000 + "# noqa", "'''# noqa", "def f(:  # noqa\n", "\x00# noqa", "x = '\n# noqa"],
)
def test_broken_files_do_no_harm(source):
    noqa_in_python(source)


@pytest.mark.parametrize("comment", COMMENTS)
def test_whatever_silences_is_told_from_the_words_of_the_file(comment: str) -> None:
    source = f"D(a=1)  {comment}\n{comment}\n"
    if noqa_in_python(source):
        assert Glimpse(source.encode()).spells(SPELLINGS)
