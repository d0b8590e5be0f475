"""API keys: what is stored, what they open, when they end, and what happens if their file is damaged."""

from __future__ import annotations

import json
import re
import stat
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from index.errors import AccountFileDamaged, AccountsError, AccountsNotWritable, SettingsError
from index.plugins.team.accounts import PREFIX, AccountFile, ApiKeys, shared_secret
from index.server.principals import Role

if TYPE_CHECKING:
    from pathlib import Path


NOW = datetime(2027, 1, 1, tzinfo=UTC)


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.time = NOW

    def __call__(self) -> datetime:
        return self.time


@pytest.fixture
def clock() -> Clock:
    """A clock at the beginning of a year."""
    return Clock()


@pytest.fixture
def keys(tmp_path: Path, clock: Clock) -> ApiKeys:
    """An empty folder of keys."""
    return ApiKeys(tmp_path / "accounts", clock)


def test_key_is_random_recognisable_and_stored_as_a_hash(keys: ApiKeys, tmp_path: Path) -> None:
    """256 bits after a fixed prefix; the folder of keys opens nothing to its reader, and only its owner can read it."""
    made = [keys.create(f"key {number}", "reader", "90d") for number in range(3)]
    assert len({*made}) == 3
    assert all(re.fullmatch(PREFIX + r"[\w-]{43}", key) for key in made)
    stored = (tmp_path / "accounts" / "keys.json").read_text()
    assert not any(key[len(PREFIX) :] in stored for key in made)
    assert all(re.fullmatch("[0-9a-f]{64}", digest) for digest in json.loads(stored))
    assert stat.S_IMODE((tmp_path / "accounts").stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "accounts").iterdir()} == {0o600}


def test_key_opens_until_it_expires(keys: ApiKeys, clock: Clock) -> None:
    """The last moment is excluded; `never` means never."""
    day, forever = keys.create("day", "curator", "24h"), keys.create("forever", "admin", "never")
    found = keys.find(day)
    assert found is not None
    assert (found.name, found.role, found.libraries) == ("day", Role.CURATOR, None)
    clock.time = NOW + timedelta(hours=24, microseconds=-1)
    assert keys.find(day) is not None
    clock.time = NOW + timedelta(hours=24)
    assert keys.find(day) is None
    clock.time = NOW + timedelta(days=30_000)
    assert keys.find(forever) is not None


@pytest.mark.parametrize(
    "change", [str.upper, str.lower, lambda key: key[:-1], lambda key: key + "A", lambda _: "", str]
)
def test_only_the_exact_key_opens(keys: ApiKeys, change: object) -> None:
    """A key with another letter, and the hash itself, open nothing."""
    key = keys.create("mine", "reader", "1d")
    assert callable(change)
    presented = change(key)
    assert (keys.find(presented) is not None) == (presented == key)
    digest = next(iter(keys._keys.read()))
    assert keys.find(digest) is None


def test_revoked_key_ends_at_once_in_other_processes(keys: ApiKeys, tmp_path: Path) -> None:
    """A server that has read the file before notices the change."""
    key = keys.create("mine", "reader", "1d")
    server = ApiKeys(tmp_path / "accounts", keys._clock)
    assert server.find(key) is not None
    keys.revoke("mine")
    assert server.find(key) is None
    with pytest.raises(AccountsError, match="no key 'mine'"):
        keys.revoke("mine")


def test_last_use_is_written_once_a_minute(keys: ApiKeys, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """Later uses within the minute cost no write."""
    key = keys.create("mine", "reader", "1d")
    assert keys.listed()[0].used is None
    ticks = iter([100.0, 130.0, 161.0])
    monkeypatch.setattr("index.plugins.team.accounts.time.monotonic", lambda: next(ticks))
    assert [keys.is_use_due(key) for _ in range(3)] == [True, False, True]
    keys.note_use(key)
    clock.time = NOW + timedelta(hours=1)
    assert keys.listed()[0].used == NOW
    keys.revoke("mine")
    other = keys.create("other", "reader", "1d")
    keys.note_use(other)
    assert len(keys._uses.read()) == 1


def test_names_are_unique_and_plain(keys: ApiKeys) -> None:
    """A second key of a name, and names, roles and periods that are none, are refused with what to do."""
    keys.create("mine", "reader", "1d")
    with pytest.raises(AccountsError, match="already"):
        keys.create("mine", "admin", "1d")
    for name, role, expires in (
        ("a\n", "reader", "1d"),
        ("", "reader", "1d"),
        ("b", "none", "1d"),
        ("b", "king", "1d"),
    ):
        with pytest.raises(SettingsError):
            keys.create(name, role, expires)
    for expires in ("", "0d", "-1d", "90", "1y", "1.5d", "999999d"):
        with pytest.raises(SettingsError, match="cannot expire") as raised:
            keys.create("b", "reader", expires)
        assert "90d" in raised.value.hint
    assert [key.name for key in keys.listed()] == ["mine"]


@pytest.mark.parametrize("content", ["", "{", "[]", "null", '{"a": 1}', "\x00" * 50, "[" * 100_000])
def test_damaged_file_opens_nothing_and_is_kept(keys: ApiKeys, tmp_path: Path, content: str) -> None:
    """A damaged file is an error that names it. It is not overwritten, so that it can be repaired."""
    key = keys.create("mine", "reader", "1d")
    path = tmp_path / "accounts" / "keys.json"
    path.write_text(content)
    for use in (lambda: keys.find(key), keys.listed, lambda: keys.create("other", "reader", "1d")):
        with pytest.raises(AccountFileDamaged, match=re.escape(str(path))):
            use()
    assert path.read_text() == content


def test_entries_of_another_version_open_nothing(keys: ApiKeys, tmp_path: Path) -> None:
    """An entry that is not understood, such as one with an unknown role, is no key; others still are."""
    key, other = keys.create("mine", "reader", "1d"), keys.create("other", "reader", "1d")
    path = tmp_path / "accounts" / "keys.json"
    content = json.loads(path.read_text())
    next(iter(content.values()))["role"] = "emperor"
    path.write_text(json.dumps(content))
    assert keys.find(key) is None
    assert keys.find(other) is not None
    assert [known.name for known in keys.listed()] == ["other"]


def test_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """A file in the place of the folder."""
    (tmp_path / "accounts").write_text("")
    with pytest.raises(AccountsNotWritable, match="accounts"):
        ApiKeys(tmp_path / "accounts").create("mine", "reader", "1d")


CREATE = """
import sys
from pathlib import Path
from index.plugins.team.accounts import ApiKeys
for number in range(10):
    ApiKeys(Path(sys.argv[1])).create(f"{sys.argv[2]} {number}", "reader", "1d")
"""


def test_processes_create_keys_at_the_same_time(tmp_path: Path) -> None:
    """Three processes create ten keys each; none is lost."""
    command = [sys.executable, "-c", CREATE, str(tmp_path / "accounts")]
    processes = [subprocess.Popen([*command, name]) for name in "abc"]
    assert [process.wait(60) for process in processes] == [0, 0, 0]
    assert len(ApiKeys(tmp_path / "accounts").listed()) == 30
    assert not list((tmp_path / "accounts").glob("*.part"))


def test_secret_is_made_once_and_shared(tmp_path: Path) -> None:
    """All processes of a folder get the same 256 bits; a secret that somebody has shortened is refused."""
    first = shared_secret(tmp_path / "accounts")
    assert len(first) == 64
    assert shared_secret(tmp_path / "accounts") == first
    AccountFile(tmp_path / "accounts" / "secret.json").change(lambda content: content.update(signing={"secret": "x"}))
    with pytest.raises(AccountFileDamaged, match="too short"):
        shared_secret(tmp_path / "accounts")
