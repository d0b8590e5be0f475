"""The parser sandbox: reads untrusted files in separate processes with limits on time and memory.

    with parsers(Limits(seconds=120, megabytes=1000)) as parser:
        try:
            parsed = parser.parse(path, source=str(path), max_bytes=512_000_000)
        except LoadingError as error:
            ...  # also for a file that crashes, hangs or needs too much memory; the next file gets a new process

The process loads no model and no library, so it starts in a tenth of a second; it reads one file after the other.
Results come back as JSON and text, never as pickled objects.
"""

from index.parsing.pool import Parser, parsers
from index.parsing.requests import Cutting, Limits, Parsed

__all__ = ["Cutting", "Limits", "Parsed", "Parser", "parsers"]
