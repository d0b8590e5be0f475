"""Responses that the client never reads, so that the server must buffer them."""

from __future__ import annotations

import socket
import time
import uuid
from contextlib import ExitStack
from typing import TYPE_CHECKING

from tests.attack.outcomes import Attack
from tests.attack.servers import BYSTANDER
from tests.attack.sockets import RawConnection, request_head
from tests.attack.vitals import SPARE_MEMORY, memory, pulse_of

if TYPE_CHECKING:
    from tests.attack.outcomes import Trial
    from tests.attack.servers import Server

_CONNECTIONS = 30
_PADDING = 8_000_000


def _originals(server: Server, trial: Trial) -> None:
    """Request a file of 8 MB over 30 connections and read nothing."""
    name = f"unread{uuid.uuid4().hex[:8]}"
    page = b"<html><!--" + b"x" * _PADDING + b"--><p>The keeper of %b reads slowly.</p></html>" % name.encode()
    with server.visitor(BYSTANDER) as visitor:
        visitor.wait_for_job(visitor.add({f"{name}.html": page}))
        document = next((document["id"] for document in visitor.documents() if name in document["source"]), "")
        target = f"/v1/documents/{document}/original"
        trial.works("The file is given to the byte.", visitor.get(target).content == page)
        before = memory(server)
        with ExitStack() as stack, pulse_of(server) as pulse:
            for _ in range(_CONNECTIONS):
                connection = stack.enter_context(RawConnection.connect(server))
                connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                connection.send(request_head("GET", target, server))
            time.sleep(2)
            growth = memory(server) - before
            trial.holds(
                "30 originals that nobody reads take less than 100 MB.", growth < SPARE_MEMORY, f"{growth // 1024} MB"
            )
            trial.works("A bystander gets the file meanwhile.", visitor.get(target).content == page)
        trial.prompt("Unread originals", pulse)
        trial.figure(f"{_CONNECTIONS} of {_PADDING // 1_000_000} MB took {growth // 1024} MB; {pulse}")
        visitor.delete(f"/v1/documents/{document}")


ATTACKS = (Attack("unread-originals", "Fill the memory with files that nobody reads", _originals),)
