"""`pincite key` and `pincite serve --users`: output, exit codes, and which server starts."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from index.plugins.team.accounts import ApiKeys

if TYPE_CHECKING:
    from pathlib import Path

    from tests.command_line import Run


@pytest.fixture
def accounts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the accounts."""
    monkeypatch.setenv("PINCITE_ACCOUNTS", str(tmp_path / "accounts"))
    return tmp_path / "accounts"


def test_key_is_printed_once_and_listed_without_its_secret(run: Run, accounts: Path) -> None:
    """The key alone is on standard output, for scripts; the list tells roles, libraries and ends."""
    created = run("key", "create", "report", "--role", "curator", "--expires", "2w", "--only", "b", "--only", "a")
    key = created.out.strip()
    assert created.code == 0
    assert "cannot be shown again" in created.err
    found = ApiKeys(accounts).find(key)
    assert found is not None
    assert (found.role.word, found.libraries) == ("curator", ("a", "b"))
    listed = run("key", "list")
    assert "report: curator of a, b, expires 20" in listed.out
    assert "last used never" in listed.out
    assert key not in listed.out
    (facts,) = json.loads(run("key", "list", "--json").out)
    assert (facts["name"], facts["libraries"], facts["used"]) == ("report", ["a", "b"], "never")
    made = run("key", "create", "boss", "--role", "admin", "--expires", "never", "--json", "-q")
    assert ApiKeys(accounts).find(json.loads(made.out)["key"]) is not None
    assert made.err == ""


def test_revoked_key_is_gone(run: Run, accounts: Path) -> None:
    """Both the creation and the end are in the audit log, without the key."""
    key = run("key", "create", "report", "-q").out.strip()
    assert run("key", "revoke", "report").code == 0
    assert ApiKeys(accounts).find(key) is None
    lines = [json.loads(line) for line in (accounts / "audit.jsonl").read_text().splitlines()]
    assert [(line["action"], line["what"]) for line in lines] == [
        ("create key", ["report"]),
        ("revoke key", ["report"]),
    ]
    assert key not in (accounts / "audit.jsonl").read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["key", "revoke", "nothing"], "There is no key 'nothing'."),
        (["key", "create", "a", "--role", "king"], "There is no role 'king'."),
        (["key", "create", "a", "--expires", "soon"], "A key cannot expire after 'soon'."),
        (["serve", "--libraries", "x"], "--libraries needs --users."),
        (["serve", "--users", "--demo"], "A public demo has no accounts."),
        (["serve", "--users"], "Nobody could use a server with accounts"),
    ],
)
def test_mistake_is_exit_code_1(run: Run, accounts: Path, arguments: list[str], message: str) -> None:
    """Each error says what to do."""
    failed = run(*arguments)
    assert failed.code == 1
    assert message in failed.err
    assert len(failed.err.strip().splitlines()) >= 2


@pytest.mark.parametrize("api_only", [True, False])
def test_serve_starts_a_server_with_accounts(
    run: Run, accounts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, api_only: bool
) -> None:
    """It serves the library of the settings, or all libraries of the folder."""
    calls: list[Any] = []
    monkeypatch.setattr(
        "index.plugins.team.front.serve", lambda place, settings, make: calls.append((place, make is None))
    )
    options = ["--api-only"] if api_only else []
    assert run("serve", "--users", *options).code == 0
    assert run("serve", "--users", "--libraries", tmp_path / "all", "--port", "81", *options).code == 0
    assert [(place.folder, place.port, place.has_several, only) for place, only in calls] == [
        (tmp_path / "library", 7860, False, api_only),
        (tmp_path / "all", 81, True, api_only),
    ]
