"""Serialises a map to a file: a line with its stamp, a line of JSON, and a checksum over both."""

from __future__ import annotations

import json
import zlib
from dataclasses import asdict
from typing import Any

import numpy as np

from index.mapping.places import LibraryMap, Numbers, Point, Projection, Shape
from index.storage.files import Stamp

FORMAT = 1


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
