"""The one map of a library: kept in memory and in the library's folder, made again where the library has changed."""

from __future__ import annotations

import logging
import threading
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from index.errors import LibraryNotWritable, PinciteError
from index.mapping import filing
from index.mapping.making import make
from index.mapping.places import LibraryMap
from index.storage.files import Stamp, write_whole

if TYPE_CHECKING:
    from pathlib import Path

    from index.storage.catalog import Catalog

FILE = "map.json"
_log = logging.getLogger(__name__)


class Maps:
    """Gives the newest map there is, and never makes the asker wait for a newer one unless told to.

    The file in the library's folder is a cache: absent, damaged, of another library or of another encoder, it counts
    for nothing. Where the folder does not take it, the map is kept in memory alone.
    """

    def __init__(self, catalog: Catalog, folder: Path) -> None:
        self._catalog = catalog
        self._path = folder / FILE
        self._known = LibraryMap()
        self._made_of = ""
        self._looked = False
        self._closed = False
        self._looking = threading.Lock()
        self._making = threading.Lock()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None

    def newest(self, *, wait: bool = False) -> LibraryMap:
        """The map, or an older one while a new one is being made; without shapes where there is none yet.

        An older one does not show documents that have been removed. With `wait`, it is that of the library as it is.
        """
        self._look()
        generation = self._catalog.generation()
        if self._known.generation != generation:
            if wait:
                self._renew()
            else:
                self._start()
        known = self._known
        return known if known.generation == generation else self._still_true(known)

    def first(self) -> LibraryMap:
        """The same as `newest`; where there is none yet, that which is being made. One that cannot be made is none."""
        known, thread = self.newest(), self._thread
        if not known.shapes and thread is not None:
            thread.join()
            known = self.newest()
        return known

    def close(self) -> None:
        """Wait for a map that is being made, and start no other."""
        with self._starting:
            self._closed = True
            thread = self._thread
        if thread is not None:
            thread.join()

    def _look(self) -> None:
        """Take the map from the file, once, where it is of use."""
        with self._looking:
            if self._looked:
                return
            self._looked = True
            with suppress(OSError, ValueError):
                stamp, kept = filing.unpack(self._path.read_bytes())
                if stamp.fits(self._identity(), filing.FORMAT, self._catalog.generation()):
                    self._known, self._made_of = kept, stamp.library

    def _identity(self) -> str:
        """The library, and what its vectors were made with."""
        return f"{self._catalog.library_id} {self._catalog.fingerprint()}"

    def _start(self) -> None:
        with self._starting:
            if self._closed or (self._thread is not None and self._thread.is_alive()):
                return
            self._thread = threading.Thread(target=self._renew_quietly, name="pincite-map", daemon=True)
            self._thread.start()

    def _renew_quietly(self) -> None:
        try:
            self._renew()
        except PinciteError as error:
            _log.warning("The map could not be made: %s", error)

    def _renew(self) -> None:
        with self._making:
            generation, identity = self._catalog.generation(), self._identity()
            if self._known.generation == generation:
                return
            self._known, self._made_of = make(self._catalog, generation), identity
            with suppress(LibraryNotWritable):
                write_whole(self._path, filing.pack(Stamp(identity, filing.FORMAT, generation), self._known))

    def _still_true(self, known: LibraryMap) -> LibraryMap:
        """What an older map says of the library as it is: nothing of another encoder, and of no removed document."""
        if self._made_of != self._identity():
            return LibraryMap()
        there = {info.id for info in self._catalog.numbered().values()}
        return replace(known, shapes=tuple(shape for shape in known.shapes if shape.document in there))
