"""Reports from web addresses, from a real server on this machine."""

import base64
import gzip
import io
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from planner.services.address import is_public, without_credentials
from planner.services.fetch import Credentials, FetchFailed, report_fetch

SECRET = Credentials("ci", "s3cret-word")


class Answers(BaseHTTPRequestHandler):
    """/report answers; /away redirects; /round redirects to itself; /locked wants a password."""

    seen: list[str | None] = []
    other_port = 0

    def do_GET(self) -> None:
        Answers.seen.append(self.headers.get("Authorization"))
        if self.path == "/round":
            return self._redirect("/round")
        if self.path == "/moved":
            return self._redirect("/report")
        if self.path == "/away":
            return self._redirect(f"http://localhost:{Answers.other_port}/report")
        if self.path == "/inside":
            return self._redirect("http://169.254.169.254/latest/")
        if self.path == "/file":
            return self._redirect("file:///etc/passwd")
        if self.path == "/bomb":
            return self._send(gzip.compress(b"0" * 3_000_000), ("Content-Encoding", "gzip"))
        if self.path == "/half":
            return self._send(b"[", ("Content-Length", "1000"))
        if self.path == "/locked" and not self.headers.get("Authorization"):
            return self.send_error(401)
        if self.path in ("/report", "/locked"):
            return self._send(b"[]")
        return self.send_error(404)

    def _redirect(self, to: str) -> None:
        self.send_response(302)
        self.send_header("Location", to)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _send(self, body: bytes, *headers: tuple[str, str]) -> None:
        self.send_response(200)
        for name, value in headers or (("Content-Length", str(len(body))),):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def site() -> Iterator[str]:
    servers = [ThreadingHTTPServer(("127.0.0.1", 0), Answers) for _ in range(2)]
    for server in servers:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    Answers.seen = []
    Answers.other_port = servers[1].server_port
    yield f"http://localhost:{servers[0].server_port}"
    for server in servers:
        server.shutdown()
        server.server_close()


def fetch(url: str, *, secret: Credentials | None = None, private: bool = True) -> bytes:
    target = io.BytesIO()
    report_fetch(
        url=url, target=target, credentials=secret, allow_private=private, most_bytes=2**20
    )
    return target.getvalue()


def test_a_report_is_fetched_through_a_redirect(site: str) -> None:
    assert fetch(f"{site}/report") == b"[]"
    assert fetch(f"{site}/moved") == b"[]"


def test_credentials_go_to_the_first_origin_only(site: str) -> None:
    expected = "Basic " + base64.b64encode(b"ci:s3cret-word").decode()
    assert fetch(f"{site}/locked", secret=SECRET) == b"[]"
    assert fetch(f"{site}/away", secret=SECRET) == b"[]"
    assert Answers.seen == [expected, expected, None]


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/nowhere", "answers 404"),
        ("/locked", "answers 401"),
        ("/round", "redirects more than 5 times"),
        ("/file", "not an http or https address"),
        ("/bomb", "sends more than 1 MB"),
        ("/half", "stops in the middle"),
    ],
)
def test_what_is_no_report_is_told_in_one_sentence(site: str, path: str, words: str) -> None:
    with pytest.raises(FetchFailed, match=words):
        fetch(f"{site}{path}")


def test_a_private_address_is_refused_and_named(site: str) -> None:
    with pytest.raises(FetchFailed, match=r"localhost is the private address .*ALLOW_PRIVATE"):
        fetch(f"{site}/report", private=False)
    assert Answers.seen == []


def test_a_redirect_is_checked_like_the_first_address(
    site: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only this test's own server counts as public, as if it stood outside."""
    monkeypatch.setattr(
        "planner.services.address.is_public", lambda number: number in ("127.0.0.1", "::1")
    )
    with pytest.raises(FetchFailed, match=r"169\.254\.169\.254 is the private address"):
        fetch(f"{site}/inside", private=False)


def test_a_host_that_does_not_exist_is_named_without_credentials() -> None:
    with pytest.raises(FetchFailed) as failure:
        fetch("http://ci:s3cret-word@no-such-host.invalid/report?token=abc")
    assert "no-such-host.invalid cannot be found" in str(failure.value)
    assert "s3cret" not in str(failure.value)
    with pytest.raises(FetchFailed) as failure:
        fetch("http://ci:s3cret-word@127.0.0.1:9/report?token=abc")
    assert "http://127.0.0.1:9/report does not answer" in str(failure.value)
    assert "s3cret" not in str(failure.value)


@pytest.mark.parametrize(
    "number",
    ["127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.0", "::1",
     "fe80::1%eth0", "fd00::1", "::ffff:10.0.0.1", "2002:7f00:1::", "224.0.0.1", "100.64.0.1"],
)  # fmt: skip
def test_private_numbers(number: str) -> None:
    assert not is_public(number)


@pytest.mark.parametrize("number", ["140.82.121.3", "2606:50c0:8000::153", "::ffff:140.82.121.3"])
def test_public_numbers(number: str) -> None:
    assert is_public(number)


def test_an_address_is_printed_without_its_secrets() -> None:
    assert without_credentials("https://u:p@host:8443/a?k=1#x") == "https://host:8443/a"
