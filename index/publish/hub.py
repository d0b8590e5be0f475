"""Uploads a published folder to the Hugging Face Hub as a Space. Only this module imports huggingface_hub."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from index.errors import PublishError, PushFailed
from index.publish import manifest
from index.text.sentences import one_line

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

SDKS: Mapping[str, str] = {"space": "gradio", "static": "static"}
"""The kind of Space for each target that can be uploaded."""


class HubClient(Protocol):
    """The part of `huggingface_hub.HfApi` that an upload needs."""

    def create_repo(self, repo_id: str, **options: Any) -> Any:
        """Create a repository; with `exist_ok`, keep an existing one."""

    def upload_folder(self, **options: Any) -> Any:
        """Upload a folder in one commit."""


def require_pushable(target: str) -> None:
    """Raise PublishError if this target cannot be uploaded to the Hub."""
    if target not in SDKS:
        raise PublishError(
            f"A {target} cannot be pushed to the Hub.",
            "Only --to space and --to static can. Build the image and push it to a registry of yours.",
        )


def push(folder: Path, repository: str, *, hardware: str = "", client: HubClient | None = None) -> str:
    """Upload a published folder as a Space, in one commit that replaces all its files; return the Space's address.

    A Space that does not exist is created, with this `hardware`. Raises PublishError if the folder is not intact, and
    PushFailed if the Hub refuses or cannot be reached.
    """
    published = manifest.read(folder)
    require_pushable(published.target)
    if found := manifest.check(folder, published, below=("",)):
        raise PublishError(f"{found[0].what} So nothing was uploaded.", found[0].remedy)
    import httpx2
    from huggingface_hub import HfApi, errors

    hub: Any = client or HfApi(library_name="pincite")
    creation = {"space_hardware": hardware} if hardware else {}
    try:
        hub.create_repo(repository, repo_type="space", space_sdk=SDKS[published.target], exist_ok=True, **creation)
        hub.upload_folder(
            repo_id=repository,
            repo_type="space",
            folder_path=folder,
            commit_message=f"Publish {published.documents} documents",
            delete_patterns="*",  # files of an earlier publication go in the same commit
        )
    except (httpx2.HTTPError, errors.HFValidationError, errors.LocalTokenNotFoundError, OSError) as error:
        raise PushFailed(f"The Hub did not accept {repository}: {one_line(str(error))}.") from error
    return f"https://huggingface.co/spaces/{repository}"
