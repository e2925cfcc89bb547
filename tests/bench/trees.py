"""Real source trees from the package index, kept below ``var/bench``: downloaded once, never installed or run."""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "var/bench"

AIRFLOWS = ("1.10.15", "2.9.3", "2.10.5")
PROVIDERS = {
    "amazon": "9.39.0",
    "google": "22.8.0",
    "cncf-kubernetes": "10.25.0",
    "snowflake": "6.20.0",
    "apache-spark": "6.3.4",
    "microsoft-azure": "15.2.1",
    "standard": "1.21.0",
    "databricks": "7.23.0",
}
GENERATED_FILES = 10_000
GENERATED_LINES = 2_000_000


def airflow(version: str) -> Path:
    """The unpacked wheel of an Airflow."""
    return _unpacked(f"apache-airflow=={version}", source=False)


def provider(name: str) -> Path:
    """The unpacked source release of a provider, with its tests and example DAGs."""
    return _unpacked(f"apache-airflow-providers-{name}=={PROVIDERS[name]}", source=True)


def every_release() -> Iterator[tuple[str, Path]]:
    """All of them, by a name to print."""
    for version in AIRFLOWS:
        yield f"Airflow {version}", airflow(version)
    for name, version in PROVIDERS.items():
        yield f"provider {name} {version}", provider(name)


def installed() -> Path:
    """The packages that Flightplan itself runs on: real code, hardly any of which mentions Airflow."""
    return Path(sysconfig.get_paths()["purelib"])


def nearly_all_airflow() -> Path:
    """The source of the largest providers and of one Airflow, without the few files that never mention it."""
    folder = FOLDER / "nearly-all-airflow"
    if not folder.exists():
        part = folder.with_suffix(".part")
        shutil.rmtree(part, ignore_errors=True)
        for name in PROVIDERS:
            shutil.copytree(provider(name), part / name)
        shutil.copytree(airflow("2.10.5") / "airflow", part / "airflow")
        part.rename(folder)
    return folder


def generated() -> Path:
    """10,000 files and 2,000,000 lines: the same code over and over, no two files alike."""
    folder = FOLDER / "generated"
    if not folder.exists():
        part = folder.with_suffix(".part")
        shutil.rmtree(part, ignore_errors=True)
        _generate(part)
        part.rename(folder)
    return folder


def _generate(folder: Path) -> None:
    sources = [
        file.read_text()
        for file in sorted(nearly_all_airflow().rglob("*.py"))
        if _is_dag_like(file)
    ]
    per_file = GENERATED_LINES // GENERATED_FILES
    for number in range(GENERATED_FILES):
        place = folder / f"team{number % 100:02d}" / f"dag_{number:05d}.py"
        place.parent.mkdir(parents=True, exist_ok=True)
        source = sources[number % len(sources)].rstrip()
        missing = per_file - 1 - source.count("\n") - 1
        filling = "".join(f"\nvalue_{line} = [{line}, 'text']" for line in range(max(missing, 0)))
        place.write_text(f"# {number}\n{source}{filling}\n")


def _is_dag_like(file: Path) -> bool:
    """A file of 60 to 250 lines that mentions Airflow."""
    content = file.read_bytes()
    return b"airflow" in content and 60 <= content.count(b"\n") <= 250


def _unpacked(requirement: str, *, source: bool) -> Path:
    folder = FOLDER / "releases" / requirement.replace("==", "-")
    if not folder.exists():
        downloads = FOLDER / "downloads" / requirement
        print(f"Downloading {requirement}", file=sys.stderr)
        subprocess.run(
            [
                *(sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"),
                *("--disable-pip-version-check", "--dest", str(downloads)),
                *(("--no-binary", ":all:") if source else ("--only-binary", ":all:")),
                *(() if source else ("--ignore-requires-python",)),
                requirement,
            ],
            check=True,
            stdout=sys.stderr,
        )
        part = folder.with_suffix(".part")
        shutil.rmtree(part, ignore_errors=True)
        (archive,) = downloads.iterdir()
        _unpack(archive, part)
        part.rename(folder)
    return folder


def _unpack(archive: Path, folder: Path) -> None:
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            wheel.extractall(folder)
    else:
        with tarfile.open(archive) as release:
            release.extractall(folder, filter="data")
