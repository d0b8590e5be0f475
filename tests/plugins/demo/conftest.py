"""A demo over a small published library, with a clock that tests move."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from starlette.testclient import TestClient

from index.library.library import Library
from index.server.http import create_app
from index.server.job_queue import Jobs
from index.server.uploads import Uploads
from index.settings import Settings
from tests.fakes import FakeEncoder
from tests.hosted import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fastapi import FastAPI
    from httpx2 import Response

    from index.plugins.demo.registry import Visitors


TREATY = "# Treaty\n\nThe king signed the treaty in the harbour. The queen kept a garden."
OIL = "The price of oil fell in summer. A horse cost more than a bridge."
COMET = "The comet fell into the desert in winter. Nobody wrote a letter about the comet."


class Clock:
    """A clock that stands still unless a test moves it."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Guest:
    """A visitor who sends the token in the header."""

    client: TestClient
    token: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    def send(self, method: str, path: str, **options: Any) -> Response:
        """Send a request in this visitor's name."""
        self.client.cookies.clear()
        named = {"X-Pincite-Visitor": self.token} if self.token else {}
        return self.client.request(method, path, headers={**named, **self.headers}, **options)

    def arrive(self) -> Guest:
        """Become a visitor."""
        self.token = self.send("GET", "/v1/visitor").json()["token"]
        return self

    def add(self, name: str, content: str | bytes) -> dict[str, Any]:
        """Upload a file, wait for its job, and return the job."""
        data = content.encode() if isinstance(content, str) else content
        response = self.send("POST", "/v1/documents", files={"files": (name, data)})
        assert response.status_code == 202, response.text
        address = response.headers["location"]
        wait_until(lambda: self.send("GET", address).json()["state"] not in ("waiting", "working"))
        job: dict[str, Any] = self.send("GET", address).json()
        return job

    def state(self) -> dict[str, Any]:
        """Return the state of the private library."""
        state: dict[str, Any] = self.send("GET", "/v1/visitor").json()
        return state

    def names(self) -> set[str]:
        """Return the names of all documents that the visitor sees."""
        return {info["source"] for info in self.send("GET", "/v1/documents").json()["documents"]}


@dataclass
class Demo:
    """A running demo."""

    client: TestClient
    app: FastAPI
    clock: Clock
    published: Path

    @property
    def visitors(self) -> Visitors:
        """The registry of the visitors."""
        visitors: Visitors = self.app.state.visitors
        return visitors

    def guest(self, **headers: str) -> Guest:
        """Return a new visitor."""
        return Guest(self.client, headers=headers).arrive()


def demo_settings(**changes: Any) -> Settings:
    """Return the settings of a demo with short passages."""
    return Settings(**{"passage_tokens": 32, "demo": True, **changes})


@contextmanager
def running_demo(folder: Path, settings: Settings) -> Iterator[Demo]:
    """Run a demo over two published documents."""
    files = folder / "files"
    files.mkdir()
    (files / "treaty.md").write_text(TREATY)
    (files / "oil.txt").write_text(OIL)
    with Library.open(folder / "published", settings, encoder=FakeEncoder()) as library:
        library.add(files)
        library.search("oil")
    with Library.open(folder / "published", settings, encoder=FakeEncoder(), immutable=True) as library:
        jobs = Jobs(library, settings, Uploads(library.folder / "uploads", settings))
        app = create_app(library, settings, jobs)
        clock = Clock()
        app.state.visitors._clock = clock
        with TestClient(app, base_url="http://127.0.0.1") as client:
            yield Demo(client, app, clock, folder / "published")
        jobs.close()


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Demo]:
    """A demo with the usual limits."""
    with running_demo(tmp_path, demo_settings()) as running:
        yield running
