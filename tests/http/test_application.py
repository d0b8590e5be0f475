"""The service as a real server, over a real connection."""

from __future__ import annotations

import json
import logging
import socket
import sys
import time
from typing import TYPE_CHECKING, Any
from urllib.request import Request, urlopen

import pytest
import uvicorn
from starlette import requests
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from index.errors import SettingsError
from index.library.library import Library
from index.server.http import application
from index.server.http import service as service_module
from index.server.http.application import LINKS, add_index_page
from index.server.http.job_routes import page_address
from index.server.permissions import READER, Permission
from index.settings import Settings
from tests.cases import cases
from tests.hosted import hosted, wait_until
from tests.http.conftest import running_service

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.http.conftest import Service

QUESTION = json.dumps({"question": "Who signed the treaty?", "writer": "model"}).encode()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service with the index page, for a real server."""
    with running_service(tmp_path_factory.mktemp("served")) as service:
        add_index_page(service.app)
        yield service


@pytest.fixture(scope="module")
def address(served: Service) -> Iterator[str]:
    """The address of a real server over this service."""
    with hosted(served.app) as address:
        yield address


def test_client_disconnect_stops_the_answer(served: Service, address: str) -> None:
    """The client closes the connection during the stream, as an interrupted curl does."""
    served.library.patience.clear()
    host, port = address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        head = f"POST /v1/ask HTTP/1.1\r\nHost: {host}\r\nAccept: text/event-stream\r\n"
        kind = f"Content-Type: application/json\r\nContent-Length: {len(QUESTION)}\r\n\r\n"
        connection.sendall(f"{head}{kind}".encode() + QUESTION)
        received = b""
        while b"event: piece" not in received:
            part = connection.recv(4096)
            assert part, received
            received += part
    time.sleep(0.1)
    served.library.patience.set()
    assert served.library.closed.wait(10)


def test_index_page_lists_the_routes(served: Service, address: str) -> None:
    """Programs get JSON, readers get HTML, and every listed route exists."""
    wait_until(lambda: served.app.state.service.warmup.done)
    for accept in ("application/json", "text/html"):
        with urlopen(Request(f"{address}/", headers={"Accept": accept})) as response:
            text = response.read().decode()
            assert response.headers["content-type"].startswith(accept)
        assert all(link in text for link in LINKS.values())
    for link in LINKS.values():
        if link != "mcp":
            with urlopen(f"{address}/{link}") as response:
                assert response.status == 200


def test_mounted_page_does_not_take_over_service_routes(own_service: Service) -> None:
    """Wrong methods and unknown names below the service's routes remain errors."""

    @Permission(READER, counts_as="request")
    async def page(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "websocket":
            raise WebSocketDisconnect
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"the page"})

    own_service.app.mount("/", page)
    with TestClient(own_service.app) as client:
        assert client.get("/").text == client.post("/gradio_api/queue/join").text == "the page"
        assert client.get("/v1/nowhere").status_code == 404
        assert client.delete("/v1/search").status_code == client.post("/healthz").status_code == 405
        assert client.get("/mcp").status_code == 405
        with pytest.raises(WebSocketDisconnect), client.websocket_connect("/v1/search"):
            pass


def test_running_the_server_opens_and_closes_the_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The library is created if it does not exist."""
    folder, opened = tmp_path / "library", []
    open_library = Library.open

    def open_and_record(*arguments: Any, **options: Any) -> Library:
        opened.append(open_library(*arguments, **options))
        return opened[-1]

    def serve(server: uvicorn.Server) -> None:
        assert (server.config.host, server.config.port, server.config.access_log) == ("127.0.0.1", 0, False)
        assert opened[0].documents() == []
        server.started = True

    monkeypatch.setattr(Library, "open", open_and_record)
    monkeypatch.setattr(uvicorn.Server, "run", serve)
    monkeypatch.setattr(service_module, "configure_logging", lambda _: None)
    application.run(folder, Settings(), host="127.0.0.1", port=0)
    assert (folder / "catalog.db").exists()


@pytest.fixture
def own_log(monkeypatch: pytest.MonkeyPatch) -> None:
    """Restore the loggers after the test."""
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [])
    monkeypatch.setattr(root, "level", root.level)
    for name in ("index", "uvicorn", "index.server.http.access"):
        monkeypatch.setattr(logging.getLogger(name), "level", logging.NOTSET)


@pytest.mark.usefixtures("own_log")
def test_server_logs_json_lines(capsys: pytest.CaptureFixture[str]) -> None:
    """Other packages are logged from warnings on."""
    service_module.configure_logging("auto")
    logging.getLogger("index.server.http").info("A \ud800 in %s", "Ü")
    logging.getLogger("other").info("dropped")
    logging.getLogger("other").warning("kept")
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [(line["level"], line["message"]) for line in lines] == [("info", "A ? in Ü"), ("warning", "kept")]


@pytest.mark.usefixtures("own_log")
def test_terminal_gets_text(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A person reads messages, not the lines of ordinary requests; a failed request is a warning with its facts."""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    service_module.configure_logging("auto")
    logging.getLogger("index.server.http").info("Open %s", "http://127.0.0.1:7860")
    access = logging.getLogger("index.server.http.access")
    access.info("request", extra={"facts": {"status": 200}})
    access.warning("request", extra={"facts": {"status": 500}})
    expected = "Open http://127.0.0.1:7860\nWarning: request status=500\n"
    assert capsys.readouterr().err == expected
    service_module.configure_logging("json")
    logging.getLogger("index").info("asked for")
    assert json.loads(capsys.readouterr().err)["message"] == "asked for"


ADDRESSES = {
    ("127.0.0.1", ""): "http://127.0.0.1:80",
    ("0.0.0.0", ""): "http://127.0.0.1:80",
    ("::", ""): "http://[::1]:80",
    ("fe80::1", ""): "http://[fe80::1]:80",
    ("0.0.0.0", "https://files.example.org"): "https://files.example.org",
}


@cases(("host", "public"), ADDRESSES)
def test_address_to_open_works_in_a_browser(host: str, public: str) -> None:
    """An address that means all addresses of a machine is none that a browser opens."""
    assert application.address_to_open(Settings(public_url=public), host, 80) == ADDRESSES[host, public]


@pytest.mark.parametrize(
    ("public", "server"), [("", "http://10.0.0.5"), ("https://files.example.org/", "https://files.example.org")]
)
def test_links_of_exports_use_the_public_address(public: str, server: str) -> None:
    """Without one they use the address of the request."""
    headers = [(b"host", b"10.0.0.5")]
    request = requests.Request(
        {"type": "http", "scheme": "http", "path": "/", "root_path": "/l/notes", "headers": headers}
    )
    assert page_address(Settings(public_url=public), request) == f"{server}/l/notes"


def test_used_port_is_refused_before_the_library_is_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says how to choose another; loading the library and the models takes seconds."""
    monkeypatch.setattr(service_module, "configure_logging", lambda _: None)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(SettingsError, match=f"cannot listen at 127.0.0.1, port {port}") as caught:
            application.run(tmp_path / "library", Settings(), host="127.0.0.1", port=port)
    assert "--port" in str(caught.value.hint)
    assert not (tmp_path / "library").exists()


def test_started_server_says_which_address_to_open(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It says so when it accepts connections, and not if another program has the port."""

    async def stop(_: uvicorn.Server) -> None:
        return None

    async def app(scope: Any, receive: Any, send: Any) -> None:
        return None

    monkeypatch.setattr(uvicorn.Server, "main_loop", stop)
    caplog.set_level(logging.INFO, "index")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(SystemExit):
            application.listen(app, Settings(), host="127.0.0.1", port=port)
        assert "Open http" not in caplog.text
    application.listen(app, Settings(), host="127.0.0.1", port=port)
    assert f"Open http://127.0.0.1:{port}" in caplog.text
