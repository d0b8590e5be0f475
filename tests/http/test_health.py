"""Health and readiness of the server, and its figures."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

from index.errors import EncoderError

if TYPE_CHECKING:
    from starlette.testclient import TestClient

    from tests.http.conftest import Service


def wait_until_loaded(client: TestClient) -> Any:
    """Wait until loading has ended and return the response of /readyz."""
    for _ in range(500):
        response = client.get("/readyz")
        if "starting up" not in response.text:
            return response
    raise AssertionError("Loading did not end.")


def test_server_is_ready_once_the_library_is_loaded(own_service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """Until then it is healthy but not ready."""
    loading = threading.Event()

    def search(*_: Any, **__: Any) -> None:
        assert loading.wait(20)

    monkeypatch.setattr(own_service.library, "search", search)
    with own_service.client() as client:
        waiting = client.get("/readyz")
        assert (waiting.status_code, waiting.json()["detail"]) == (503, "The library is starting up.")
        assert client.get("/healthz").json() == {"status": "ok"}
        loading.set()
        assert (wait_until_loaded(client).status_code, wait_until_loaded(client).json()) == (200, {"status": "ok"})


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (EncoderError("There is no model in /srv/models.", "Put one there."), "urn:pincite:problem:encoder-error"),
        (RuntimeError("The key is under /srv/secret."), "urn:pincite:problem:library-error"),
    ],
    ids=["expected", "unexpected"],
)
def test_server_with_a_failing_library_is_not_ready(
    own_service: Service, monkeypatch: pytest.MonkeyPatch, error: Exception, kind: str
) -> None:
    """The log has the reason; the response does not reveal a folder."""

    def search(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr(own_service.library, "search", search)
    with own_service.client() as client:
        response = wait_until_loaded(client)
    assert (response.status_code, response.json()["type"]) == (503, kind)
    assert "/srv" not in response.text


def test_server_with_a_damaged_library_is_not_ready(own_service: Service, own_client: TestClient) -> None:
    """The damage is noticed even if the library was readable before."""
    assert wait_until_loaded(own_client).status_code == 200
    own_service.library.close()
    (own_service.library.folder / "catalog.db").write_bytes(b"no database at all" * 1000)
    assert wait_until_loaded(own_client).status_code == 503


def test_stats_route_returns_the_library_s_figures(service: Service, client: TestClient) -> None:
    """It does not reveal the folder."""
    stats = client.get("/v1/stats").json()
    assert (stats["documents"], stats["passages"], stats["made_with"][:6]) == (3, 4, "fake@1")
    assert "folder" not in stats
