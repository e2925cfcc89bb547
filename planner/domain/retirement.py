"""DAGs that are being retired: until the day by which they are to be gone, no scan contradicts that their findings go."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, timedelta
from enum import StrEnum

from planner.domain.dates import with_year

LONGEST = timedelta(days=366)
PROPOSED = timedelta(days=28)
"""How long a retirement is proposed to take."""


def broken_promise(dag_id: str, gone_by: date, today: date) -> str:
    """Why the claim of a finding that is seen ``today`` does not hold; empty while its DAG has time to go."""
    if today <= gone_by:
        return ""
    return f"the DAG {dag_id} was to be gone by {with_year(gone_by)}, but this scan still sees it"


class Stays(StrEnum):
    """Why a finding that names a DAG does not go with it."""

    SHARED = "its file defines other DAGs too"
    HELPER = "its file is imported by the DAG and stays when the DAG goes"
    NOT_YOURS = "it belongs to somebody else"
    CLOSED = "it is claimed or waived already"


def why_it_stays(
    *, dag_id: str, dags_in_file: Collection[str], dags_named: Collection[str], is_helper: bool
) -> Stays | None:
    """Why a finding outlives the DAG; None where it goes with it.

    Args:
        dags_in_file: the DAGs that its file is known to define; none where that is not known.
        dags_named: the DAGs that the finding itself names.
        is_helper: whether its file is known as one that DAGs import.
    """
    if set(dags_in_file) - {dag_id}:
        return Stays.SHARED
    if is_helper and dag_id not in dags_in_file:
        return Stays.HELPER
    return Stays.SHARED if set(dags_named) - {dag_id} else None
