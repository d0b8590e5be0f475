"""The daily budget of tokens for answers by a language model: of the whole demo, and of each visitor."""

from __future__ import annotations

import threading
import time
from collections import Counter
from typing import TYPE_CHECKING

from index.errors import BudgetSpent

if TYPE_CHECKING:
    from collections.abc import Callable

    from index.settings import Settings

_DAY = 24 * 3600


class TokenBudget:
    """Counts the tokens of each UTC day. An answer counts as the most that it may cost, so no budget is ever exceeded.

    Visitors are counted by their address, because anybody can become a new visitor.
    """

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.time) -> None:
        self._most = settings.demo_tokens
        self._most_each = settings.demo_visitor_tokens
        self._cost = settings.llm_budget + settings.llm_tokens
        self._clock = clock
        self._lock = threading.Lock()
        self._day = 0
        self._spent: Counter[str] = Counter()

    def spend(self, address: str) -> None:
        """Count one answer. Raises BudgetSpent if the visitor's budget, or the demo's, does not cover it."""
        with self._lock:
            day, second = divmod(int(self._clock()), _DAY)
            if day != self._day:
                self._day = day
                self._spent.clear()
            for whose, spent, most in (
                ("Your budget", self._spent[address], self._most_each),
                ("This demo's budget", self._spent.total(), self._most),
            ):
                if spent + self._cost > most:
                    raise BudgetSpent(whose, _DAY - second)
            self._spent[address] += self._cost
