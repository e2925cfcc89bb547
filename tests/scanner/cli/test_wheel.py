"""The package as CI jobs get it: the same bytes each time, installed by hash, working alone."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import venv
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

from planner.rendering.requirements import requirements
from planner.scanner.version import VERSION
from tests.scanner.cli.terminal import ROOT, SUBDAG

BIN = Path(sys.executable).parent
NEEDED = ("planner", "pyproject.toml", "LICENSE", "docs/upgradecheck.md", "README.md")


def build(source: Path, folder: Path) -> Path:
    subprocess.run(
        [BIN / "hatchling", "build", "--target", "wheel", "--directory", folder],
        cwd=source,
        check=True,
        capture_output=True,
    )
    (wheel,) = folder.glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(ROOT, tmp_path_factory.mktemp("dist"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh environment into which pip put the package and what it needs, each by its hash."""
    folder = tmp_path_factory.mktemp("fresh")
    dependencies = folder / "dependencies.txt"
    subprocess.run(
        [
            BIN / "uv", "pip", "compile", "pyproject.toml", "--quiet", "--python", sys.executable,
            "--python-version", "3.11", "--universal", "--generate-hashes", "--no-header", "--no-annotate",
            "--constraint", "requirements.txt", "--output-file", dependencies,
        ],
        cwd=ROOT, check=True, capture_output=True,
    )  # fmt: skip
    listing = folder / "requirements.txt"
    listing.write_text(
        requirements(
            address=wheel.as_uri(),
            sha256=hashlib.sha256(wheel.read_bytes()).hexdigest(),
            dependencies=dependencies.read_text(),
        )
    )
    venv.create(folder / "venv", with_pip=True)
    subprocess.run(
        [
            folder / "venv/bin/python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
            "--require-hashes", "--requirement", listing,
        ],
        check=True,
    )  # fmt: skip
    return folder / "venv"


def test_the_same_source_gives_the_same_bytes_wherever_it_lies(wheel, tmp_path):
    source = tmp_path / "copy"
    for name in NEEDED:
        place = source / name
        place.parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, place, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, place)
    for file in source.rglob("*"):
        os.utime(file, (1, 1))
        file.chmod(0o755 if file.is_dir() else 0o600)
    assert build(source, tmp_path / "dist").read_bytes() == wheel.read_bytes()


def test_it_holds_what_the_command_needs_and_nothing_of_the_app(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        metadata = Parser().parsestr(
            archive.read(next(name for name in names if name.endswith("/METADATA"))).decode()
        )
        entry = archive.read(next(name for name in names if name.endswith("entry_points.txt")))
    folders = {"/".join(name.split("/")[:2]) for name in names if name.startswith("planner/")}
    assert folders == {
        "planner/__init__.py",
        "planner/domain",
        "planner/parsers",
        "planner/rulebook",
        "planner/scanner",
    }
    assert not [name for name in names if name.endswith((".pyc", ".pyi"))]
    assert "planner/rulebook/symbols.json" in names
    assert b"upgradecheck = planner.scanner.cli:command" in entry
    assert (metadata["Name"], metadata["Version"]) == ("flightplan-upgradecheck", VERSION)
    needs = metadata.get_all("Requires-Dist")
    assert [one for one in needs if one.startswith("ruff==")]
    assert not [one for one in needs if "django" in one.lower()]


def test_every_module_of_it_can_be_imported_alone(installed):
    code = (
        "import importlib, pkgutil, planner\n"
        "for module in pkgutil.walk_packages(planner.__path__, 'planner.'):\n"
        "    if not module.name.endswith('__main__'):\n"
        "        importlib.import_module(module.name)\n"
        "import sys; assert 'django' not in sys.modules\n"
    )
    done = subprocess.run(
        [installed / "bin/python", "-P", "-c", code],
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_the_command_works_alone_and_says_the_same(installed, tmp_path):
    (tmp_path / "a.py").write_text(SUBDAG)
    for command in (installed / "bin/upgradecheck", BIN / "upgradecheck"):
        done = subprocess.run(
            [command, tmp_path, "--format", "ruff", "--no-cache"],
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
            env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)},
        )
        assert done.returncode == 1, done.stderr
        assert '"AIR302"' in done.stdout


def test_ruff_is_the_version_that_the_app_runs(wheel):
    pins = dict(
        line.split("==")
        for line in (ROOT / "requirements.txt").read_text().splitlines()
        if "==" in line
    )
    assert f"ruff=={pins['ruff']}" in (ROOT / "pyproject.toml").read_text()
