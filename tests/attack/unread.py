"""Responses that nobody reads, and which the server is to keep."""

from __future__ import annotations

import socket
import time
import uuid
from contextlib import ExitStack
from typing import TYPE_CHECKING

from tests.attack.outcomes import Attack
from tests.attack.servers import BYSTANDER
from tests.attack.sockets import Line, head
from tests.attack.vitals import SPARE_MEMORY, memory, pulse_of

if TYPE_CHECKING:
    from tests.attack.outcomes import Trial
    from tests.attack.servers import Server

_CONNECTIONS = 30
_PADDING = 8_000_000


def _originals(server: Server, trial: Trial) -> None:
    """30 connections that ask for a file of 8 MB and read nothing of it."""
    name = f"unread{uuid.uuid4().hex[:8]}"
    page = b"<html><!--" + b"x" * _PADDING + b"--><p>The keeper of %b reads slowly.</p></html>" % name.encode()
    with server.visitor(BYSTANDER) as visitor:
        visitor.finished(visitor.add({f"{name}.html": page}))
        document = next((each["id"] for each in visitor.documents() if name in each["source"]), "")
        target = f"/v1/documents/{document}/original"
        trial.works("The file is given to the byte.", visitor.get(target).content == page)
        before = memory(server)
        with ExitStack() as opened, pulse_of(server) as pulse:
            for _ in range(_CONNECTIONS):
                line = opened.enter_context(Line.to(server))
                line.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                line.say(head("GET", target, server))
            time.sleep(2)
            grown = memory(server) - before
            trial.holds(
                "30 originals that nobody reads take less than 100 MB.", grown < SPARE_MEMORY, f"{grown // 1024} MB"
            )
            trial.works("A bystander gets the file meanwhile.", visitor.get(target).content == page)
        trial.prompt("Unread originals", pulse)
        trial.figure(f"{_CONNECTIONS} of {_PADDING // 1_000_000} MB took {grown // 1024} MB; {pulse}")
        visitor.delete(f"/v1/documents/{document}")


ATTACKS = (Attack("unread-originals", "Fill the memory with files that nobody reads", _originals),)
