"""Uploads happen only if told to, of intact folders only, and failures of the Hub are explained."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from huggingface_hub import HfApi
from huggingface_hub.errors import HFValidationError, LocalTokenNotFoundError

from index.errors import PublishError
from index.plugins.publish import hosts
from tests.cases import cases
from tests.plugins.publish.conftest import published

if TYPE_CHECKING:
    from pathlib import Path

    from index.library.library import Library


class FakeHub:
    """Records the calls; the last one fails with `error`, if there is one."""

    def __init__(self, error: Exception | None = None) -> None:
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self._error = error

    def create_repo(self, repo_id: str, **options: Any) -> None:
        """Record the call."""
        self.calls.append(("create_repo", {"repo_id": repo_id, **options}))

    def upload_folder(self, **options: Any) -> None:
        """Record the call, or fail."""
        self.calls.append(("upload_folder", options))
        if self._error:
            raise self._error


@pytest.fixture(scope="module")
def folder(kept_shelf: Library, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A published Space, in which each test restores what it changes."""
    folder = tmp_path_factory.mktemp("hub") / "demo"
    published(kept_shelf, folder)
    return folder


def test_upload_replaces_all_files_in_one_commit(folder: Path) -> None:
    """The Space is made if it is not there, on the hardware that was named.

    The arguments are those of `HfApi`, so that the fake does not hide a change of it.
    """
    client = FakeHub()
    address = hosts.push(folder, "jo/notes", hardware="zero-a10g", client=client)
    assert address == "https://huggingface.co/spaces/jo/notes"
    for name, options in client.calls:
        inspect.signature(getattr(HfApi, name)).bind(None, **options)
    (_, created), (_, uploaded) = client.calls
    assert created == {
        "repo_id": "jo/notes",
        "repo_type": "space",
        "space_sdk": "gradio",
        "exist_ok": True,
        "space_hardware": "zero-a10g",
    }
    assert uploaded.pop("commit_message") == "Publish 2 documents"
    assert uploaded == {"repo_id": "jo/notes", "repo_type": "space", "folder_path": folder, "delete_patterns": "*"}


@pytest.mark.parametrize("damaged", ["app.py", "private.txt", "manifest.json"])
def test_damaged_folder_is_not_uploaded(folder: Path, damaged: str) -> None:
    """Changed, without a manifest, or with a file that somebody put there by mistake, which would become public."""
    file = folder / damaged
    before = file.read_bytes() if file.exists() else None
    file.unlink() if damaged == "manifest.json" else file.write_text("x")
    client = FakeHub()
    with pytest.raises(PublishError):
        hosts.push(folder, "jo/notes", client=client)
    assert client.calls == []
    file.unlink() if before is None else file.write_bytes(before)


def test_container_cannot_be_pushed() -> None:
    """The error says what to do with it."""
    with pytest.raises(PublishError, match="registry"):
        hosts.require_pushable("container")


@cases(
    "error",
    [
        httpx2.ConnectError("no route"),
        HFValidationError("bad name"),
        LocalTokenNotFoundError("no token"),
        OSError("disk"),
    ],
)
def test_failure_of_the_hub_is_explained(folder: Path, error: Exception) -> None:
    """The folder stays, and the hint names the token."""
    with pytest.raises(PublishError, match="hf auth login"):
        hosts.push(folder, "jo/notes", client=FakeHub(error))
    assert (folder / "manifest.json").exists()
