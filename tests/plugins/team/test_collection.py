"""Several libraries in one folder: which are served, who may use them, and what a mistake or a damage does."""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING

import pytest

from index.errors import LibraryDamaged, SettingsError
from index.plugins.team import front
from index.plugins.team.collection import RulesFile, several
from index.plugins.team.front import require_usable
from index.settings import Settings
from tests.plugins.team.conftest import accounts_settings, build_team, fill, running_team

if TYPE_CHECKING:
    from pathlib import Path


def test_damaged_library_does_not_stop_the_others(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Its own address says so to those who may read it; everybody else gets the answer for an unknown library."""
    libraries = tmp_path / "libraries"
    libraries.mkdir()
    fill(libraries, {"open": {"a.txt": "The king signed the treaty."}, "broken": {"b.txt": "A horse."}})
    (libraries / "broken" / "catalog.db").write_bytes(b"\x00" * 4096)
    with caplog.at_level(logging.ERROR), running_team(tmp_path, {}) as team:
        assert "The library broken cannot be served" in caplog.text
        admin, outsider = team.client(team.key("admin")), team.client(team.key("reader", "open"))
        assert admin.get("/l/open/v1/stats").status_code == 200
        refused = admin.get("/l/broken/v1/stats")
        assert (refused.status_code, refused.json()["detail"]) == (503, "This library cannot be opened.")
        assert str(tmp_path) not in refused.text
        page = admin.get("/l/broken/", headers={"Accept": "text/html"})
        assert (page.status_code, "cannot be opened" in page.text) == (503, True)
        assert outsider.get("/l/broken/v1/stats").status_code == 404


def test_only_library_that_is_damaged_stops_the_server(tmp_path: Path) -> None:
    """With one library there is nothing else to serve."""
    fill(tmp_path, {"only": {"b.txt": "A horse."}})
    (tmp_path / "only" / "catalog.db").write_bytes(b"\x00" * 4096)
    with pytest.raises(LibraryDamaged):
        front.open_application(tmp_path / "only", accounts_settings(tmp_path), front.programs_only, has_several=False)


def test_folders_that_are_no_libraries_are_left_alone(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """An empty folder becomes a library; a folder of other files, a hidden one and a strange name do not."""
    for name in ("new", "photos", ".git", "a b", "\u202eevil"):
        (tmp_path / "libraries" / name).mkdir(parents=True)
    (tmp_path / "libraries" / "photos" / "cat.png").write_bytes(b"")
    with caplog.at_level(logging.WARNING):
        team = build_team(tmp_path, {})
    assert team.collection.names == ["new"]
    assert "photos is not served: it is not a library" in caplog.text
    assert not (tmp_path / "libraries" / "photos" / "catalog.db").exists()
    with team.running:
        assert team.client(team.key("admin")).get("/l/new/v1/documents").json()["documents"] == []


def test_folder_without_libraries_is_refused(tmp_path: Path) -> None:
    """The error says how to make one."""
    with pytest.raises(SettingsError, match="has no folder with a library") as raised:
        several(tmp_path, Settings(), front.programs_only)
    assert "pincite --library" in raised.value.hint
    with pytest.raises(SettingsError, match="cannot be read"):
        several(tmp_path / "missing", Settings(), front.programs_only)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('[papers]\nreaders = ["@example.org"]\nwriters = []\n', "line 3: there is no setting 'writers'"),
        ('[a]\n[papers]\ncurators = "ada"\n', "line 3: 'curators' is not a list of texts"),
        ("[papers]\nreaders = [1]\n", "line 2: 'readers' is not a list of texts"),
        ('[a]\nreaders = ["*"]\n[b]\nreaders = ["ada"]\n', "line 4: 'ada' names nobody"),
        ('[papers]\ntitle = ["x"]\n', "line 2: the title is not a text"),
        ('\npapers = "x"\n', "line 2: 'papers' is not a table"),
        ("[papers\n", r"not valid TOML: .*line 1"),
    ],
    ids=lambda value: value.splitlines()[-1][:30],
)
def test_mistake_in_the_rules_is_named_with_its_line(tmp_path: Path, text: str, problem: str) -> None:
    """At the start a mistake stops the server."""
    (tmp_path / "libraries.toml").write_text(text)
    with pytest.raises(SettingsError, match=problem) as raised:
        RulesFile(tmp_path / "libraries.toml").read(strict=True)
    assert re.search(r"Use|Write|Change", raised.value.hint)


def test_mistake_while_the_server_runs_keeps_the_former_rules(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A half-written file locks nobody out and lets nobody in; the log has the line, once."""
    path = tmp_path / "libraries.toml"
    path.write_text('[a]\nreaders = ["*"]\n')
    rules = RulesFile(path)
    assert rules.read()["a"].grants.readers == ("*",)
    path.write_text('[a]\nreaders = ["*", "root"]\n')
    with caplog.at_level(logging.ERROR):
        assert rules.read()["a"].grants.readers == ("*",)
        assert rules.read()["a"].grants.readers == ("*",)
    assert caplog.text.count("line 2: 'root' names nobody") == 1
    path.write_text("[a]\nreaders = []\n")
    assert rules.read()["a"].grants.readers == ()
    path.unlink()
    assert rules.read() == {}


def test_single_library_is_at_the_root(tmp_path: Path) -> None:
    """Without `--libraries` the addresses are those of a server without accounts."""
    from starlette.testclient import TestClient

    from index.plugins.team.accounts import ApiKeys

    fill(tmp_path, {"only": {"a.txt": "The king signed the treaty in the harbour."}})
    settings = accounts_settings(tmp_path)
    app = front.open_application(tmp_path / "only", settings, front.programs_only, has_several=False)
    keys = ApiKeys(settings.accounts)
    reader, elsewhere = keys.create("a", "reader", "1d"), keys.create("b", "reader", "1d", ["papers"])
    with TestClient(app, base_url="http://127.0.0.1", headers={"Authorization": f"Bearer {reader}"}) as client:
        answer = client.post("/v1/ask", json={"question": "Who signed the treaty?"})
        assert "The king" in answer.json()["statements"][0]["text"]
        assert client.get("/").json()["name"] == "Pincite"
        assert client.get("/metrics").status_code == 403
        assert client.get("/l/only/v1/stats").status_code == 404
        assert client.get("/healthz", headers={"Authorization": ""}).status_code == 200
        assert client.get("/v1/stats", headers={"Authorization": f"Bearer {elsewhere}"}).status_code == 403
        assert client.get("/sign-in", headers={"Authorization": ""}).status_code == 200


# Whether anybody could get in


def test_server_that_nobody_could_use_does_not_start(tmp_path: Path) -> None:
    """The error names what to set; a provider, a proxy or a key is enough."""
    with pytest.raises(SettingsError, match="Nobody could use") as raised:
        require_usable(accounts_settings(tmp_path))
    for name in ("PINCITE_OIDC_ISSUER", "PINCITE_PROXY_USER", "pincite key create"):
        assert name in raised.value.hint
    with pytest.raises(SettingsError, match="no proxy is trusted"):
        require_usable(accounts_settings(tmp_path, proxy_user="X-User"))
    with pytest.raises(SettingsError, match="without PINCITE_OIDC_CLIENT_ID"):
        require_usable(accounts_settings(tmp_path, oidc_issuer="https://id.example.org"))
    require_usable(accounts_settings(tmp_path, oidc_issuer="https://id.example.org", oidc_client_id="x"))
    require_usable(accounts_settings(tmp_path, proxy_user="X-User", trusted_proxies="127.0.0.1"))


@pytest.mark.parametrize(
    "values",
    [
        {"oidc_issuer": "http://id.example.org"}, {"oidc_issuer": "id.example.org"}, {"public_url": "http://example.org"},
        {"readers": "ada"}, {"admins": ["group:"]}, {"curators": "a@b@c"}, {"session_hours": 0},
    ],
    ids=str,
)  # fmt: skip
def test_unsafe_settings_are_refused(values: dict[str, object]) -> None:
    """A provider without HTTPS, and grants that name nobody."""
    with pytest.raises(SettingsError):
        Settings(**values)
    assert Settings(oidc_issuer="http://127.0.0.1:9", readers="ada@example.org, @lab.org group:x").readers == (
        "ada@example.org",
        "@lab.org",
        "group:x",
    )
