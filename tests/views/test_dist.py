"""The package upgradecheck at /dist/: for everyone, whole, and what pip asks of it."""

import hashlib
from pathlib import Path

import pytest

WHEEL = "flightplan_upgradecheck-9.9.9-py3-none-any.whl"


@pytest.fixture
def built(settings, tmp_path: Path) -> Path:
    settings.DIST_DIR = tmp_path
    settings.BASE_URL = "https://flightplan.example.com"
    (tmp_path / WHEEL).write_bytes(b"the wheel")
    (tmp_path / "dependencies.txt").write_text("msgspec==0.22.0 \\\n    --hash=sha256:00\n")
    (tmp_path / "built").touch()
    return tmp_path


def test_the_page_names_the_file_its_hash_and_the_line_that_installs_it(client, built):
    page = client.get("/dist/")
    assert page.status_code == 200
    assert WHEEL in page.text
    assert hashlib.sha256(b"the wheel").hexdigest() in page.text
    assert (
        "pip install --require-hashes --requirement"
        " https://flightplan.example.com/dist/upgradecheck-requirements.txt"
    ) in page.text


def test_the_wheel_comes_whole_and_as_nothing_a_browser_would_run(client, built):
    answer = client.get(f"/dist/{WHEEL}")
    assert b"".join(answer.streaming_content) == b"the wheel"
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_the_list_holds_the_wheel_by_address_and_hash_and_all_it_needs(client, built):
    answer = client.get("/dist/upgradecheck-requirements.txt")
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    digest = hashlib.sha256(b"the wheel").hexdigest()
    assert answer.text.splitlines()[1:] == [
        f"flightplan-upgradecheck @ https://flightplan.example.com/dist/{WHEEL} \\",
        f"    --hash=sha256:{digest}",
        "msgspec==0.22.0 \\",
        "    --hash=sha256:00",
    ]


@pytest.mark.parametrize(
    "name", ["built", "dependencies.txt", "..%2Fsecret", "x.whl", "%2e%2e/manage.py"]
)
def test_nothing_else_can_be_fetched(client, built, name):
    (built.parent / "secret").write_text("secret")
    assert client.get(f"/dist/{name}").status_code == 404


def test_without_hashes_the_page_says_so_and_offers_no_line(client, built):
    (built / "dependencies.txt").unlink()
    page = client.get("/dist/")
    assert "make install" in page.text
    assert "--require-hashes" not in page.text
    assert client.get("/dist/upgradecheck-requirements.txt").status_code == 404


def test_without_a_package_the_page_says_how_to_build_it(client, settings, tmp_path):
    settings.DIST_DIR = tmp_path
    page = client.get("/dist/")
    assert page.status_code == 503
    assert "make install" in page.text
