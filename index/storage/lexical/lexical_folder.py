"""The folder of a lexical index: the content of its last commit, and whether its files belong to that commit."""

from __future__ import annotations

import json
import shutil
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from index.storage.files import Stamp, write_atomically
from index.storage.lexical.tantivy_files import MANAGED, META, crc, read_meta, sweep

if TYPE_CHECKING:
    from pathlib import Path

    from index.storage.lexical.tantivy_files import Meta

MANIFEST = "manifest.json"
_REWRITTEN = (MANIFEST, META, MANAGED)
"""The files that are rewritten. The manifest is copied first, so that the others are at least as new."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """The content of one commit. `opstamp` is tantivy's count of operations at that commit."""

    stamp: Stamp
    opstamp: int
    passages: int
    frame: int
    """CRC-32 of the fields and how they are indexed."""

    def to_json(self) -> str:
        """Return one line of JSON with a checksum."""
        fields = asdict(self)
        return json.dumps({**fields, "crc": crc(fields)}, sort_keys=True)

    @classmethod
    def from_json(cls, text: bytes) -> Manifest:
        """Return the manifest in the output of `to_json`. Raises ValueError for anything else."""
        fields = json.loads(text)
        try:
            checksum = fields.pop("crc")
            if checksum != crc(fields):
                raise ValueError("the manifest is damaged")
            stamp = Stamp.from_json(json.dumps(fields["stamp"]))
            return cls(stamp, *(int(fields[name]) for name in ("opstamp", "passages", "frame")))
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"not a manifest: {text[:80]!r}") from error


@dataclass(frozen=True, slots=True)
class State:
    """The present content of the folder."""

    stamp: Stamp
    certain: bool
    """Whether the content is what the stamp says. If not, a commit came after the stamp, and there may be more."""
    files: tuple[str, ...]
    """The files that are searched, those of the smallest segment last."""
    alive: tuple[int, ...]
    """Passages of each segment."""
    dead: int
    """The number of removed passages whose segments were not rewritten since."""

    @property
    def passages(self) -> int:
        """The number of passages that can be found."""
        return sum(self.alive)


class Folder:
    """The folder of an index: `manifest.json` says what was committed, tantivy's `meta.json` says in which files.

    A merge replaces segments but does not change their content. So the manifest counts passages and lists no files. If
    the writer died after a commit and before it wrote the manifest, tantivy's `opstamp` is higher than the manifest's.
    The folder then contains what the manifest says, and perhaps more. Catching up from there repairs it, because each
    document is deleted before it is added.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def identity(self) -> tuple[int, ...]:
        """Return numbers that differ between two states of the folder."""
        return (*_identity(self.path / MANIFEST), *_identity(self.path / META))

    def is_signed(self) -> bool:
        """Return whether there is a manifest."""
        return (self.path / MANIFEST).exists()

    def state(self) -> State:
        """Return the content. Raises ValueError or OSError if the index cannot be updated from there."""
        manifest = Manifest.from_json((self.path / MANIFEST).read_bytes())  # before meta.json, which is at least as new
        return _state(manifest, read_meta(self.path))

    def alive(self) -> tuple[int, ...]:
        """Return the passages of each segment, whatever the manifest says. Raises ValueError or OSError."""
        return read_meta(self.path).alive

    def sign(self, stamp: Stamp) -> None:
        """Write the manifest of the last commit."""
        meta = read_meta(self.path)
        manifest = Manifest(stamp, meta.opstamp, sum(meta.alive), meta.schema_crc)
        write_atomically(self.path / MANIFEST, manifest.to_json().encode())

    def sweep(self) -> None:
        """Remove files that belong to no segment. Call only while holding tantivy's writer lock."""
        sweep(self.path, keep=MANIFEST)

    def clear(self) -> None:
        """Remove all files but tantivy's locks. The manifest goes first: without it, the others are ignored."""
        self.path.mkdir(parents=True, exist_ok=True)
        (self.path / MANIFEST).unlink(missing_ok=True)
        for path in self.path.iterdir():
            if path.suffix != ".lock":
                path.unlink(missing_ok=True)

    def take(self, other: Path) -> None:
        """Replace the content with the files of another folder. The manifest comes last: it validates the others."""
        self.clear()
        names = sorted((path.name for path in other.iterdir() if path.suffix != ".lock"), key=MANIFEST.__eq__)
        for name in names:
            (other / name).replace(self.path / name)


def shadow(folder: Path, place: Path) -> None:
    """Make the empty folder `place` hold the index of the read-only `folder`: tantivy locks every folder that it reads.

    Files that never change are linked, the others are copied: writing in `place` changes nothing in `folder`. If
    `folder` cannot be read, the index is empty.
    """
    with suppress(OSError):
        for name in _REWRITTEN:
            shutil.copyfile(folder / name, place / name)
        for path in folder.iterdir():
            if not path.name.startswith(".") and path.name not in _REWRITTEN:
                (place / path.name).symlink_to(path)


def _state(manifest: Manifest, meta: Meta) -> State:
    if meta.schema_crc != manifest.frame:
        raise ValueError("the fields differ from those of the manifest")
    if meta.opstamp < manifest.opstamp:
        raise ValueError("the segments are older than the manifest")
    certain, alive = meta.opstamp == manifest.opstamp, meta.alive
    if certain and sum(alive) != manifest.passages:
        raise ValueError(f"there are {sum(alive)} passages of {manifest.passages}")
    files = tuple(name for segment in meta.segments for name in segment.files)
    return State(manifest.stamp, certain, files, alive, sum(segment.total for segment in meta.segments) - sum(alive))


def _identity(path: Path) -> tuple[int, int]:
    """Return numbers that differ between two versions of a file; (0, 0) if there is no file."""
    try:
        status = path.stat()
    except OSError:
        return (0, 0)
    return (status.st_ino, status.st_mtime_ns)
