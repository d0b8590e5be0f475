"""The root of the error tree."""

from __future__ import annotations


class PinciteError(Exception):
    """The root: catch it to catch every error that Pincite raises on purpose."""

    hint: str = ""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        if hint:
            self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()
