"""How often a visitor, and all visitors at one address together, may do something."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Literal

from limits import RateLimitItemPerHour, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from index.errors import RateLimited

if TYPE_CHECKING:
    from limits import RateLimitItem

    from index.settings import Settings

Action = Literal["request", "question", "upload", "batch", "check", "visitor"]
_NAMES: dict[Action, str] = {
    "request": "requests",
    "question": "questions",
    "upload": "uploads",
    "batch": "batches of questions",
    "check": "texts to check",
    "visitor": "new visitors from your address",
}
_NEW_VISITORS = 30
"""Ids that one visitor's share of an address may get per minute: programs without cookies get one per request."""


class Rates:
    """Counts what visitors do. Safe to use from several threads."""

    def __init__(self, settings: Settings) -> None:
        self._limits: dict[Action, RateLimitItem] = {
            "request": RateLimitItemPerMinute(settings.demo_requests),
            "question": RateLimitItemPerMinute(settings.demo_questions),
            "upload": RateLimitItemPerHour(settings.demo_uploads),
            "batch": RateLimitItemPerHour(settings.demo_batches),
            "check": RateLimitItemPerHour(settings.demo_checks),
            "visitor": RateLimitItemPerMinute(_NEW_VISITORS),
        }
        share = settings.demo_address_share
        self._of_address = {
            action: type(limit)(limit.amount * share, limit.multiples) for action, limit in self._limits.items()
        }
        self._counter = MovingWindowRateLimiter(MemoryStorage())

    def admit(self, action: Action, visitor: str, address: str) -> None:
        """Count an action. Raises RateLimited if the visitor, or the address, has reached its limit."""
        limits = [(self._of_address[action], f"at {address}")]
        if action != "visitor":
            limits.append((self._limits[action], f"by {visitor}"))
        for limit, who in limits:
            if not self._counter.test(limit, action, who):
                raise RateLimited(_NAMES[action], _in_words(limit), self._seconds(limit, action, who))
        for limit, who in limits:
            self._counter.hit(limit, action, who)

    def _seconds(self, limit: RateLimitItem, *identifiers: str) -> int:
        """Return the seconds until the limit admits one more."""
        return max(1, math.ceil(self._counter.get_window_stats(limit, *identifiers).reset_time - time.time()))


def _in_words(limit: RateLimitItem) -> str:
    """Return `30 per minute`."""
    return f"{limit.amount:,} per {limit.GRANULARITY.name}"
