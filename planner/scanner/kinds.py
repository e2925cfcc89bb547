"""The kinds of files that a scan reads, told from their paths alone. How each is read: the module of ``readers/``."""

from __future__ import annotations

import functools
import re
from fnmatch import translate
from typing import NamedTuple


class Kind(NamedTuple):
    """One kind of file."""

    name: str
    reader: str
    """The module of ``readers/`` that reads it."""
    patterns: tuple[str, ...]
    """Of the file's own name, in lower case; or, with a ``/``, of its last folders too (``charts/*.yaml``)."""
    is_code: bool = False
    """A file that cannot be read is a finding of its own, and the scan could not check everything."""


KINDS = (
    Kind(
        "airflow.cfg",
        "airflow_cfg",
        ("*.cfg", "*.cfg.j2", "*.cfg.tmpl", "*.cfg.template", "*.cfg.example", "*airflow*.ini"),
    ),
    Kind("airflowignore", "ignore_file", (".airflowignore",)),
    Kind(
        "conda",
        "conda",
        (
            "environment.yml",
            "environment.yaml",
            "environment[-_]*.yml",
            "conda*.yml",
            "conda*.yaml",
        ),
    ),
    Kind(
        "dockerfile",
        "dockerfile",
        ("*dockerfile", "*containerfile", "*.dockerfile", "dockerfile.[!p]*", "dockerfile-*"),
    ),
    Kind(
        "env",
        "env_file",
        ("*.env", ".env", ".env.*", ".env-*", "*.env.example", "*.env.template", ".envrc"),
    ),
    Kind(
        "infrastructure",
        "infrastructure",
        (
            "*.tf",
            "*.tfvars",
            "*.hcl",
            "jenkinsfile",
            "*.jenkinsfile",
            "*.groovy",
            "*.nomad",
            "*.bicep",
        ),
    ),
    Kind("makefile", "makefile", ("makefile", "gnumakefile", "*.mk", "justfile")),
    Kind("notebook", "notebook", ("*.ipynb",), is_code=True),
    Kind("pipfile", "pipfile", ("pipfile",)),
    Kind("pipfile-lock", "pipfile_lock", ("pipfile.lock",)),
    Kind("pyproject", "pyproject", ("pyproject.toml",)),
    Kind("python", "python", ("*.py", "*.pyw"), is_code=True),
    Kind("python-stub", "python_stub", ("*.pyi",), is_code=True),
    Kind("python-version", "python_version", (".python-version", "runtime.txt", ".tool-versions")),
    Kind(
        "requirements",
        "requirements_txt",
        (
            "*requirements*.txt",
            "*requirements*.in",
            "*constraints*.txt",
            "*constraints*.in",
            "requirements/*.txt",
            "requirements/*.in",
        ),
    ),
    Kind(
        "service",
        "services",
        ("*.service", "procfile*", "supervisord*.conf", "*supervisor*.conf", "*airflow*.conf"),
    ),
    Kind("setup-cfg", "setup_cfg", ("setup.cfg",)),
    Kind(
        "shell",
        "shell_script",
        (
            "*.sh",
            "*.bash",
            "*.zsh",
            "*.sh.tmpl",
            "*entrypoint",
            "start-airflow",
            "start_airflow",
            "run-airflow",
            "airflow-start",
            "airflow-init",
            ".bashrc",
            ".profile",
        ),
    ),
    Kind("template", "templates", ("*.sql", "*.hql", "*.j2", "*.jinja", "*.jinja2")),
    Kind("toml-lock", "toml_lock", ("poetry.lock", "uv.lock", "pdm.lock")),
    Kind("tox", "tox", ("tox.ini",)),
    Kind(
        "web",
        "web_source",
        ("*.js", "*.jsx", "*.mjs", "*.ts", "*.tsx", "*.go", "*.java", "*.rb", "*.ps1", "*.http"),
    ),
    Kind(
        "yaml",
        "yaml_files",
        (
            "*.yml",
            "*.yaml",
            "*.yml.tmpl",
            "*.yaml.tmpl",
            "*.yaml.example",
            "*.yml.example",
            "*.json",
        ),
    ),
)


@functools.cache
def _patterns() -> list[tuple[str, Kind]]:
    """Every pattern with its kind: exact names first, then the longer pattern."""
    every = [(pattern, kind) for kind in KINDS for pattern in kind.patterns]
    return sorted(every, key=lambda pair: ("*" in pair[0], -len(pair[0]), pair[0]))


@functools.cache
def _one_expression(*, of_folders: bool) -> re.Pattern[str]:
    """All patterns of names, or of names with their folders, as one: its group says which one it was."""
    parts = [
        f"({translate(f'*{pattern}' if of_folders else pattern)})"
        for pattern, _ in _patterns()
        if ("/" in pattern) == of_folders
    ]
    return re.compile("|".join(parts) or r"(?!)")


@functools.cache
def _by_group(*, of_folders: bool) -> list[int]:
    """Which of all patterns each group of ``_one_expression`` is."""
    return [
        index for index, (pattern, _) in enumerate(_patterns()) if ("/" in pattern) == of_folders
    ]


@functools.lru_cache(maxsize=50_000)
def kind_of(path: str) -> Kind | None:
    """What kind of file a path names; None for files that no check looks at. Asked of each file several times."""
    path = path.lower()
    found = []
    for of_folders, text in ((False, path.rpartition("/")[2]), (True, path)):
        match = _one_expression(of_folders=of_folders).match(text)
        if match is not None:
            found.append(_by_group(of_folders=of_folders)[(match.lastindex or 1) - 1])
    return _patterns()[min(found)][1] if found else None


def is_code(path: str) -> bool:
    """Whether a file that cannot be read leaves code unseen; other files are only passed over."""
    kind = kind_of(path)
    return kind is not None and kind.is_code
