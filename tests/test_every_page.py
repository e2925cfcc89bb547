"""What is true of every page, whoever wrote it: the site map itself is walked."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, URLResolver, get_resolver

PUBLIC = (
    "sign-in/",
    "sign-out/",
    "invite/",
    "mail/",
    "health/",
    "metrics",
    "static/",
    "dist/",
    "plotly",
)
BY_TOKEN = ("api/",)
SAMPLES = {"slug": "production", "int": "1", "uuid": "00000000-0000-4000-8000-000000000000"}


def _patterns(resolver=None, prefix=""):
    for entry in (resolver or get_resolver()).url_patterns:
        route = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from _patterns(entry, route)
        elif isinstance(entry, URLPattern):
            yield route.replace("^", "").replace("$", "")


def _example(route):
    """An address that the route could have."""
    return "/" + re.sub(
        r"<(?:(\w+):)?(\w+)>",
        lambda found: SAMPLES.get(found[2]) or SAMPLES.get(found[1] or "") or "x",
        route,
    )


WRITES = r"(?i)\s*(insert|update|delete)\b(?!.*django_session)"
ROUTES = sorted(set(_patterns()))
GUARDED = [route for route in ROUTES if not route.startswith(PUBLIC + BY_TOKEN)]


@pytest.mark.parametrize("route", ROUTES)
def test_the_content_security_policy_allows_our_own_scripts_only(client_for, dana, route):
    answer = client_for(dana).get(_example(route))
    policy = answer.headers["Content-Security-Policy"]
    directives = dict(part.strip().partition(" ")[::2] for part in policy.split(";"))
    assert directives["script-src"] == "'self'"
    assert directives["default-src"] == "'self'"
    assert re.fullmatch(r"'self'( 'nonce-[^']+')?", directives["style-src"])
    assert directives["frame-ancestors"] == "'none'"
    if answer.headers.get("Content-Type", "").startswith("text/html"):
        assert not re.search(r"<script(?![^>]*\b(?:src=|type=\"application/json\"))", answer.text)
        assert not re.search(r"<[^>]+\son\w+=", answer.text)
        assert not re.search(r"<style(?![^>]*\bnonce=)", answer.text)


@pytest.mark.parametrize("route", GUARDED)
def test_without_signing_in_there_is_nothing_to_see(client, deployment, route):
    for answer in (client.get(_example(route)), client.post(_example(route))):
        assert answer.status_code in (302, 405), answer.status_code
        if answer.status_code == 302:
            assert answer.url.startswith("/sign-in/")


@pytest.mark.parametrize("route", [route for route in GUARDED if "<slug:slug>" in route])
def test_a_stranger_cannot_tell_that_the_deployment_is_there(
    client_for, deployment, charlie, route
):
    client = client_for(charlie)
    for answer in (client.get(_example(route)), client.post(_example(route))):
        assert answer.status_code in (404, 405)


@pytest.mark.parametrize("route", [route for route in GUARDED if "<slug:slug>" in route])
def test_a_viewer_changes_nothing(client_for, erin, route):
    """A viewer's post is refused, or only tries something out: nothing is written."""
    client = client_for(erin)
    with CaptureQueriesContext(connection) as asked:
        answer = client.post(_example(route))
    assert answer.status_code in (200, 403, 404, 405, 422), answer.status_code
    writes = [query["sql"] for query in asked if re.match(WRITES, query["sql"])]
    assert writes == []
