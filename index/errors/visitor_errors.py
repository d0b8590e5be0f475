"""Errors of a public demo: a visitor has reached a limit, or may not change what is published."""

from __future__ import annotations

from index.errors.service_errors import ServiceError

_MINUTE = 60
_HOUR = 3600


class RateLimited(ServiceError):
    """A visitor, or everybody at the visitor's address, did something too often; `seconds` is when to try again."""

    def __init__(self, what: str, limit: str, seconds: int) -> None:
        super().__init__(
            f"Too many {what}: this demo allows {limit}.",
            f"Try again in {in_words(seconds)}. On your own machine, Pincite has no such limit.",
        )
        self.seconds = seconds


class PrivateLibraryFull(ServiceError):
    """A visitor's private library would become larger than a demo allows."""

    def __init__(self, limit: str) -> None:
        super().__init__(
            f"Your private library is full: this demo allows {limit}.",
            "Remove a document first, or delete all of yours. On your own machine, Pincite has no such limit.",
        )


class DemoFull(ServiceError):
    """The visitors' libraries together use all the disk space of a demo."""

    def __init__(self) -> None:
        super().__init__(
            "The space for the documents of all visitors is full.",
            "Ask about the published documents, or try again in a few minutes.",
        )


class PublishedDocument(ServiceError):
    """A visitor tries to remove a published document."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"{name} is published here, so visitors cannot remove it.",
            "You can remove the documents that you added yourself.",
        )


class BudgetSpent(ServiceError):
    """The language model's tokens of the day are used up: the visitor's, or those of the whole demo."""

    def __init__(self, whose: str, seconds: int) -> None:
        super().__init__(
            f"{whose} for answers by the language model is used up for today.",
            "Answers that quote the documents go on as before: choose Quote.",
        )
        self.seconds = seconds


def in_words(seconds: float) -> str:
    """Return a time such as `1 second`, `50 seconds`, `3 minutes` or `2 hours`, rounded up."""
    for unit, length in (("hour", _HOUR), ("minute", _MINUTE), ("second", 1)):
        if seconds > length or length == 1:
            number = max(1, -(-int(seconds) // length))
            return f"{number} {unit}" + ("s" if number > 1 else "")
    raise AssertionError
