"""The rulebook in the browser: every rule, explained."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from planner.selectors.rule import rule_page, rule_rows, rulebook_hash
from planner.views.access import PersonRequest, person_view


@require_GET
@person_view
def rules(request: PersonRequest) -> HttpResponse:
    """All rules with what they are about and how bad they are."""
    return render(request, "rule/list.html", {"rows": rule_rows(), "hash": rulebook_hash()})


@require_GET
@person_view
def rule(request: PersonRequest, rule_id: str) -> HttpResponse:
    """One rule: what, why, instead, before and after, minutes, severity by target."""
    page = rule_page(rule_id)
    if page is None:
        raise Http404(
            f"The rulebook does not know {rule_id}. Its findings keep their reported severity."
        )
    return render(request, "rule/page.html", {"page": page, "rule": page.rule})
