"""How often a visitor, and all visitors at one address together, may do something."""

from __future__ import annotations

import math
import threading
import time
from typing import TYPE_CHECKING, Literal

from limits import RateLimitItemPerHour, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from index.errors import RateLimited
from index.server.permissions import Limited

if TYPE_CHECKING:
    from collections.abc import Sequence

    from limits import RateLimitItem

    from index.settings import Settings

Action = Limited | Literal["visitor"]
_NAMES: dict[Action, str] = {
    "request": "requests",
    "question": "questions",
    "upload": "uploads",
    "batch": "batches of questions",
    "check": "texts to check",
    "kept": "comparisons and exports of kept quotes",
    "visitor": "new visitors from your address",
}
_KEPT_SECONDS = 2 * 3600.0
"""Seconds after its last action for which a visitor's counts are kept: longer than any limit looks back."""
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
            "kept": RateLimitItemPerHour(settings.demo_kept),
            "visitor": RateLimitItemPerMinute(_NEW_VISITORS),
        }
        share = settings.demo_address_share
        self._of_address = {
            action: type(limit)(limit.amount * share, limit.multiples) for action, limit in self._limits.items()
        }
        self._counter = MovingWindowRateLimiter(MemoryStorage())
        self._lock = threading.Lock()
        self._seen: dict[str, float] = {}
        """When each visitor and address was counted last; the one whose last action is longest ago comes first."""

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
        self._forget_old([who for _, who in limits])

    def _forget_old(self, counted: Sequence[str]) -> None:
        """Forget who has not been counted for long: the library that counts would keep their names forever."""
        now = time.monotonic()
        with self._lock:
            for who in counted:
                self._seen.pop(who, None)
                self._seen[who] = now
            while self._seen[oldest := next(iter(self._seen))] < now - _KEPT_SECONDS:
                del self._seen[oldest]
                for action in self._limits:
                    for limit in (self._limits[action], self._of_address[action]):
                        self._counter.clear(limit, action, oldest)

    def _seconds(self, limit: RateLimitItem, *identifiers: str) -> int:
        """Return the seconds until the limit admits one more."""
        return max(1, math.ceil(self._counter.get_window_stats(limit, *identifiers).reset_time - time.time()))


def _in_words(limit: RateLimitItem) -> str:
    """Return `30 per minute`."""
    return f"{limit.amount:,} per {limit.GRANULARITY.name}"
