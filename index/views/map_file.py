"""Keeps the map of a library in memory and in the library's folder, and renews it after the library has changed."""

from __future__ import annotations

import json
import logging
import threading
import zlib
from contextlib import suppress
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from index.errors import LibraryNotWritable, PinciteError
from index.storage.files import Stamp, write_atomically
from index.views.library_map import LibraryMap, Numbers, Point, Projection, Shape, make

if TYPE_CHECKING:
    from pathlib import Path

    from index.storage.catalog.catalog import Catalog

FORMAT = 1
FILE = "map.json"
_log = logging.getLogger(__name__)


def pack(stamp: Stamp, known: LibraryMap) -> bytes:
    """Return a map and its stamp as bytes."""
    projection = known.projection
    body = {
        "shapes": [asdict(shape) for shape in known.shapes],
        "origin": projection.origin.tolist(),
        "axes": projection.axes.tolist(),
        "middle": projection.middle.tolist(),
        "reach": projection.reach.tolist(),
    }
    content = f"{stamp.to_json()}\n{json.dumps(body)}\n".encode()
    return content + f"{zlib.crc32(content):08x}\n".encode()


def unpack(data: bytes) -> tuple[Stamp, LibraryMap]:
    """Return the stamp and the map that `pack` wrote. Raises ValueError for any other data."""
    content, crc = data[:-9], data[-9:]
    if crc != f"{zlib.crc32(content):08x}\n".encode():
        raise ValueError("damaged")
    head, _, body = content.partition(b"\n")
    stamp = Stamp.from_json(head)
    try:
        return stamp, _map(stamp.generation, json.loads(body))
    except (KeyError, TypeError) as error:
        raise ValueError(f"not a map: {error}") from error


def _map(generation: int, body: dict[str, Any]) -> LibraryMap:
    dimension = len(body["origin"])
    projection = Projection(
        _numbers(body["origin"], dimension),
        _numbers(body["axes"], dimension, 2),
        _numbers(body["middle"], 2),
        _numbers(body["reach"], 2),
    )
    return LibraryMap(generation, tuple(_shape(fields) for fields in body["shapes"]), projection)


def _shape(fields: dict[str, Any]) -> Shape:
    dots = tuple(_point(dot) for dot in fields["dots"])
    name, passages = str(fields["name"]), int(fields["passages"])
    return Shape(str(fields["document"]), name, passages, dots, _point(fields["centre"]))


def _point(pair: list[float]) -> Point:
    x, y = pair
    return float(x), float(y)


def _numbers(values: Any, *shape: int) -> Numbers:
    return np.asarray(values, dtype=np.float64).reshape(shape)


class Maps:
    """Returns the newest map that exists, and renews it in the background unless the caller chooses to wait.

    The file in the library's folder is a cache: it is ignored if it is absent, damaged, or of another library or
    encoder. If the folder is not writable, the map is kept in memory only.
    """

    def __init__(self, catalog: Catalog, folder: Path, *, read_only: bool = False) -> None:
        self._catalog = catalog
        self._path = folder / FILE
        self._read_only = read_only
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
                stamp, kept = unpack(self._path.read_bytes())
                if stamp.fits(self._identity(), FORMAT, self._catalog.generation()):
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
            if self._read_only:
                return
            with suppress(LibraryNotWritable):
                write_atomically(self._path, pack(Stamp(identity, FORMAT, generation), self._known))

    def _valid_part(self, known: LibraryMap) -> LibraryMap:
        """Return the part of an older map that still holds: no map of another encoder, and no removed document."""
        if self._made_of != self._identity():
            return LibraryMap()
        present = {info.id for info in self._catalog.numbered().values()}
        return replace(known, shapes=tuple(shape for shape in known.shapes if shape.document in present))
