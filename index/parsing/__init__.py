"""Files nobody vouches for are read in processes of their own: no file can take the program, its memory or its time.

    with parsers(Limits(seconds=120, megabytes=1000)) as parser:
        try:
            parsed = parser.parse(path, source=str(path), max_bytes=512_000_000)
        except LoadingError as error:
            ...  # also for a file that crashes, hangs or wants too much memory; the next file gets a new process

The process knows no model and no library: it is there in a tenth of a second, and reads file after file.
What it says comes back as JSON and text, never as objects.
"""

from index.parsing.pool import Parser, parsers
from index.parsing.requests import Cutting, Limits, Parsed

__all__ = ["Cutting", "Limits", "Parsed", "Parser", "parsers"]
