"""The API: its operations, its errors, and the page that lists them."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError

from planner.api.access import Bearer
from planner.api.deployment import router as deployment_router
from planner.api.scan import router as scan_router

# Swagger's own page runs scripts inline, which our pages never allow; ``docs`` lists the same.
api = NinjaAPI(
    title="Flightplan",
    version="1",
    description="Send reports, and read what a deployment's pages show.",
    urls_namespace="api",
    auth=Bearer(),
    docs_url=None,
    openapi_url="openapi.json",
)
api.add_router("", scan_router)
api.add_router("", deployment_router)


@require_GET
def docs(request: HttpRequest) -> HttpResponse:
    """Every operation with its parameters and answers, from the OpenAPI document."""
    return render(request, "api/docs.html", {"operations": _operations(), "tab": "api"})


def _operations() -> list[dict[str, Any]]:
    paths = api.get_openapi_schema()["paths"]
    return [
        {
            **operation,
            "method": method.upper(),
            "path": path,
            "parameters": [_parameter(found) for found in operation["parameters"]],
        }
        for path, methods in paths.items()
        for method, operation in methods.items()
    ]


def _parameter(found: dict[str, Any]) -> dict[str, Any]:
    described = found.get("description") or found["schema"].get("description", "")
    return {
        "name": found["name"],
        "place": found["in"],
        "required": found["required"],
        "what": described,
    }


@api.exception_handler(HttpError)
def _refused(request: HttpRequest, error: HttpError) -> HttpResponse:
    return _answer(request, error.status_code, str(error))


@api.exception_handler(Http404)
def _missing(request: HttpRequest, error: Http404) -> HttpResponse:
    return _answer(request, 404, "There is no such thing for this token.")


@api.exception_handler(AuthenticationError)
def _unknown(request: HttpRequest, error: AuthenticationError) -> HttpResponse:
    response = _answer(
        request, 401, "Send a living token: Authorization: Bearer TOKEN (python manage.py token …)."
    )
    response["WWW-Authenticate"] = "Bearer"
    return response


@api.exception_handler(ValidationError)
def _invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    first = error.errors[0]
    field = ".".join(str(part) for part in first["loc"][1:])
    return _answer(request, 422, f"{field}: {first['msg']}.")


def _answer(request: HttpRequest, status: int, sentence: str) -> HttpResponse:
    return api.create_response(request, {"error": sentence}, status=status)
