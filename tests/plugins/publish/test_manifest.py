"""The manifest proves that a published folder is complete and unchanged."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from index.errors import PublishError
from index.plugins.publish import hosts
from index.plugins.publish.hosts import Manifest

if TYPE_CHECKING:
    from pathlib import Path


FACTS: dict[str, Any] = {
    "target": "space",
    "title": "T",
    "made_at": "2026",
    "made_with": "p",
    "documents": 1,
    "passages": 2,
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a protected file, a file that its owner may edit, and a manifest."""
    for name in ("library/catalog.db", "index/a.py", "README.md"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    Manifest(**FACTS, questions=("Who?",)).write(tmp_path)
    return tmp_path


def test_manifest_is_read_as_written(folder: Path) -> None:
    """It names each file but itself, and an intact folder passes."""
    found = hosts.require_intact(folder)
    assert found.questions == ("Who?",)
    assert set(found.files) == {"library/catalog.db", "index/a.py", "README.md"}
    assert hosts.check(folder, found, below=("",)) == []


def test_owner_may_edit_and_add_files_outside_the_protected_folders(folder: Path) -> None:
    """A README is for people; git adds files of its own, and Python writes bytecode beside the package where it may."""
    (folder / "index" / "__pycache__").mkdir()
    (folder / "index" / "__pycache__" / "a.pyc").write_bytes(b"x")
    (folder / "README.md").write_text("mine")
    (folder / "NEWS").write_text("mine")
    hosts.require_intact(folder)
    assert len(hosts.check(folder, hosts.read(folder), below=("",))) == 2


@pytest.mark.parametrize("damage", ["change", "remove", "add", "link"])
def test_damage_is_named(folder: Path, damage: str) -> None:
    """The program does not start from a library that is not the published one."""
    file = folder / "library" / "catalog.db"
    if damage == "change":
        file.write_text("library/catalog.dB")
    elif damage == "add":
        file.with_name("more").write_text("x")
    else:
        file.unlink()
        if damage == "link":
            file.symlink_to(folder / "README.md")
    with pytest.raises(PublishError, match="library/"):
        hosts.require_intact(folder)


@pytest.mark.parametrize(
    "change",
    [
        {"format": "x"},
        {"version": 2},
        {"files": {"../x": {"bytes": 1, "sha256": ""}}},
        {"files": {"/x": {}}},
        {"more": 1},
    ],
)
def test_foreign_manifest_is_refused(folder: Path, change: dict[str, Any]) -> None:
    """Neither another format nor names outside the folder are believed."""
    path = folder / hosts.NAME
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(PublishError, match=r"manifest\.json"):
        hosts.read(folder)


@pytest.mark.parametrize("text", ["", "[]", "{", "null"])
def test_damaged_manifest_is_refused(folder: Path, text: str) -> None:
    """Whatever it contains, the error is ours."""
    (folder / hosts.NAME).write_text(text)
    with pytest.raises(PublishError, match="Publish the library again"):
        hosts.read(folder)
