"""Sessions and their cookies: lifetime, damage, several servers, and cookies that attackers send."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from index.errors import AccountFileDamaged
from index.plugins.team.sessions import SESSION, Pending, Sessions, cookie, set_cookie
from index.server.principals import Principal
from tests.plugins.team.conftest import running_team

if TYPE_CHECKING:
    from pathlib import Path


ADA = Principal("user", "1", "Ada", "ada@example.org", frozenset({"staff"}))
NOW = datetime(2027, 1, 1, tzinfo=UTC)


class Clock:
    """A clock that a test sets."""

    time = NOW

    def __call__(self) -> datetime:
        return self.time


def scope(*cookies: str, scheme: str = "http") -> dict[str, Any]:
    """Return the scope of a request with these cookie headers."""
    return {"type": "http", "scheme": scheme, "headers": [(b"cookie", value.encode("latin-1")) for value in cookies]}


def test_session_lasts_its_hours(tmp_path: Path) -> None:
    """It names the person until then, in other servers of the folder too, and is forgotten at the next sign-in."""
    clock = Clock()
    sessions = Sessions(tmp_path, 2, clock)
    token = sessions.begin(ADA)
    assert Sessions(tmp_path, 2, clock).find(token) == ADA
    clock.time = NOW + timedelta(hours=2) - timedelta(seconds=1)
    assert sessions.find(token) == ADA
    clock.time = NOW + timedelta(hours=2)
    assert sessions.find(token) is None
    sessions.begin(ADA)
    assert len(json.loads((tmp_path / "sessions.json").read_text())) == 1


def test_token_is_random_and_stored_as_a_hash(tmp_path: Path) -> None:
    """The file opens no session to its reader."""
    sessions = Sessions(tmp_path, 1)
    tokens = [sessions.begin(ADA) for _ in range(3)]
    stored = (tmp_path / "sessions.json").read_text()
    assert len(set(tokens)) == 3
    assert all(len(token) == 43 and token not in stored for token in tokens)
    assert all(sessions.find(digest) is None for digest in json.loads(stored))
    assert sessions.find("") is None


def test_sign_out_ends_one_session(tmp_path: Path) -> None:
    """The person's sessions in other browsers go on."""
    sessions = Sessions(tmp_path, 1)
    first, second = sessions.begin(ADA), sessions.begin(ADA)
    sessions.end(first)
    sessions.end("unknown")
    assert (sessions.find(first), sessions.find(second)) == (None, ADA)


@pytest.mark.parametrize("content", ["{", "[1]", '{"a": 1}'])
def test_damaged_file_lets_nobody_in(tmp_path: Path, content: str) -> None:
    """It is an error, and not an empty list of sessions: a sign-in must not overwrite it."""
    sessions = Sessions(tmp_path, 1)
    token = sessions.begin(ADA)
    (tmp_path / "sessions.json").write_text(content)
    with pytest.raises(AccountFileDamaged):
        sessions.find(token)
    with pytest.raises(AccountFileDamaged):
        sessions.begin(ADA)
    assert (tmp_path / "sessions.json").read_text() == content


def test_server_says_that_sessions_are_damaged(tmp_path: Path) -> None:
    """A visitor with a cookie gets 503; probes, the sign-in page and keys still work."""
    with running_team(tmp_path) as team:
        team.settings.accounts.mkdir(exist_ok=True)
        (team.settings.accounts / "sessions.json").write_text("{")
        headers = {"Cookie": f"{SESSION}={'x' * 43}"}
        assert team.client().get("/l/open/v1/stats", headers=headers).status_code == 503
        assert team.client().get("/sign-in", headers=headers).status_code == 200
        assert team.client().get("/healthz").status_code == 200
        assert team.client(team.key("reader")).get("/l/open/v1/stats").status_code == 200


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        (("pincite_session=a",), "a"),
        (("x=1; pincite_session=a; y=2",), "a"),
        (("x=1", "pincite_session=a"), "a"),
        (("pincite_session=a; pincite_session=b",), ""),
        (("pincite_session=a", "pincite_session=a"), ""),
        (("pincite_session",), ""),
        (("Pincite_session=a",), ""),
        (("__Host-pincite_session=a",), ""),
        (("x=" + "y" * 20_000 + "; pincite_session=a",), ""),
        ((), ""),
    ],
    ids=lambda value: str(value)[:50],
)
def test_cookie_counts_if_there_is_one(headers: tuple[str, ...], expected: str) -> None:
    """Two of one name come from a site of the same domain that wants to be the session."""
    assert cookie(SESSION, scope(*headers)) == expected


def test_cookie_over_https_belongs_to_the_host() -> None:
    """Its name has a prefix, without which it does not count there."""
    secure = scope("__Host-pincite_session=a; pincite_session=b", scheme="https")
    assert cookie(SESSION, secure) == "a"
    assert set_cookie(SESSION, "a", 60, secure).startswith("__Host-pincite_session=a; ")
    assert "Secure" not in set_cookie(SESSION, "a", 60, scope())


def test_pending_sign_in_is_signed_and_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another secret, a changed byte, or ten minutes, and nothing is left of it."""
    pending = Pending(b"s" * 64)
    sealed = pending.sealed({"state": "x"})
    assert pending.opened(sealed) == {"state": "x"}
    assert Pending(b"t" * 64).opened(sealed) is None
    middle = len(sealed) - 10  # the last letter of a signature has bits that do not count
    changed = sealed[:middle] + ("A" if sealed[middle] != "A" else "B") + sealed[middle + 1 :]
    assert pending.opened(changed) is None
    assert pending.opened(pending.sealed(["no", "object"])) is None  # type: ignore[arg-type]
    assert (pending.end("x"), pending.end("x"), pending.end("y")) == (True, False, True)
    import itsdangerous.timed

    later = int(datetime.now(UTC).timestamp()) + 601
    monkeypatch.setattr(itsdangerous.timed.TimestampSigner, "get_timestamp", lambda _: later)
    assert pending.opened(sealed) is None
