"""What of the index is on disk, and whether it is what was written there. Knows tantivy's files, not tantivy."""

from __future__ import annotations

import json
import uuid
import zlib
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from index.storage.files import Stamp, write_whole

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

MANIFEST = "manifest.json"
META = "meta.json"
LIST = ".managed.json"
_PARTS = ("fast", "fieldnorm", "idx", "pos", "store", "term")
_CHANGING = ("segments", "opstamp", "payload")
"""What of `meta.json` is another with every commit or merge."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What one commit holds. Tantivy counts its operations: `opstamp` is what it counted when it committed."""

    stamp: Stamp
    opstamp: int
    passages: int
    frame: int
    """CRC-32 of what of `meta.json` never changes: the fields and how they are indexed."""

    def to_json(self) -> str:
        """One line of JSON that shows damage to itself."""
        fields = asdict(self)
        return json.dumps({**fields, "crc": _crc(fields)}, sort_keys=True)

    @classmethod
    def from_json(cls, text: bytes) -> Manifest:
        """The reverse of `to_json`. Raises ValueError for anything else."""
        fields = json.loads(text)
        try:
            crc = fields.pop("crc")
            if crc != _crc(fields):
                raise ValueError("the manifest is damaged")
            stamp = Stamp.from_json(json.dumps(fields["stamp"]))
            return cls(stamp, *(int(fields[name]) for name in ("opstamp", "passages", "frame")))
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"not a manifest: {text[:80]!r}") from error


@dataclass(frozen=True, slots=True)
class State:
    """What the folder holds now."""

    stamp: Stamp
    certain: bool
    """Whether it is what the stamp says; else a commit came after it: there may be more."""
    files: tuple[str, ...]
    """Those that are searched, smallest segment last."""
    alive: tuple[int, ...]
    """Passages of each segment."""
    dead: int
    """Passages that were removed, and whose segment was not written anew since."""

    @property
    def passages(self) -> int:
        """How many can be found."""
        return sum(self.alive)


class Folder:
    """The folder of an index: `manifest.json` says what was committed, tantivy's `meta.json` which files that is.

    A merge replaces segments without a change to what they hold, so the manifest counts and does not list. A commit
    that no manifest followed, because the writer died, has a higher `opstamp`: the state is then the manifest's and
    perhaps more, which is what a catching up from it makes good, since it deletes before it adds.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def identity(self) -> tuple[int, ...]:
        """What tells one state from the next."""
        return (*_identity(self.path / MANIFEST), *_identity(self.path / META))

    def is_signed(self) -> bool:
        """Whether there is a manifest."""
        return (self.path / MANIFEST).exists()

    def state(self) -> State:
        """What is there. Raises ValueError or OSError where that is nothing to go on from."""
        manifest = Manifest.from_json((self.path / MANIFEST).read_bytes())  # first: what it tells of is there by then
        with _as_damage():
            return _state(manifest, self._meta())

    def alive(self) -> tuple[int, ...]:
        """Passages of each segment, whatever the manifest says. Raises ValueError or OSError."""
        with _as_damage():
            return tuple(_alive(each) for each in self._meta()["segments"])

    def sign(self, stamp: Stamp) -> None:
        """Note what the last commit holds."""
        meta = self._meta()
        passages = sum(_alive(each) for each in meta["segments"])
        manifest = Manifest(stamp, meta["opstamp"], passages, _frame(meta))
        write_whole(self.path / MANIFEST, manifest.to_json().encode())

    def sweep(self) -> None:
        """Remove what no segment has, and let tantivy know of the rest. Only who holds tantivy's lock may.

        A writer that died leaves files under names that the next one would give again; tantivy's own list of its files
        may be damaged.
        """
        with _as_damage():
            living = {name for each in self._meta()["segments"] for name in _files(each)} | {META}
        names = {path.name for path in self.path.iterdir() if _is_tantivys(path.name)}
        for name in names - living:
            (self.path / name).unlink(missing_ok=True)
        listed = sorted(names & living)
        if not _holds(self.path / LIST, listed):
            write_whole(self.path / LIST, json.dumps(listed).encode())

    def clear(self) -> None:
        """Remove all but tantivy's locks. The manifest goes first: without it, nothing that is left counts."""
        self.path.mkdir(parents=True, exist_ok=True)
        (self.path / MANIFEST).unlink(missing_ok=True)
        for path in self.path.iterdir():
            if path.suffix != ".lock":
                path.unlink(missing_ok=True)

    def take(self, other: Path) -> None:
        """Move the files of another folder in, in place of what is there; last the manifest, which makes them count."""
        self.clear()
        names = sorted((path.name for path in other.iterdir() if path.suffix != ".lock"), key=MANIFEST.__eq__)
        for name in names:
            (other / name).replace(self.path / name)

    def _meta(self) -> dict[str, Any]:
        meta: dict[str, Any] = json.loads((self.path / META).read_bytes())
        return meta


@contextmanager
def _as_damage() -> Iterator[None]:
    """Whatever `meta.json` lacks is a ValueError."""
    try:
        yield
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{META} is damaged: {error}") from error


def _state(manifest: Manifest, meta: Mapping[str, Any]) -> State:
    if _frame(meta) != manifest.frame:
        raise ValueError("the fields are others")
    if meta["opstamp"] < manifest.opstamp:
        raise ValueError("the segments are older than the manifest")
    segments = meta["segments"]
    certain = meta["opstamp"] == manifest.opstamp
    alive = tuple(_alive(each) for each in segments)
    if certain and sum(alive) != manifest.passages:
        raise ValueError(f"there are {sum(alive)} passages of {manifest.passages}")
    files = tuple(name for each in segments for name in _files(each))
    return State(manifest.stamp, certain, files, alive, sum(each["max_doc"] for each in segments) - sum(alive))


def _alive(segment: Mapping[str, Any]) -> int:
    deletes = segment["deletes"]
    return int(segment["max_doc"]) - (int(deletes["num_deleted_docs"]) if deletes else 0)


def _files(segment: Mapping[str, Any]) -> list[str]:
    """The files of a segment."""
    stem = uuid.UUID(segment["segment_id"]).hex
    deleted = [f"{stem}.{segment['deletes']['opstamp']}.del"] if segment["deletes"] else []
    return [*(f"{stem}.{part}" for part in _PARTS), *deleted]


def _frame(meta: Mapping[str, Any]) -> int:
    return _crc({name: value for name, value in meta.items() if name not in _CHANGING})


def _crc(value: Mapping[str, Any]) -> int:
    return zlib.crc32(json.dumps(value, sort_keys=True).encode())


def _is_tantivys(name: str) -> bool:
    return not name.startswith((".", MANIFEST))


def _holds(path: Path, names: list[str]) -> bool:
    """Whether a file is the JSON list of these names, in any order."""
    try:
        return bool(sorted(json.loads(path.read_bytes())) == names)
    except (OSError, ValueError, TypeError):
        return False


def _identity(path: Path) -> tuple[int, int]:
    """What tells one version of a file from the next."""
    try:
        status = path.stat()
    except OSError:
        return (0, 0)
    return (status.st_ino, status.st_mtime_ns)
