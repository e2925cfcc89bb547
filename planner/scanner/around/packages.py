"""Words that name packages and Pythons, wherever they stand: pip's arguments, images, CI keys.

What a word does not say is not guessed: a version in a shell variable is no version, and an image whose tags
follow no known pattern says nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

import msgspec
from packaging.requirements import InvalidRequirement
from packaging.requirements import Requirement as Written
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    canonicalize_name,
    parse_sdist_filename,
    parse_wheel_filename,
)

from planner.rulebook.load import rulebook
from planner.scanner.material import Place, PythonPin, Requirement

Pin = Requirement | PythonPin

AIRFLOW = "apache-airflow"
LONGEST_WORD = 2000
"""Characters of a word; a longer one is no package."""

_INSTALLERS = {
    "pip": ("install", "download", "wheel"),
    "uv": ("add", "install"),
    "poetry": ("add",),
    "pdm": ("add",),
    "pipenv": ("install",),
    "rye": ("add",),
}
"""Programs that install what their words name, with the verbs that do."""
_PIP = re.compile(r"pip(?:3(?:\.\d{1,2})?)?")
_TAKE_A_WORD = frozenset(
    [
        "-i",
        "--index-url",
        "--extra-index-url",
        "-f",
        "--find-links",
        "-t",
        "--target",
        "--prefix",
        "--root",
        "--src",
        "--progress-bar",
        "--platform",
        "--python-version",
        "--implementation",
        "--abi",
        "--no-binary",
        "--only-binary",
        "--upgrade-strategy",
        "--cache-dir",
        "--trusted-host",
        "--proxy",
        "--retries",
        "--timeout",
        "--cert",
        "--client-cert",
        "--log",
        "--python",
        "-p",
        "--report",
        "--config-settings",
        "-C",
        "--global-option",
        "--group",
        "-G",
        "--source",
        "--optional",
        "--extra",
        "-E",
        "--index",
        "--default-index",
        "--resolution",
        "--prerelease",
        "--exclude-newer",
        "-w",
        "--wheel-dir",
        "-d",
        "--dest",
    ]
)
"""Options whose next word is a value and no package."""
_CONSTRAINT = frozenset(["-c", "--constraint", "--constraints", "-b", "--build-constraint"])
_FILE_OPTIONS = frozenset(["-r", "--requirement", "--requirements", "-e", "--editable"])

_CONSTRAINTS_URL = re.compile(
    r"/apache/airflow/(?:refs/\w{1,10}/)?constraints-(?P<airflow>[\w.$\{\}-]{1,40})/"
    r"constraints(?:-source-providers|-no-providers)?-(?P<python>[\w.$\{\}-]{1,40})\.txt"
)
_VARIABLE = re.compile(r"[$\{\}<>`]|%\(")
_DEFAULT = re.compile(r"\$\{\w{1,100}:?-(?P<default>[^{}]{1,500})\}")
_VERSION = re.compile(r"\d{1,3}(?:\.\d{1,6}){1,3}(?:(?:a|b|rc)\d{1,3})?")
_PYTHON = re.compile(r"(?:cpython-|python-?|py)?(\d\.\d{1,2})(?:\.(?:\d{1,2}|\*|x))?(?:[-.]?dev)?")


def requirements_in_words(words: Sequence[str], place: Place) -> Iterator[Pin]:
    """What an installing command names, as a shell would split it: ``pip install "apache-airflow==2.9.3" -c URL``.

    ``python -m pip``, ``uv pip`` and ``uv add``, ``poetry add``, ``pdm add`` and ``pipenv install`` count;
    any other command yields nothing. An Airflow constraints URL pins Airflow and the Python it is for.
    """
    waiting = list(reversed(_arguments(words)))
    while waiting:
        word = waiting.pop()
        option, _, value = word.partition("=")
        if option in _CONSTRAINT:
            yield from constraints_url(value or (waiting.pop() if waiting else ""), place)
        elif word in _TAKE_A_WORD or word in _FILE_OPTIONS:
            if waiting:
                waiting.pop()
        elif not word.startswith("-"):
            yield from requirement(word, place)


def _arguments(words: Sequence[str]) -> Sequence[str]:
    """The words after the installing verb, or none where the command installs nothing."""
    programs = [PurePosixPath(word).name for word in words[:8]]
    for at, name in enumerate(programs):
        program = "pip" if _PIP.fullmatch(name) else name
        for verb_at in range(at + 1, min(at + 5, len(words))):
            if program in _INSTALLERS and words[verb_at] in _INSTALLERS[program]:
                return words[verb_at + 1 :]
    return ()


def requirement(
    text: str, place: Place, *, locked: bool = False, marker: str = ""
) -> Iterator[Requirement]:
    """One requirement as pip reads it (PEP 508), or a link to a wheel or source release; else nothing."""
    text = text.strip()
    if not text or len(text) > LONGEST_WORD:
        return
    try:
        written = Written(text)
    except (InvalidRequirement, RecursionError):
        yield from _by_other_ways(text, place, locked, marker)
        return
    specifier = _of_link(written.url)[1] if written.url else str(written.specifier)
    yield Requirement(
        name=canonicalize_name(written.name),
        specifier=specifier,
        place=place,
        locked=locked,
        marker=str(written.marker or marker),
    )


def _by_other_ways(text: str, place: Place, locked: bool, marker: str) -> Iterator[Requirement]:
    """A link, or a name whose version is filled in later: ``apache-airflow[celery]==${VERSION}``."""
    name, specifier = "", ""
    if "://" in text or text.endswith((".whl", ".tar.gz")):
        name, specifier = _of_link(text)
    elif _VARIABLE.search(text):
        found = re.match(r"([A-Za-z0-9][\w.-]{0,200})(?:\[[^\]]{0,500}\])?\s*[=<>~!$]", text)
        name = found.group(1) if found else ""
    if name:
        yield Requirement(canonicalize_name(name), specifier, place, locked=locked, marker=marker)


def _of_link(link: str) -> tuple[str, str]:
    """Name and specifier that the end of a link tells: of a release file, or of ``#egg=``."""
    parts = urlsplit(link) if "://" in link else None
    path = parts.path if parts else link
    file = PurePosixPath(unquote(path)).name
    try:
        if file.endswith(".whl"):
            name, version = parse_wheel_filename(file)[:2]
            return str(name), f"=={version}"
        if file.endswith((".tar.gz", ".zip")):
            name, version = parse_sdist_filename(file)
            return str(name), f"=={version}"
    except (InvalidWheelFilename, InvalidSdistFilename):
        return "", ""
    egg = re.search(r"egg=([A-Za-z0-9][\w.-]{0,200})", parts.fragment) if parts else None
    return (egg.group(1), "") if egg else ("", "")


def constraints_url(link: str, place: Place) -> Iterator[Pin]:
    """Airflow and Python of one of Airflow's published constraints files, where the link names them."""
    found = _CONSTRAINTS_URL.search(link[:LONGEST_WORD])
    if found is None:
        return
    if _VERSION.fullmatch(found["airflow"]):
        yield Requirement(AIRFLOW, f"=={found['airflow']}", place)
    yield from python_pin(found["python"], place, "constraints")


def pins_of_image(reference: str, place: Place) -> Iterator[Pin]:
    """What a container image is known to hold: Airflow's release, Python's line.

    ``apache/airflow:2.9.3-python3.8``, ``python:3.8-slim``, Astronomer's runtime, below any registry and
    with or without a digest; in ``${IMAGE:-apache/airflow:2.9.3}`` the default counts.
    """
    reference = _DEFAULT.sub(lambda found: found["default"], reference[:LONGEST_WORD].strip())
    named, _, _ = reference.partition("@")
    path, _, tag = named.rpartition(":")
    if not path or "/" in tag or not tag:
        return
    parts = tuple(path.lower().split("/"))
    images = rulebook().packages["images"]
    for family in images["airflow"]:
        if parts[-len(family.split("/")) :] == tuple(family.split("/")):
            yield from _airflow_tag(tag, place)
    for family in images["astronomer"]:
        if parts[-len(family.split("/")) :] == tuple(family.split("/")):
            yield from _runtime_tag(tag, place, images["runtime"])
    if parts[-1] == "python":
        yield from python_pin(tag.partition("-")[0], place, "image")


def _airflow_tag(tag: str, place: Place) -> Iterator[Pin]:
    version, _, rest = tag.removeprefix("slim-").partition("-")
    if _VERSION.fullmatch(version):
        yield Requirement(AIRFLOW, f"=={version}", place)
    python = re.search(r"python(\d\.\d{1,2})", rest)
    if python:
        yield from python_pin(python.group(1), place, "airflow-image")


def _runtime_tag(tag: str, place: Place, lines: dict[str, str]) -> Iterator[Pin]:
    """Runtimes up to 13 count for themselves; from Airflow 3 on they are called after its line (``3.0-1``)."""
    major = tag.partition(".")[0]
    if newer := re.match(r"(3\.\d{1,2})-\d", tag):
        yield Requirement(AIRFLOW, f"=={newer.group(1)}.*", place)
    elif major in lines:
        yield Requirement(AIRFLOW, f"=={lines[major]}.*", place)
    if python := re.search(r"python-?(\d\.\d{1,2})", tag):
        yield from python_pin(python.group(1), place, "airflow-image")


def python_pin(text: str, place: Place, what: str) -> Iterator[PythonPin]:
    """One Python that something names: ``3.8``, ``3.8.10``, ``py38`` no, ``>=3.8,<3.12`` yes; else nothing.

    ``what`` says where: ``image``, ``constraints``, ``requires-python``, ``ci``, ``version-file``, ``airflow-image`` or ``image``.
    """
    text = text.strip().strip("'\"")
    if not text or len(text) > 200:
        return
    if exact := _PYTHON.fullmatch(text):
        yield PythonPin(exact.group(1), place, what)
        return
    if text[0] not in "<>=!~":
        return
    try:
        yield PythonPin(str(SpecifierSet(text)), place, what)
    except InvalidSpecifier:
        return


def pythons_of_action(value: object, place: Place) -> Iterator[PythonPin]:
    """``python-version`` of a CI job: one version, several lines of them, or a list; floats were YAML's ``3.9``."""
    values = value if isinstance(value, list) else [value]
    for one in values:
        for word in str(one).split():
            yield from python_pin(word, place, "ci")


def moved_to(pin: Pin, path: str) -> Pin:
    """The same pin under another path."""
    return msgspec.structs.replace(pin, path=path)


def requirement_of(
    name: str, specifier: str, place: Place, *, locked: bool = False
) -> Iterator[Requirement]:
    """A requirement whose name and specifier stand apart, as in tables; nothing where either is none."""
    yield from requirement(f"{name}{specifier}", place, locked=locked)


def poetry_specifier(version: str) -> str:
    """Poetry's and Pipenv's way to write versions as PEP 440; nothing for any version, or a choice of several.

    ``^2.9`` → ``>=2.9,<3``, ``~2.9`` → ``>=2.9,<2.10``, ``2.9.3`` → ``==2.9.3``.
    """
    if "|" in version or len(version) > 200:
        return ""
    parts = (part.strip() for part in version.replace(" ", ",").split(",") if part.strip())
    return ",".join(filter(None, (_poetry_part(part) for part in parts)))


def _poetry_part(part: str) -> str:
    if part == "*":
        return ""
    if part[0].isdigit():
        return f"=={part}"
    caret = part[0] == "^"
    if not caret and not (part[0] == "~" and part[1:2] != "="):
        return part
    numbers = part[1:].strip().split(".")
    if not all(number.isdecimal() for number in numbers):
        return ""
    release = [int(number) for number in numbers[:6]]
    fixed = 1
    if caret:
        fixed = next((at for at, number in enumerate(release, 1) if number), len(release))
    elif len(release) > 1:
        fixed = 2
    upper = [*release[: fixed - 1], release[fixed - 1] + 1]
    return f">={'.'.join(numbers)},<{'.'.join(map(str, upper))}"
