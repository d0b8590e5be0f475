"""Errors of publishing a library."""

from __future__ import annotations

from index.errors.pincite_error import PinciteError


class PublishError(PinciteError):
    """A library cannot be published as requested. Nothing was uploaded."""


class SecretsFound(PublishError):
    """Documents that would become public contain what looks like a secret; `documents` names them."""

    def __init__(self, documents: tuple[str, ...]) -> None:
        listed = ", ".join(documents[:5]) + (", …" if len(documents) > 5 else "")
        super().__init__(
            f"Nothing was published: secrets were found in {listed}.",
            "Remove each document (pincite remove NAME), or replace its file by one without the secret. "
            "If the finding is no secret, or may be public, decide so yourself: --allow-secrets NAME",
        )
        self.documents = documents


class FolderNotOurs(PublishError):
    """The target folder has files that no earlier publication wrote, or that were changed since."""

    def __init__(self, folder: str, reason: str) -> None:
        super().__init__(
            f"The folder {folder} is not overwritten: {reason}.",
            "Name a new or empty folder, or move your own files away.",
        )
        self.folder = folder
        self.reason = reason


class PushFailed(PublishError):
    """The folder was written, but the Hub did not accept it."""

    hint = "Check the name OWNER/NAME and your token (`hf auth login`, or the variable HF_TOKEN), and try again."
