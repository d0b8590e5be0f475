"""Keeps the map of a library in memory and in the library's folder, and renews it after the library has changed."""

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
    """Returns the newest map that exists, and renews it in the background unless the caller chooses to wait.

    The file in the library's folder is a cache: it is ignored if it is absent, damaged, or of another library or
    encoder. If the folder is not writable, the map is kept in memory only.
    """

    def __init__(self, catalog: Catalog, folder: Path) -> None:
        self._catalog = catalog
        self._path = folder / FILE
        self._known = LibraryMap()
        self._made_of = ""
        self._loaded = False
        self._closed = False
        self._loading = threading.Lock()
        self._making = threading.Lock()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None

    def newest(self, *, wait: bool = False) -> LibraryMap:
        """Return the map, or an older one while a new one is being made; a map without shapes if there is none yet.

        An older map does not show documents that have been removed. With `wait`, the map is up to date.
        """
        self._load()
        generation = self._catalog.generation()
        if self._known.generation != generation:
            if wait:
                self._renew()
            else:
                self._start()
        known = self._known
        return known if known.generation == generation else self._valid_part(known)

    def first(self) -> LibraryMap:
        """Return the same as `newest`, but wait for the first map. If it cannot be made, the map has no shapes."""
        known, thread = self.newest(), self._thread
        if not known.shapes and thread is not None:
            thread.join()
            known = self.newest()
        return known

    def close(self) -> None:
        """Wait for a map that is being made, and start no other one."""
        with self._starting:
            self._closed = True
            thread = self._thread
        if thread is not None:
            thread.join()

    def _load(self) -> None:
        """Load the map from the file, once, if it fits the library."""
        with self._loading:
            if self._loaded:
                return
            self._loaded = True
            with suppress(OSError, ValueError):
                stamp, kept = filing.unpack(self._path.read_bytes())
                if stamp.fits(self._identity(), filing.FORMAT, self._catalog.generation()):
                    self._known, self._made_of = kept, stamp.library

    def _identity(self) -> str:
        """Return the library's id and the fingerprint of its encoder."""
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

    def _valid_part(self, known: LibraryMap) -> LibraryMap:
        """Return the part of an older map that still holds: no map of another encoder, and no removed document."""
        if self._made_of != self._identity():
            return LibraryMap()
        present = {info.id for info in self._catalog.numbered().values()}
        return replace(known, shapes=tuple(shape for shape in known.shapes if shape.document in present))
