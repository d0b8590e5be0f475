"""The server's log: one JSON object per line, with the id of its request.

The log contains questions only if the settings allow it (`PINCITE_LOG_QUESTIONS`).
"""

from __future__ import annotations

import json
import logging
from contextvars import ContextVar
from datetime import UTC, datetime

request_id: ContextVar[str] = ContextVar("request_id", default="")
"""The id of the current request, also in threads that work for it."""


class JsonFormatter(logging.Formatter):
    """Formats log records as lines of JSON; the items of a record's `facts` become fields."""

    def format(self, record: logging.LogRecord) -> str:
        """Return time, level, logger, message, request id, facts, and the traceback of an exception."""
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


def configure_logging() -> None:
    """Log to standard error as JSON: our messages from INFO, those of other libraries from WARNING.

    Only the program that starts a server calls this; a program that embeds the application configures its own log.
    """
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    for name in ("index", "uvicorn"):
        logging.getLogger(name).setLevel(logging.INFO)
