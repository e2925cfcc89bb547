"""The overview of one deployment, and the portfolio of all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from planner.domain.finding import Severity
from planner.domain.forecast_words import Forecast
from planner.domain.overview import gates_sentence, headline
from planner.rendering.charts import Chart, Spark, burn_down, small_burn_down, spark
from planner.selectors.decision import may_create_deployments
from planner.selectors.forecast import forecast_of
from planner.selectors.overview import Overview, overview_of
from planner.selectors.portfolio import PAGE, PortfolioRow, portfolio_headline, portfolio_of
from planner.views.access import (
    DeploymentRequest,
    PersonRequest,
    Role,
    deployment_view,
    person_view,
)
from planner.views.forecast import FLOWS_NOTE, gate_phase, panel_of
from planner.views.page import render_page

if TYPE_CHECKING:
    from planner.models import Deployment


@require_safe
@deployment_view(Role.VIEWER)
def overview_page(request: DeploymentRequest, deployment: Deployment) -> HttpResponse:
    """The verdict, and what stands between the deployment and its next gate."""
    overview = overview_of(deployment, now=request.now)
    forecast = forecast_of(deployment, plan=overview.plan, ground=overview.ground, now=request.now)
    panel = panel_of(forecast, overview.plan)
    context = {
        "overview": overview,
        "headline": headline(
            overview.decision,
            overview.plan,
            overview.ground.counts,
            scanned=overview.ground.sight.scanned_at is not None,
        ),
        "gates_sentence": gates_sentence(overview.plan),
        "charts": _charts(overview, forecast),
        "panel": panel,
        "charts_shown": panel.flows,
        "charts_note": FLOWS_NOTE,
    }
    return render_page(request, deployment, "overview/page.html", context, tab="overview")


def _charts(overview: Overview, forecast: Forecast) -> dict[str, Chart]:
    if overview.history.empty:
        return {}
    plan = overview.plan
    errors = forecast.of(Severity.ERROR)
    return {
        "errors": burn_down(
            overview.history,
            severity=Severity.ERROR,
            today=plan.today,
            gate=gate_phase(plan, errors),
            futures=errors.futures,
        ),
        "warnings": small_burn_down(overview.history, severity=Severity.WARNING),
        "infos": small_burn_down(overview.history, severity=Severity.INFO),
    }


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
