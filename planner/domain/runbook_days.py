"""A runbook's steps by day and group, as pages and papers show them."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from typing import Any


def days_of(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """[{title, groups: [{key, title, steps}]}] in the order of the weekend."""
    titles = {group["key"]: group["title"] for group in document["groups"]}
    groups = [
        {"key": key, "title": titles[key], "steps": list(steps)}
        for key, steps in groupby(document["steps"], key=lambda step: step["group"])
    ]
    return [
        {"title": day, "groups": list(members)}
        for day, members in groupby(groups, key=lambda group: group["steps"][0]["day"])
    ]


def rollback_of(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """[{key, title, steps}] of the way back."""
    titles = {group["key"]: group["title"] for group in document["rollback_groups"]}
    return [
        {"key": key, "title": titles[key], "steps": list(steps)}
        for key, steps in groupby(document["rollback"], key=lambda step: step["group"])
    ]
