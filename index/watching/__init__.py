"""Watch: keeps a library in sync with folders until it is stopped.

File system events only say where to metadata. A file is read when it has not changed for a while, and then synced as
`sync` does. Events can be lost, so all folders are scanned from time to time, too.
"""

from __future__ import annotations

from index.watching.following import Pace, WatchCallback, Watching

__all__ = ["Pace", "WatchCallback", "Watching"]
