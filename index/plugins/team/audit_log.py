"""The audit log: who added, removed or exported what, and when, as lines of JSON. It holds no questions."""

from __future__ import annotations

import json
import logging
import os
import threading
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from filelock import FileLock, Timeout

from index.errors import PinciteError
from index.plugins.team.accounts import make_private_folder

if TYPE_CHECKING:
    from pathlib import Path

    from index.server.principals import Principal


_KEPT = 9
_PATIENCE_SECONDS = 5.0
_log = logging.getLogger(__name__)


class AuditLog:
    """The file `audit.jsonl` of a folder. Several processes may append to it; it continues in a new file by size."""

    def __init__(self, folder: Path, megabytes: int) -> None:
        self.path = folder / "audit.jsonl"
        self._most_bytes = megabytes * 1_000_000
        self._lock = threading.Lock()

    def record(self, action: str, **facts: Any) -> None:
        """Append a line and wait until it is on the disk. A failure is reported in the server's log."""
        line = {"time": datetime.now(UTC).isoformat(timespec="milliseconds"), "action": action, **facts}
        data = json.dumps(line, ensure_ascii=False).encode("utf-8", "replace") + b"\n"
        try:
            make_private_folder(self.path.parent)
            with self._lock, FileLock(self.path.with_suffix(".lock"), timeout=_PATIENCE_SECONDS, mode=0o600):
                self._append(data)
        except (OSError, Timeout, PinciteError):
            _log.exception("The audit log cannot be written: %s", data.decode())

    def _append(self, data: bytes) -> None:
        with suppress(FileNotFoundError):
            if self.path.stat().st_size + len(data) > self._most_bytes:
                self._continue_in_new_file()
        descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(descriptor, data)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def _continue_in_new_file(self) -> None:
        for number in range(_KEPT, 0, -1):
            older = self._numbered(number - 1) if number > 1 else self.path
            with suppress(FileNotFoundError):
                older.replace(self._numbered(number))

    def _numbered(self, number: int) -> Path:
        return self.path.with_name(f"audit.{number}.jsonl")


def sender(principal: Principal) -> dict[str, str]:
    """Return the facts about the sender of a request."""
    return {"who": principal.email or principal.subject, "kind": principal.kind}
