"""What load balancers and monitoring systems ask. No sign-in; numbers need the metrics token."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from planner.selectors.health import Sample, parts, samples

if TYPE_CHECKING:
    from planner.views.access import TimedRequest


@never_cache
@require_safe
def live(request: HttpRequest) -> HttpResponse:
    """The web process answers."""
    return HttpResponse("alive\n", content_type="text/plain")


@never_cache
@require_safe
def ready(request: TimedRequest) -> HttpResponse:
    """200 where database, broker and beat are well; 503 and what is wrong where one is not."""
    found = parts(request.now)
    body = {part.name: {"ok": part.ok, "says": part.says} for part in found}
    return JsonResponse(body, status=200 if all(part.ok for part in found) else 503)


@never_cache
@require_safe
def metrics(request: TimedRequest) -> HttpResponse:
    """Numbers for Prometheus: with the bearer METRICS_TOKEN, or freely in the embedded run."""
    if settings.METRICS_TOKEN:
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if not hmac.compare_digest(given.encode(), settings.METRICS_TOKEN.encode()):
            return HttpResponse("The bearer token is wrong.\n", status=401)
    elif not settings.EMBEDDED:
        raise Http404("Set METRICS_TOKEN to have metrics.")
    lines = [_line(sample) for sample in samples(request.now)]
    return HttpResponse(
        "".join(f"{line}\n" for line in lines), content_type="text/plain; version=0.0.4"
    )


def _line(sample: Sample) -> str:
    labels = ",".join(f'{key}="{value}"' for key, value in sample.labels.items())
    return (
        f"{sample.name}{{{labels}}} {sample.value:g}"
        if labels
        else f"{sample.name} {sample.value:g}"
    )
