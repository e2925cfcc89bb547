"""Which of one's own findings a page or a form speaks of."""

from __future__ import annotations

from django.http import QueryDict

from planner.forms.finding import PickForm
from planner.selectors.my_findings import VIEWS, Asked, Scope

_LONGEST_CURSOR = 3000


def asked_from(query: QueryDict) -> Asked:
    """What a query string or a form's hidden fields ask for; what is not understood counts as not said."""
    show = query.get("show", "")
    return Asked(
        show=show if show in VIEWS else "week",
        fix=query.get("fix", "").replace("\0", "")[:40],
        cursor=query.get("after", "")[:_LONGEST_CURSOR],
    )


def scope_from(form: QueryDict) -> Scope:
    """The findings that a form means.

    A button that names one finding, file or fix speaks for that, whatever else is picked.
    """
    single = "only" in form
    return Scope(
        asked=asked_from(form),
        ids=tuple(PickForm(form).picked()),
        fix="" if single else form.get("whole-fix", "")[:40],
        file="" if single else form.get("whole-file", "").replace("\0", "")[:1100],
        everything=not single and "everything" in form,
    )
