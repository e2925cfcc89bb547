"""A real SMTP server on this machine, for tests: takes mail, refuses it, or breaks off, as it is told."""

from __future__ import annotations

import contextlib
import email
import email.policy
import socketserver
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import EmailMessage


@dataclass
class MailServer:
    """What the server says, and what it has taken."""

    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)
    greeting: str = "220 here"
    to_recipient: str = "250 ok"
    to_data: str = "250 taken"
    breaks_after_data: bool = False
    keeps_waiting: threading.Event = field(default_factory=threading.Event)
    """While it is set, a mail that was taken is not answered."""
    breaks_before_data: bool = False
    """Closes the connection when a mail begins, as a machine does that goes down."""

    def to(self, address: str) -> list[EmailMessage]:
        return [mail for mail in self.mails if head(mail, "To") == address]


class _Conversation(socketserver.StreamRequestHandler):
    said: MailServer

    def handle(self) -> None:
        self._say(self.said.greeting)
        while line := self.rfile.readline():
            verb = line.decode("latin-1").strip().upper()
            if verb.startswith("RCPT"):
                self._say(self.said.to_recipient)
            elif verb.startswith("DATA"):
                if self.said.breaks_before_data:
                    return
                self._say("354 go on")
                if not self._take():
                    return
            elif verb.startswith("QUIT"):
                self._say("221 bye")
                return
            else:
                self._say("250 ok")

    def _take(self) -> bool:
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line[1:] if line.startswith(b"..") else line)
        if self.said.to_data.startswith("2"):
            raw = b"".join(lines)
            self.said.raw.append(raw)
            mail = email.message_from_bytes(raw, policy=email.policy.default)
            assert isinstance(mail, EmailMessage)
            self.said.mails.append(mail)
        while self.said.keeps_waiting.is_set():
            time.sleep(0.05)
        if self.said.breaks_after_data:
            return False
        self._say(self.said.to_data)
        return True

    def _say(self, text: str) -> None:
        self.wfile.write(text.encode() + b"\r\n")


def head(mail: EmailMessage, name: str) -> str:
    """A header without the white space that folding leaves before it."""
    return str(mail[name]).strip()


@contextlib.contextmanager
def mail_server() -> Iterator[MailServer]:
    """Runs until the block ends."""
    said = MailServer()
    handler = type("Conversation", (_Conversation,), {"said": said})
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        said.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield said
        server.shutdown()
        thread.join(10)
