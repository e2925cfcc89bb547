"""The overview of one deployment, and the portfolio of all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from planner.domain.finding import Severity
from planner.domain.overview import gates_sentence, headline
from planner.domain.plan import Phase
from planner.rendering.charts import Chart, Spark, burn_down, small_burn_down, spark
from planner.selectors.decision import may_create_deployments
from planner.selectors.overview import Overview, overview_of
from planner.selectors.portfolio import PAGE, PortfolioRow, portfolio_headline, portfolio_of
from planner.views.access import (
    DeploymentRequest,
    PersonRequest,
    Role,
    deployment_view,
    person_view,
)
from planner.views.page import render_page

if TYPE_CHECKING:
    from planner.models import Deployment


@require_safe
@deployment_view(Role.VIEWER)
def overview_page(request: DeploymentRequest, deployment: Deployment) -> HttpResponse:
    """The verdict, and what stands between the deployment and its next gate."""
    overview = overview_of(deployment, now=request.now)
    context = {
        "overview": overview,
        "headline": headline(
            overview.decision,
            overview.plan,
            overview.ground.counts,
            scanned=overview.ground.sight.scanned_at is not None,
        ),
        "gates_sentence": gates_sentence(overview.plan),
        "charts": _charts(overview),
    }
    return render_page(request, deployment, "overview/page.html", context, tab="overview")


def _charts(overview: Overview) -> dict[str, Chart]:
    if overview.history.empty:
        return {}
    plan = overview.plan
    waited = next((phase for phase in plan.phases if _wants_zero_errors(phase)), None)
    gate = None if plan.proposed or waited is None or waited.passed else waited
    return {
        "errors": burn_down(overview.history, severity=Severity.ERROR, today=plan.today, gate=gate),
        "warnings": small_burn_down(overview.history, severity=Severity.WARNING),
        "infos": small_burn_down(overview.history, severity=Severity.INFO),
    }


def _wants_zero_errors(phase: Phase) -> bool:
    return any(gate.measure == "errors" for gate in phase.gates)


@require_safe
@person_view
def portfolio_page(request: PersonRequest) -> HttpResponse:
    """Every deployment that the person may see."""
    portfolio = portfolio_of(request.user, now=request.now, after=request.GET.get("after", "")[:80])
    context = {
        "portfolio": portfolio,
        "headline": portfolio_headline(portfolio.rows, portfolio.total),
        "rows": [(row, _sparks(row)) for row in portfolio.rows],
        "page_size": PAGE,
        "may_create": may_create_deployments(request.user),
        "tab": "portfolio",
    }
    return render(request, "portfolio/page.html", context)


def _sparks(row: PortfolioRow) -> dict[str, Spark | None]:
    return {
        severity.value: spark(severity, row.lines.get(severity.value, ())) for severity in Severity
    }
