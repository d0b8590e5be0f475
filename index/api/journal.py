"""The server's log: one JSON object a line, each with the id of the request it belongs to.

No line has the text of a question unless the settings ask for it (`PINCITE_LOG_QUESTIONS`).
"""

from __future__ import annotations

import json
import logging
from contextvars import ContextVar
from datetime import UTC, datetime

request_id: ContextVar[str] = ContextVar("request_id", default="")
"""Of the request that is being answered; threads that work for it know it, too."""


class Lines(logging.Formatter):
    """Records as lines of JSON; what a record has under `facts` becomes fields."""

    def format(self, record: logging.LogRecord) -> str:
        """Time, level, logger, message, request, facts, and where something was raised, the traceback."""
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if identity := request_id.get():
            line["request_id"] = identity
        line.update(getattr(record, "facts", {}))
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str).encode("utf-8", "replace").decode()


def write_lines() -> None:
    """Have this process log in this way, to its standard error: requests and starts, and of other libraries warnings.

    Only whoever starts a server calls this: a program that has an application of ours has a log of its own.
    """
    handler = logging.StreamHandler()
    handler.setFormatter(Lines())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    for name in ("index", "uvicorn"):
        logging.getLogger(name).setLevel(logging.INFO)
