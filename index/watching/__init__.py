"""Folders that a library follows for as long as one likes.

Events only say where to look (`listening`); a file is read when it has come to rest (`resting`); what is done then is
what `sync` does (`following`). Events can be lost, so everything is looked at from outside now and then, too.
"""

from __future__ import annotations

from index.watching.following import Pace, WatchCallback, Watching

__all__ = ["Pace", "WatchCallback", "Watching"]
