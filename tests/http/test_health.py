"""Whether the server lives and can answer, and what it says of itself."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

from index.errors import EncoderError

if TYPE_CHECKING:
    from starlette.testclient import TestClient

    from tests.http.conftest import Service


def warm(client: TestClient) -> Any:
    """What /readyz says once the loading has ended."""
    for _ in range(500):
        response = client.get("/readyz")
        if "starting up" not in response.text:
            return response
    raise AssertionError("The loading does not end.")


def test_a_server_that_lives_says_so(client: TestClient) -> None:
    """And nothing else."""
    assert client.get("/healthz").json() == {"status": "ok"}


def test_a_server_is_ready_when_it_can_answer(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """Until then it lives, and says that it is not ready."""
    loading = threading.Event()

    def search(*_: Any, **__: Any) -> None:
        assert loading.wait(20)

    monkeypatch.setattr(service.library, "search", search)
    with service.client() as client:
        waiting = client.get("/readyz")
        assert (waiting.status_code, waiting.json()["detail"]) == (503, "The library is starting up.")
        assert client.get("/healthz").status_code == 200
        loading.set()
        assert (warm(client).status_code, warm(client).json()) == (200, {"status": "ok"})


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (EncoderError("There is no model in /srv/models.", "Put one there."), "urn:pincite:problem:encoder-error"),
        (RuntimeError("The key is under /srv/secret."), "urn:pincite:problem:library-error"),
    ],
    ids=["foreseen", "not foreseen"],
)
def test_a_server_that_cannot_answer_is_not_ready(
    service: Service, monkeypatch: pytest.MonkeyPatch, error: Exception, kind: str
) -> None:
    """What is wrong stands in the log; the response names no folder."""

    def search(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr(service.library, "search", search)
    with service.client() as client:
        response = warm(client)
    assert (response.status_code, response.json()["type"]) == (503, kind)
    assert "/srv" not in response.text


def test_a_library_that_cannot_be_read_is_not_ready(service: Service, client: TestClient) -> None:
    """Though it could be before."""
    assert warm(client).status_code == 200
    service.library.close()
    (service.library.folder / "catalog.db").write_bytes(b"no database at all" * 1000)
    assert warm(client).status_code == 503


def test_the_library_in_numbers(service: Service, client: TestClient) -> None:
    """All but where it lies."""
    told = client.get("/v1/stats").json()
    assert (told["documents"], told["passages"], told["made_with"][:6]) == (3, 4, "fake@1")
    assert "folder" not in told
