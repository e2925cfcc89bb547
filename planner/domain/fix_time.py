"""When a finding can be fixed, in words."""

from __future__ import annotations

import re
from collections.abc import Sequence

IN_SHORT = {
    "now": "now",
    "shim": "now, with a shim",
    "provider": "once a newer provider is there",
    "after": "after the flip",
}
"""As it goes on after “can be fixed”."""
_IN_FULL = {
    "now": "It can be fixed now, on 2.x.",
    "shim": "It can be fixed now, in a form that works on both sides.",
    "provider": "It needs a newer provider first.",
    "after": "It can only be fixed after the flip, so it is never due before the cutover.",
}
_REQUIREMENT = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)>=(?P<version>\S+)$")


def in_short(when: str, needs: Sequence[str]) -> str:
    """fix now, with a shim; needs apache-airflow-providers-smtp ≥ 1.0.0 first.

    Args:
        when: now, shim, provider or after.
        needs: packages that the target must have first.
    """
    if needs and when == "provider":
        return f"needs {_listed(needs)} first"
    return f"fix {IN_SHORT[when]}"


def in_full(when: str, needs: Sequence[str]) -> str:
    """The same as a sentence."""
    if needs and when == "provider":
        return f"It needs {_listed(needs)} first."
    return _IN_FULL[when]


def _listed(needs: Sequence[str]) -> str:
    return " and ".join(_said(need) for need in needs)


def _said(need: str) -> str:
    found = _REQUIREMENT.match(need)
    return f"{found['name']} ≥ {found['version']}" if found else need
