"""Roles of people in a deployment, in rising order."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """What a person may do in one deployment. Each role can do all that the ones before it can."""

    VIEWER = "viewer"
    OWNER = "owner"
    MANAGER = "manager"
    ADMIN = "admin"

    @property
    def label(self) -> str:
        return self.value.capitalize()

    @property
    def may(self) -> str:
        """What the role allows, for the page on which people are given one."""
        return _MAY[self]

    def reaches(self, needed: Role) -> bool:
        """True where this role allows all that ``needed`` allows."""
        order = list(Role)
        return order.index(self) >= order.index(needed)


_MAY = {
    Role.VIEWER: "reads everything",
    Role.OWNER: "what a viewer may, and claims findings as fixed, writes notes, asks for waivers",
    Role.MANAGER: (
        "what an owner may, and assigns, waives, edits facts, records decisions and runbooks, "
        "signs gates, uploads, rescans"
    ),
    Role.ADMIN: "what a manager may, and looks after people, sources, settings and API tokens",
}
