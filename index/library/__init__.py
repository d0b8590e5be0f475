"""The library: what a reader opens, fills, asks and checks. Every face does its work through this class."""

from __future__ import annotations

from index.library.asking import Asking
from index.library.keeping import Keeping
from index.library.living import Living
from index.library.operating import Operating

__all__ = ["Library"]


class Library(Living, Asking, Keeping, Operating):
    """A folder of documents that can be asked. Safe to use from several threads.

    with Library.open("notes") as library:
        library.add(["papers/"])
        for hit in library.search("Who signed the treaty?"):
            print(hit.quote, hit.location)
    """
