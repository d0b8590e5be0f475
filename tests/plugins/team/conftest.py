"""A team's server of two libraries with a readable encoder, called without a network."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from starlette.testclient import TestClient

from index.library.library import Library
from index.page import create_app
from index.plugins.team import front
from index.plugins.team.accounts import ApiKeys
from index.settings import Settings
from tests.fakes import FakeEncoder

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from fastapi import FastAPI
    from starlette.types import ASGIApp

    from index.plugins.team.collection import Collection, MakeApplication


OPEN, SECRET = "open", "vault-q7"
TREATY = "The king signed the treaty in the harbour. Winter had closed the river before the letter arrived."
WHALE = "The whale swam under the bridge of glass. The queen kept a garden."
DOCUMENTS = {OPEN: {"treaty.txt": TREATY}, SECRET: {"whale.txt": WHALE}}


@dataclass
class Team:
    """A server with accounts, and its folders."""

    app: ASGIApp
    folder: Path
    settings: Settings
    keys: ApiKeys
    running: TestClient
    """The client that runs the server; all others share its event loop."""

    def client(self, key: str = "", **options: Any) -> TestClient:
        """Return a client, with a key if one is given."""
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        options = {"base_url": "http://127.0.0.1", "headers": headers, "follow_redirects": False, **options}
        client = TestClient(self.app, **options)
        client.portal = self.running.portal
        return client

    def key(self, role: str, *libraries: str, expires: str = "1d") -> str:
        """Create a key."""
        name = f"{role} {' '.join(libraries)} {len(self.keys.listed())}"
        return self.keys.create(name, role, expires, libraries)

    def library_app(self, name: str) -> FastAPI:
        """Return the application of a library."""
        served = self.collection.find(name)
        assert served is not None
        assert served.app is not None
        return served.app

    @property
    def collection(self) -> Collection:
        """The server's libraries."""
        app: Any = self.app
        found: Collection = app.collection
        return found

    @property
    def audited(self) -> list[dict[str, Any]]:
        """The lines of the audit log."""
        path = self.settings.accounts / "audit.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def fill(folder: Path, documents: Mapping[str, Mapping[str, str]]) -> None:
    """Make a library in each subfolder, of documents given by their names."""
    for name, files in documents.items():
        sources = folder.parent / "sources" / name
        sources.mkdir(parents=True, exist_ok=True)
        for file, text in files.items():
            (sources / file).write_text(text)
        with Library.open(folder / name, Settings(passage_tokens=32), encoder=FakeEncoder()) as library:
            library.add(sources)


def accounts_settings(folder: Path, **values: Any) -> Settings:
    """Return the settings of a server whose accounts are in a folder."""
    return Settings(accounts=folder / "accounts", passage_tokens=32, **values)


def build_team(
    folder: Path,
    documents: Mapping[str, Mapping[str, str]] = DOCUMENTS,
    make: MakeApplication = front.programs_only,
    rules: str = "",
    **values: Any,
) -> Team:
    """Return a server of libraries of these documents, which does not run yet."""
    libraries = folder / "libraries"
    libraries.mkdir(parents=True, exist_ok=True)
    fill(libraries, documents)
    if rules:
        (libraries / "libraries.toml").write_text(rules)
    settings = accounts_settings(folder, **values)
    app = front.open_application(libraries, settings, make, has_several=True)
    return Team(app, libraries, settings, ApiKeys(settings.accounts), TestClient(app))


@contextmanager
def running_team(folder: Path, *arguments: Any, **options: Any) -> Iterator[Team]:
    """Serve libraries until the block ends; see `build_team`."""
    team = build_team(folder, *arguments, **options)
    with team.running:
        yield team


@pytest.fixture(scope="module", autouse=True)
def _fake_encoder() -> Iterator[None]:
    """Let all libraries of these tests use the fake encoder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("index.encoders.encoder.load_encoder", lambda _: FakeEncoder())
        yield


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Team]:
    """A server for programs."""
    with running_team(tmp_path_factory.mktemp("team")) as team:
        yield team


@pytest.fixture(scope="module")
def team_with_pages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Team]:
    """A server with pages."""
    with running_team(tmp_path_factory.mktemp("pages"), make=create_app) as team:
        yield team
