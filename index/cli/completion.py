"""Shell completion of document names."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import PurePath
from typing import TYPE_CHECKING

import typer  # noqa: TC002 - typer reads the annotations when it runs

from index.cli.state import State

if TYPE_CHECKING:
    from collections.abc import Iterator

    from index.records import DocumentInfo

_PLAIN = re.compile(r"[^\s\"'\\$`&|;<>()*?!#\[\]{}~\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]+")
"""Names without characters that are special to a shell. Shells quote differently, so other names are not offered."""


def document_names(context: typer.Context, incomplete: str) -> list[str]:
    """Return titles and file names that start with `incomplete`, or none if the library cannot be read: a completion
    must not print errors.
    """
    from index.errors import PinciteError

    library = context.params.get("library") or context.find_root().params.get("library")
    with suppress(PinciteError, OSError), State(library).open() as opened:
        names = dict.fromkeys(name for info in opened.documents() for name in _names(info))
        return [name for name in names if name.startswith(incomplete)]
    return []


def _names(info: DocumentInfo) -> Iterator[str]:
    for name in (info.name, PurePath(info.source).name):
        if _PLAIN.fullmatch(name):
            yield name
