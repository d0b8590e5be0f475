"""Reads an evidence pack from somebody else, which may be damaged, changed or malicious.

Nothing is unpacked to the disk. Two entries are read into memory by name. The size limit holds for the unpacked bytes,
not for the size that the archive states.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from index.errors import BadPack
from index.exporting import version_one
from index.exporting.evidence import FORMAT, HUMAN_PART, MACHINE_PART, VERSION, Pack
from index.exporting.packing import FENCE, digest, human_part_of
from index.exporting.version_one import PackOne

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydantic import TypeAdapter

LARGEST = 16 << 20
"""The largest size of a pack, and of each of its unpacked parts, in bytes."""
_ENTRIES = 16
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError, RuntimeError)


@dataclass(frozen=True, slots=True)
class _Head:
    format: str
    version: int
    readable_sha256: str = ""


def read_pack(path: str | Path) -> Pack:
    """Return the pack in a `.zip` or `.md`. Raises BadPack if it is not a pack, is damaged, or was changed."""
    path = Path(path)
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except OSError as error:
        raise BadPack(f"{path} cannot be read: {error.strerror}.", "Check the path.") from error
    if len(data) > LARGEST:
        raise BadPack(f"{path.name} is too large for an evidence pack: more than {LARGEST >> 20} megabytes.")
    human, machine = _unzipped(data, path.name) if data.startswith(b"PK") else _fenced(data, path.name)
    return _pack(human, machine, path.name)


def _unzipped(data: bytes, name: str) -> tuple[bytes, bytes]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.namelist()
            if len(entries) > _ENTRIES or any(entries.count(part) != 1 for part in (HUMAN_PART, MACHINE_PART)):
                raise BadPack(f"{name} is an archive, but not of one {MACHINE_PART} and one {HUMAN_PART}.")
            return _entry(archive, HUMAN_PART, name), _entry(archive, MACHINE_PART, name)
    except _BROKEN as error:
        raise BadPack(f"{name} is an archive that cannot be read: {error}.") from error


def _entry(archive: zipfile.ZipFile, part: str, name: str) -> bytes:
    with archive.open(part) as entry:
        data = entry.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise BadPack(f"{part} in {name} unpacks to more than {LARGEST >> 20} megabytes. This looks like a zip bomb.")
    return data


def _fenced(data: bytes, name: str) -> tuple[bytes, bytes]:
    lines = data.replace(b"\r\n", b"\n")
    human, fence, rest = lines.rpartition(f"\n{FENCE}\n".encode())
    machine, closed, _ = rest.partition(b"\n```")
    if not fence or not closed:
        raise BadPack(f"{name} is not an evidence pack: neither an archive nor Markdown with {FORMAT} in it.")
    return human, machine


def _pack(human: bytes, machine: bytes, name: str) -> Pack:
    from pydantic import ValidationError

    try:
        head: _Head = _adapter(_Head).validate_json(machine, strict=True)
        if head.format != FORMAT:
            raise BadPack(f"{name} is not an evidence pack: its format is {head.format[:40]!r}.")
        if head.version > VERSION:
            raise BadPack(f"{name} was made by a newer Pincite.", "Upgrade Pincite: pip install --upgrade pincite")
        pack, render_human_part = _parse(machine, head.version)
        text = human.decode()
        changed = digest(text) != head.readable_sha256
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"][:8])
        raise BadPack(f"The {MACHINE_PART} of {name} is invalid: {place} {first['msg']}.") from error
    except UnicodeDecodeError as error:
        raise BadPack(f"The {HUMAN_PART} of {name} is not UTF-8 text.") from error
    if changed:
        raise BadPack(f"The {HUMAN_PART} of {name} was changed after it was packed.")
    if contradiction := _contradiction(pack):
        raise BadPack(f"The {MACHINE_PART} of {name} contradicts itself: {contradiction}.")
    if digest(text) != digest(render_human_part()):
        raise BadPack(f"The {HUMAN_PART} of {name} differs from its {MACHINE_PART}.")
    return pack


def _parse(machine: bytes, version: int) -> tuple[Pack, Callable[[], str]]:
    """Return the pack, and the function that renders its human part in its version."""
    if version == 1:
        old: PackOne = _adapter(PackOne).validate_json(machine, strict=True)
        return version_one.upgrade(old), lambda: version_one.human_part_of(old)
    pack: Pack = _adapter(Pack).validate_json(machine, strict=True)
    return pack, lambda: human_part_of(pack)


def _contradiction(pack: Pack) -> str:
    markers = [evidence.citation.marker for evidence in pack.evidence]
    if len(set(markers)) != len(markers) or any(marker < 1 for marker in markers):
        return "its citation numbers are not unique and positive"
    for statement in pack.statements:
        beside = () if statement.nearest is None else (statement.nearest,)
        if not {*statement.markers, *beside} <= set(markers):
            return "a statement cites a missing citation"
    for evidence in pack.evidence:
        citation = evidence.citation
        if not 0 <= citation.start <= citation.end or citation.end - citation.start != len(citation.quote):
            return f"quote {citation.marker} is not as long as its span"
    return ""


@cache
def _adapter(record: Any) -> TypeAdapter[Any]:
    from pydantic import TypeAdapter

    return TypeAdapter(record)
