"""Errors about a static site that is written from a library."""

from __future__ import annotations

from index.errors.publish_errors import PublishError


class SiteError(PublishError):
    """A library cannot be written as a static site."""


class SiteTooLarge(SiteError):
    """The library has more passages than a browser should search; `passages` and `limit` are the numbers."""

    def __init__(self, passages: int, limit: int) -> None:
        super().__init__(
            f"The library has {passages:,} passages, and a static site can have at most {limit:,}.",
            "Publish a smaller library, or publish this one as a container or a Space, which have no such limit.",
        )
        self.passages = passages
        self.limit = limit


class SiteEmpty(SiteError):
    """The library has no passage."""

    def __init__(self) -> None:
        super().__init__("The library is empty, so there is nothing to publish.", "Add files to it: pincite add PATH")


class NotASite(SiteError):
    """The folder holds something else than an earlier site."""

    def __init__(self, folder: str) -> None:
        super().__init__(
            f"The folder {folder} holds other files, and publishing would delete them.",
            "Name an empty or a new folder, or one with an earlier site, which is replaced.",
        )
        self.folder = folder
