"""The requirements file with which pip installs ``upgradecheck`` from the app, and nothing that was not meant."""

from __future__ import annotations

_PROJECT = "flightplan-upgradecheck"


def requirements(*, address: str, sha256: str, dependencies: str) -> str:
    """The wheel by its address and hash, then all it needs with theirs: what ``--require-hashes`` asks for."""
    return (
        "# Install with: pip install --require-hashes --requirement THIS-FILE\n"
        f"{_PROJECT} @ {address} \\\n"
        f"    --hash=sha256:{sha256}\n"
        f"{dependencies}"
    )
