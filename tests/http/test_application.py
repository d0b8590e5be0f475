"""The service as a server of its own, over a real connection."""

from __future__ import annotations

import json
import logging
import socket
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any
from urllib.request import Request, urlopen

import pytest
import uvicorn
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from index.library.library import Library
from index.server.http import application
from index.server.http import service as journal
from index.server.http.application import LINKS, add_index_page
from tests.hosted import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.http.conftest import Service

QUESTION = json.dumps({"question": "Who signed the treaty?", "writer": "model"}).encode()


@pytest.fixture
def address(service: Service) -> Iterator[str]:
    """Of a server over the service."""
    add_index_page(service.app)
    config = uvicorn.Config(service.app, host="127.0.0.1", port=0, log_level="error", lifespan="on")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    (host, port), *_ = (one.getsockname() for each in server.servers for one in each.sockets)
    yield f"http://{host}:{port}"
    server.should_exit = True
    thread.join(20)


def test_a_reader_who_hangs_up_stops_the_work(service: Service, address: str) -> None:
    """As whoever interrupts curl does."""
    service.library.patience.clear()
    host, port = address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        head = f"POST /v1/ask HTTP/1.1\r\nHost: {host}\r\nAccept: text/event-stream\r\n"
        kind = f"Content-Type: application/json\r\nContent-Length: {len(QUESTION)}\r\n\r\n"
        connection.sendall(f"{head}{kind}".encode() + QUESTION)
        got = b""
        while b"event: piece" not in got:
            part = connection.recv(4096)
            assert part, got
            got += part
    time.sleep(0.1)
    service.library.patience.set()
    assert service.library.closed.wait(10)


def test_head_goes_over_the_wire(address: str) -> None:
    """With the length of what GET would send, and nothing after it."""
    with urlopen(Request(f"{address}/v1/documents", method="HEAD")) as response:
        assert int(response.headers["content-length"]) > 100
        assert response.read() == b""


def test_the_front_says_what_is_where(service: Service, address: str) -> None:
    """To programs and to readers alike; each place is there."""
    wait_until(lambda: service.app.state.service.warmup.done)
    for accept in ("application/json", "text/html"):
        with urlopen(Request(f"{address}/", headers={"Accept": accept})) as response:
            text = response.read().decode()
            assert response.headers["content-type"].startswith(accept)
        assert all(place in text for place in LINKS.values())
    for place in LINKS.values():
        if place != "mcp":
            with urlopen(f"{address}/{place}") as response:
                assert response.status == 200


def test_a_page_may_be_mounted_on_all_the_rest(service: Service) -> None:
    """The service's own addresses stay its own, wrong methods and wrong names included."""

    async def page(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "websocket":
            raise WebSocketDisconnect
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"the page"})

    service.app.mount("/", page)
    with TestClient(service.app) as client:
        assert client.get("/").text == client.post("/gradio_api/queue/join").text == "the page"
        assert client.get("/v1/nowhere").status_code == 404
        assert client.delete("/v1/search").status_code == client.post("/healthz").status_code == 405
        assert client.get("/mcp").status_code == 405
        with pytest.raises(WebSocketDisconnect), client.websocket_connect("/v1/search"):
            pass


def test_a_server_opens_and_closes_its_library(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """Serving makes the library where there is none; its end is the library's end, too."""
    folder, opened = service.folder / "another", []
    open_library = Library.open

    def opening(*arguments: Any, **options: Any) -> Library:
        opened.append(open_library(*arguments, **options))
        return opened[-1]

    def serve(app: Any, **options: Any) -> None:
        assert (options["host"], options["port"], options["access_log"]) == ("127.0.0.1", 80, False)
        assert app.routes
        assert opened[0].documents() == []

    monkeypatch.setattr(Library, "open", opening)
    monkeypatch.setattr(uvicorn, "run", serve)
    monkeypatch.setattr(journal, "configure_logging", lambda: None)
    application.run(folder, service.settings, host="127.0.0.1", port=80)
    assert (folder / "catalog.db").exists()


def test_a_server_logs_in_lines(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Each an object of JSON; other libraries are heard from warnings on, whatever they are told."""
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [])
    monkeypatch.setattr(root, "level", root.level)
    for name in ("index", "uvicorn"):
        monkeypatch.setattr(logging.getLogger(name), "level", logging.NOTSET)
    journal.configure_logging()
    logging.getLogger("index.server.http").info("A \ud800 in %s", "Ü")
    logging.getLogger("somebody").info("not heard")
    logging.getLogger("somebody").warning("heard")
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [(line["level"], line["message"]) for line in lines] == [("info", "A ? in Ü"), ("warning", "heard")]


def test_importing_the_service_loads_no_server() -> None:
    """The command line imports it to answer --help."""
    heavy = {"fastapi", "starlette", "uvicorn", "mcp", "pydantic"}
    code = f"import sys, index.server.http; print(*{heavy} & sys.modules.keys())"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout == "\n"
