"""Adoption kits: files that a team puts into its repository, filled in for its deployment.

A kit is a row of ``KITS``: its name, what it is for, and its files as templates below ``templates/artefacts/``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from django.template.loader import render_to_string

from planner.domain.kit import KitValues
from planner.rendering.requirements import requirements


@dataclass(frozen=True, slots=True)
class KitFile:
    template: str
    title: str
    """What it is, for people who choose among files."""


@dataclass(frozen=True, slots=True)
class Kit:
    """Files by the path that they have in the team's repository."""

    title: str
    files: Mapping[str, KitFile]
    next_steps: tuple[str, ...]


KITS: Mapping[str, Kit] = {
    "ci": Kit(
        title="The upgrade check in GitHub Actions and GitLab CI",
        files={
            ".github/workflows/upgradecheck.yml": KitFile(
                "artefacts/ci/github.yml", "For GitHub Actions"
            ),
            ".gitlab/upgradecheck.gitlab-ci.yml": KitFile(
                "artefacts/ci/gitlab.yml", "For GitLab CI"
            ),
            ".upgradecheck-requirements.txt": KitFile(
                "artefacts/ci/requirements.txt", "For both: what the job installs, with hashes"
            ),
        },
        next_steps=(
            "Keep the workflow of the service you use, and .upgradecheck-requirements.txt; commit both.",
            "Make a token with `manage.py token SLUG --scope import` and store it as the secret"
            " FLIGHTPLAN_TOKEN.",
            "To block only what is new, commit a baseline too: upgradecheck . --baseline"
            ' .upgradecheck-baseline.toml --update-baseline --allow-growth "reason".',
        ),
    ),
}


def kit_files(kit: Kit, values: KitValues) -> dict[str, str]:
    """The text of every file by its path."""
    context = {
        "is": values,
        "deployment": one_line(values.deployment),
        "quoted": {
            "address": quoted(values.address),
            "slug": quoted(values.slug),
            "cron": quoted(values.weekly.fields),
            "target": quoted(values.target),
            "current": quoted(values.current),
        },
        "requirements": requirements(
            address=values.wheel_address,
            sha256=values.wheel_sha256,
            dependencies=values.dependencies,
        ),
    }
    return {path: render_to_string(file.template, context) for path, file in kit.files.items()}


def quoted(text: str) -> str:
    """A text as one double-quoted scalar of YAML, which GitHub does not take for an expression."""
    return json.dumps(one_line(text).replace("${{", "$ {{"), ensure_ascii=False)


def one_line(text: str) -> str:
    """A text without line breaks and other control characters: safe in a comment."""
    return "".join(char if char.isprintable() else " " for char in text)
