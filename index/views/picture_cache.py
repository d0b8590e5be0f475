"""Keeps the last pictures of pages: a reader who zooms, or who steps back and forth, asks for the same ones again."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

CAPACITY = 4_000_000
"""Bytes of all kept pictures together."""


class PictureCache:
    """Pictures by key; the one that was not used for the longest time goes first. Thread-safe."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._kept: OrderedDict[Hashable, bytes] = OrderedDict()
        self._size = 0
        self._lock = threading.Lock()

    def get(self, key: Hashable, make: Callable[[], bytes]) -> bytes:
        """Return the picture with this key, which is made if it is not kept. What `make` raises is not kept."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        picture = make()
        with self._lock:
            self._store(key, picture)
        return picture

    def _store(self, key: Hashable, picture: bytes) -> None:
        if key in self._kept or len(picture) > self._capacity:
            return
        self._kept[key] = picture
        self._size += len(picture)
        while self._size > self._capacity:
            self._size -= len(self._kept.popitem(last=False)[1])
