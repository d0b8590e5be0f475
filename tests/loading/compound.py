"""Makes compound files (OLE2) for tests: olefile reads them, but cannot write new ones."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_SECTOR, _MINI, _CUTOFF = 512, 64, 4096
_END, _FREE, _TABLE, _NONE = 0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFD, 0xFFFFFFFF
_STORAGE, _STREAM, _ROOT = 1, 2, 5


class _Entry:
    def __init__(self, name: str, kind: int, data: bytes = b"") -> None:
        self.name, self.kind, self.data = name, kind, data
        self.start, self.size, self.child, self.right = _END if data else 0, len(data), _NONE, _NONE
        self.children: list[int] = []


def compound(streams: Mapping[str, bytes]) -> bytes:
    """Return a compound file with these streams; a path such as `storage/stream` puts one into a storage."""
    entries = [_Entry("Root Entry", _ROOT)]
    folders = {"": 0}
    for path, data in streams.items():
        folder, _, name = path.rpartition("/")
        parent = _folder(folder, folders, entries)
        entries.append(_Entry(name, _STREAM, data))
        entries[parent].children.append(len(entries) - 1)
    return _written(entries)


def _folder(path: str, folders: dict[str, int], entries: list[_Entry]) -> int:
    if path not in folders:
        above, _, name = path.rpartition("/")
        parent = _folder(above, folders, entries)
        entries.append(_Entry(name, _STORAGE))
        folders[path] = len(entries) - 1
        entries[parent].children.append(folders[path])
    return folders[path]


def _written(entries: list[_Entry]) -> bytes:
    sectors: list[bytes] = []
    table: list[int] = []
    mini_table: list[int] = []
    mini = bytearray()
    for entry in entries:
        if entry.kind == _STREAM and entry.size < _CUTOFF:
            entry.start = len(mini_table) if entry.size else _END
            count = -(-entry.size // _MINI)
            mini_table += _chain(len(mini_table), count)
            mini += entry.data.ljust(count * _MINI, b"\0")
        elif entry.kind == _STREAM:
            entry.start = _put(entry.data, sectors, table)
        for left, right in zip(entry.children, entry.children[1:], strict=False):
            entries[left].right = right
        entry.child = entry.children[0] if entry.children else _NONE
    root = entries[0]
    root.start, root.size = (_put(bytes(mini), sectors, table) if mini else _END), len(mini)
    directory = _put(b"".join(map(_packed, entries)), sectors, table)
    minis = _put(struct.pack(f"<{len(mini_table)}I", *mini_table), sectors, table, b"\xff") if mini_table else _END
    needed = 1
    while (len(table) + needed) > needed * _SECTOR // 4:
        needed += 1
    places = range(len(table), len(table) + needed)
    table += [_TABLE] * needed
    packed = struct.pack(f"<{len(table)}I", *table).ljust(needed * _SECTOR, b"\xff")
    mini_count = -(-len(mini_table) * 4 // _SECTOR)
    head = struct.pack(
        "<8s16sHHHHHHIIIIIIIIII",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        bytes(16),
        *(0x3E, 3, 0xFFFE, 9, 6, 0, 0, 0, needed, directory, 0, _CUTOFF, minis, mini_count, _END, 0),
    )
    head += struct.pack("<109I", *[*places, *[_FREE] * (109 - needed)])
    return head + b"".join(sectors) + packed


def _chain(first: int, count: int) -> list[int]:
    return [*range(first + 1, first + count), _END] if count else []


def _put(data: bytes, sectors: list[bytes], table: list[int], filler: bytes = b"\0") -> int:
    first, count = len(table), -(-len(data) // _SECTOR)
    table += _chain(first, count)
    sectors.append(data.ljust(count * _SECTOR, filler))
    return first


def _packed(entry: _Entry) -> bytes:
    name = (entry.name + "\0").encode("utf-16-le")
    links = struct.pack("<III", _NONE, entry.right, entry.child)
    rest = bytes(16) + bytes(4) + bytes(16) + struct.pack("<IQ", entry.start, entry.size)
    return name.ljust(64, b"\0") + struct.pack("<HBB", len(name), entry.kind, 1) + links + rest


def properties(values: Mapping[int, tuple[int, int]], head: int) -> bytes:
    """Return a stream of properties of fixed size: number to type and value."""
    entries = (struct.pack("<HHIQ", kind, number, 6, value) for number, (kind, value) in values.items())
    return bytes(head) + b"".join(entries)


def outlook(
    subject: str, text: str, files: Mapping[str, bytes] | None = None, *, at: str = "", html: bytes = b""
) -> dict[str, bytes]:
    """Return the streams of a message in Outlook's format; `at` is the storage of a message within another one."""
    place = f"{at}/" if at else ""
    sent = 119_000_000 * 10_000_000  # 1604, in units of 100 nanoseconds since 1601
    streams = {
        f"{place}__properties_version1.0": properties({0x0039: (0x40, sent)}, 24 if at else 32),
        f"{place}__substg1.0_0037001F": subject.encode("utf-16-le"),
        f"{place}__substg1.0_0C1A001F": "Ada".encode("utf-16-le"),
        f"{place}__substg1.0_5D01001F": "ada@x.org".encode("utf-16-le"),
        f"{place}__recip_version1.0_#00000000/__properties_version1.0": properties({0x0C15: (3, 2)}, 8),
        f"{place}__recip_version1.0_#00000000/__substg1.0_3001001F": "Clara".encode("utf-16-le"),
        f"{place}__recip_version1.0_#00000000/__substg1.0_39FE001F": "clara@x.org".encode("utf-16-le"),
    }
    if text:
        streams[f"{place}__substg1.0_1000001F"] = text.encode("utf-16-le")
    if html:
        streams[f"{place}__substg1.0_10130102"] = html
    for number, (name, data) in enumerate((files or {}).items()):
        attachment = f"{place}__attach_version1.0_#{number:08X}"
        streams[f"{attachment}/__substg1.0_3707001F"] = name.encode("utf-16-le")
        streams[f"{attachment}/__substg1.0_37010102"] = data
    return streams
