"""Check this file now: an answer in seconds, and nothing stored."""

from __future__ import annotations

import html
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from planner.models import Deployment, Event, Finding, Scan
from tests.views.text import text_of

pytestmark = pytest.mark.django_db

OLD = "from airflow import DAG\nwith DAG('sales', schedule_interval='@daily', catchup=False):\n    pass\n"

ClientFor = Callable[[User], Client]


def url(deployment: Deployment) -> str:
    return f"/d/{deployment.slug}/check/"


def test_a_pasted_file_is_answered_and_nothing_is_stored(
    client_for: ClientFor, erin: User, deployment: Deployment
) -> None:
    before = (Scan.objects.count(), Finding.objects.count(), Event.objects.count())
    answer = client_for(erin).post(url(deployment), {"path": "dags/sales.py", "text": OLD})
    text = html.unescape(text_of(answer))
    assert answer.status_code == 200
    assert "1 thing in this file would fail on Airflow" in text
    assert "with DAG('sales', schedule='@daily'" in text  # the edit
    assert "Nothing was stored" in text
    assert (Scan.objects.count(), Finding.objects.count(), Event.objects.count()) == before


def test_an_uploaded_file_wins_over_pasted_text(
    client_for: ClientFor, erin: User, deployment: Deployment
) -> None:
    file = SimpleUploadedFile("orders.py", b"x = 1\n")
    answer = client_for(erin).post(url(deployment), {"file": file, "text": OLD})
    assert "Nothing to change in this file" in text_of(answer)


def test_a_file_that_does_not_parse_is_said(
    client_for: ClientFor, erin: User, deployment: Deployment
) -> None:
    answer = client_for(erin).post(url(deployment), {"path": "dags/a.py", "text": "def broken(:\n"})
    assert answer.status_code == 200
    assert "1 thing in this file would fail" in text_of(answer)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"text": "  "}, "Paste the file's text, or choose a file."),
        ({"text": "x", "path": "../../etc/passwd.py"}, "leads out of its folder"),
        ({"text": "x", "path": "/etc/passwd.py"}, "by its path in the repository"),
        ({"text": "x", "path": "photo.png"}, "does not read files like photo.png"),
        ({"text": "x" * 1_100_000, "path": "a.py"}, "larger than"),
        ({"text": "(" * 10_000, "path": "a.py"}, None),
    ],
)
def test_what_cannot_be_checked_is_one_sentence(
    client_for: ClientFor,
    erin: User,
    deployment: Deployment,
    given: dict[str, str],
    sentence: str | None,
) -> None:
    answer = client_for(erin).post(url(deployment), given)
    assert answer.status_code == (422 if sentence else 200)
    if sentence:
        assert sentence in html.unescape(text_of(answer))


def test_the_corrected_text_is_a_download_and_nothing_is_stored(
    client_for: ClientFor, erin: User, deployment: Deployment
) -> None:
    client = client_for(erin)
    asked = {"path": "dags/sales.py", "text": OLD.replace("\n", "\r\n")}
    assert "Download the corrected file" in text_of(client.post(url(deployment), asked))
    before = (Scan.objects.count(), Finding.objects.count(), Event.objects.count())
    answer = client.post(url(deployment), asked | {"corrected": "safe"})
    assert answer["Content-Disposition"] == 'attachment; filename="sales.py"'
    assert answer["Content-Type"].startswith("text/plain")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer.content.decode() == (
        "try:\n    from airflow.sdk import DAG\nexcept ImportError:\n    from airflow import DAG\n"
        "with DAG('sales', schedule='@daily', catchup=False):\n    pass\n"
    )
    assert (Scan.objects.count(), Finding.objects.count(), Event.objects.count()) == before


def test_a_text_without_edits_has_no_corrected_file(
    client_for: ClientFor, erin: User, deployment: Deployment
) -> None:
    client = client_for(erin)
    asked = {"path": "dags/sales.py", "text": "x = 1\n"}
    assert "corrected" not in text_of(client.post(url(deployment), asked))
    answer = client.post(url(deployment), asked | {"corrected": "safe"})
    assert (answer.status_code, "has such an edit" in text_of(answer)) == (422, True)


def test_people_from_elsewhere_see_no_page(
    client_for: ClientFor, charlie: User, deployment: Deployment
) -> None:
    assert client_for(charlie).get(url(deployment)).status_code == 404
