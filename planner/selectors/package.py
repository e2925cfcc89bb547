"""The package ``upgradecheck`` as it was built beside the app, and the list of what it needs."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

REQUIREMENTS = "upgradecheck-requirements.txt"
_DEPENDENCIES = "dependencies.txt"
"""What pip must find besides, pinned, with the hashes of every file of it on the package index."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """One wheel. ``dependencies`` is empty where the package index did not answer when it was built."""

    path: Path
    size: int
    sha256: str
    dependencies: str

    @property
    def name(self) -> str:
        return self.path.name


def package() -> Package | None:
    """The wheel of this installation, or None where it was not built."""
    folder = settings.DIST_DIR
    wheel = next(iter(sorted(folder.glob("flightplan_upgradecheck-*.whl"))), None)
    if wheel is None:
        return None
    content = wheel.read_bytes()
    listed = folder / _DEPENDENCIES
    return Package(
        path=wheel,
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        dependencies=listed.read_text(encoding="utf-8") if listed.is_file() else "",
    )
