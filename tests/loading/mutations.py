"""Functions that damage files: some suit any bytes, some know where a format is vulnerable.

Each takes the bytes of a file, those of another file of the same kind, and a random generator; equal generators give
equal damage.
"""

from __future__ import annotations

import io
import re
import warnings
import zipfile
import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Mapping, Sequence

    Damage = Callable[[bytes, bytes, random.Random], bytes]

_EXTREMES = (b"0", b"-1", b"1", b"65535", b"2147483647", b"4294967295", b"99999999999999999999", b"1e308")
_WIDE_EXTREMES = (b"\x00" * 4, b"\xff" * 4, b"\xff\xff\xff\x7f", b"\x00\x00\x00\x80")
_NUMBER = re.compile(rb"\d+")
_TAG = re.compile(rb"<[^<>]{1,400}>")
_REFERENCE = re.compile(rb"\d+ \d+ R")
_NAME = re.compile(rb"/[A-Za-z][A-Za-z0-9]*")
_STREAM = re.compile(rb"stream\r?\n(.*?)\r?\nendstream", re.DOTALL)
_ENCODINGS = ("utf-8", "utf-16", "utf-16-be", "utf-32", "cp1252", "shift_jis", "koi8-r", "gb18030", "utf-7")
_DEEPER = 3000
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError, RuntimeError)
"""Raised by an archive that was damaged before."""


def _place(data: bytes, chance: random.Random) -> int:
    return chance.randrange(len(data) + 1)


def _block(data: bytes, chance: random.Random) -> slice:
    start = _place(data, chance)
    return slice(start, start + chance.choice((1, 4, 16, 256, 4096, max(1, len(data) // 4))))


def bits_flipped(data: bytes, _: bytes, chance: random.Random) -> bytes:
    """Flip 1, 4, 16 or 64 bits anywhere."""
    damaged = bytearray(data)
    for _n in range(chance.choice((1, 4, 16, 64)) if data else 0):
        damaged[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    return bytes(damaged)


def truncated(data: bytes, _: bytes, chance: random.Random) -> bytes:
    """Cut the file off at a random place or just before its end."""
    return data[: _place(data, chance) if chance.random() < 0.7 else -chance.randrange(1, 40)]


def block_removed(data: bytes, _: bytes, chance: random.Random) -> bytes:
    """Remove a block."""
    hole = _block(data, chance)
    return data[: hole.start] + data[hole.stop :]


def block_repeated(data: bytes, _: bytes, chance: random.Random) -> bytes:
    """Repeat a block two or three times, or 300 times if it is short."""
    part = _block(data, chance)
    return (
        data[: part.start]
        + data[part] * chance.choice((2, 3, 300 if part.stop - part.start < 5000 else 2))
        + data[part.stop :]
    )


def blocks_exchanged(data: bytes, _: bytes, chance: random.Random) -> bytes:
    """Exchange two neighbouring blocks."""
    a, b, c = sorted(_place(data, chance) for _n in range(3))
    return data[:a] + data[b:c] + data[a:b] + data[c:]


def overwritten(data: bytes, _: bytes, chance: random.Random) -> bytes:
    """Overwrite a block with zeros, ones or noise."""
    part = _block(data, chance)
    length = len(data[part])
    filler = chance.choice((b"\x00" * length, b"\xff" * length, chance.randbytes(length)))
    return data[: part.start] + filler + data[part.stop :]


def length_changed(data: bytes, _: bytes, chance: random.Random) -> bytes:
    """Overwrite four bytes, which may be a length, with an extreme value."""
    start = _place(data, chance)
    return data[:start] + chance.choice(_WIDE_EXTREMES) + data[start + 4 :]


def spliced(data: bytes, other: bytes, chance: random.Random) -> bytes:
    """Join the beginning of one file to the end of another."""
    return data[: _place(data, chance)] + other[_place(other, chance) :]


def numbers_changed(data: bytes, _: bytes, chance: random.Random) -> bytes:
    """Replace some decimal numbers with extreme values."""
    return _some_replaced(data, _NUMBER, lambda: chance.choice(_EXTREMES), chance)


def encodings_mixed(data: bytes, _: bytes, chance: random.Random) -> bytes:
    """Encode the rest of a text differently from its beginning."""
    text, at = data.decode("utf-8", "replace"), _place(data, chance)
    return data[:at] + text[at:].encode(chance.choice(_ENCODINGS), "replace")


def lines_joined(data: bytes, _: bytes, chance: random.Random) -> bytes:
    """Remove or replace the line breaks of a text."""
    return data.replace(b"\n", chance.choice((b"", b" ", b"\r", b"\x0b", b"\n\n\n", b"\xe2\x80\xa8")))


def tags_removed(data: bytes, _: bytes, chance: random.Random) -> bytes:
    """Remove some tags."""
    return _some_replaced(data, _TAG, lambda: b"", chance)


def tags_broken(data: bytes, _: bytes, chance: random.Random) -> bytes:
    """Replace some tags with fragments or invalid markup."""
    broken = (b"<", b">", b"</", b"<!--", b"<![CDATA[", b"<?", b"&", b"&#x110000;", b"&#0;", b"<a b='", b"\x00", b"]]>")
    return _some_replaced(data, _TAG, lambda: chance.choice(broken), chance)


def tags_exchanged(data: bytes, other: bytes, chance: random.Random) -> bytes:
    """Replace some tags with other tags of this file or of the other file."""
    tags = _TAG.findall(data[:200_000]) + _TAG.findall(other[:200_000])
    return _some_replaced(data, _TAG, lambda: chance.choice(tags), chance) if tags else data


def tags_nested(data: bytes, _: bytes, chance: random.Random) -> bytes:
    """Repeat an opening tag 50 or 3,000 times."""
    tags = [tag for tag in _TAG.finditer(data[:200_000]) if not tag[0].startswith((b"</", b"<!", b"<?"))]
    if not tags:
        return data
    tag = chance.choice(tags)
    return data[: tag.start()] + tag[0] * chance.choice((50, _DEEPER)) + data[tag.end() :]


def entities_declared(data: bytes, _: bytes, chance: random.Random) -> bytes:
    """Declare entities that expand exponentially, and one that names a local file."""
    levels = b"".join(b'<!ENTITY e%d "%s">' % (n + 1, b"&e%d;" % n * 10) for n in range(9))
    kind = b'<!DOCTYPE x [<!ENTITY e0 "ha"><!ENTITY f SYSTEM "file:///etc/passwd">' + levels + b"]>"
    declaration = re.match(rb"\s*<\?xml.*?\?>", data, re.DOTALL)
    at = declaration.end() if declaration else 0
    tags = [tag.end() for tag in _TAG.finditer(data[at : at + 200_000])]
    inside = at + (chance.choice(tags) if tags else 0)
    return data[:at] + kind + data[at:inside] + chance.choice((b"&e9;", b"&f;")) + data[inside:]


def part_damaged(data: bytes, other: bytes, chance: random.Random) -> bytes:
    """Damage a part of an archive and pack it again, so that its checksum is right."""
    parts, others = _unpacked(data), _unpacked(other)
    name = chance.choice(sorted(parts))
    damage = chance.choice(MARKUP + ANY)
    return _packed(parts | {name: damage(parts[name], others.get(name, b""), chance)})


def parts_exchanged(data: bytes, _: bytes, chance: random.Random) -> bytes:
    """Exchange the names of two parts of an archive."""
    parts = _unpacked(data)
    first, second = chance.choice(sorted(parts)), chance.choice(sorted(parts))
    return _packed(parts | {first: parts[second], second: parts[first]})


def part_missing(data: bytes, _: bytes, chance: random.Random) -> bytes:
    """Remove a part of an archive."""
    parts = _unpacked(data)
    del parts[chance.choice(sorted(parts))]
    return _packed(parts)


def part_of_another(data: bytes, other: bytes, chance: random.Random) -> bytes:
    """Replace a part of an archive with a part of another archive."""
    parts, others = _unpacked(data), _unpacked(other) or _unpacked(data)
    return _packed(parts | {chance.choice(sorted(parts)): others[chance.choice(sorted(others))]})


def part_twice(data: bytes, _: bytes, chance: random.Random) -> bytes:
    """Add a damaged second part with the name of an existing part."""
    parts = _unpacked(data)
    name = chance.choice(sorted(parts))
    return _packed(parts, (name, bits_flipped(parts[name], b"", chance)))


def declared_size_changed(data: bytes, _: bytes, chance: random.Random) -> bytes:
    """Falsify the size of a part in the archive's table of contents."""
    entries = [entry.start() for entry in re.finditer(rb"PK\x01\x02", data)]
    if not entries:
        return data
    at = chance.choice(entries) + chance.choice((20, 24, 42))
    return data[:at] + chance.choice(_WIDE_EXTREMES) + data[at + 4 :]


def references_changed(data: bytes, _: bytes, chance: random.Random) -> bytes:
    """Redirect references of a PDF to other objects, in a circle or nowhere."""
    known = _REFERENCE.findall(data) or [b"1 0 R"]
    return _some_replaced(data, _REFERENCE, lambda: chance.choice((chance.choice(known), b"99999 0 R")), chance)


def names_changed(data: bytes, _: bytes, chance: random.Random) -> bytes:
    """Replace some names of a PDF with others of its names."""
    known = _NAME.findall(data) or [b"/X"]
    return _some_replaced(data, _NAME, lambda: chance.choice(known), chance)


def stream_damaged(data: bytes, _: bytes, chance: random.Random) -> bytes:
    """Unpack a stream of a PDF, damage it and pack it again."""
    streams = list(_STREAM.finditer(data))
    if not streams:
        return data
    stream = chance.choice(streams)
    damage = chance.choice((*ANY, numbers_changed, references_changed, names_changed))
    try:
        inside = zlib.compress(damage(zlib.decompress(stream[1]), b"", chance))
    except zlib.error:
        inside = damage(stream[1], b"", chance)
    return data[: stream.start(1)] + inside + data[stream.end(1) :]


def without_trailer(data: bytes, _: bytes, chance: random.Random) -> bytes:
    """Remove the cross-reference table of a PDF, or give a wrong offset for it."""
    at = data.rfind(chance.choice((b"startxref", b"xref", b"trailer")))
    return data[:at] if chance.random() < 0.5 else data[:at] + b"startxref\n%d\n%%%%EOF" % _place(data, chance)


def _some_replaced(data: bytes, pattern: re.Pattern[bytes], by: Callable[[], bytes], chance: random.Random) -> bytes:
    """Replace some of the matches, most often one to ten."""
    count = len(pattern.findall(data))
    share = chance.choice((1, 3, 10, max(1, count // 4))) / max(1, count)
    return pattern.sub(lambda match: by() if chance.random() < share else match[0], data)


def _unpacked(data: bytes) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return {name: archive.read(name) for name in archive.namelist()}
    except _BROKEN:
        return {}


def _packed(parts: Mapping[str, bytes], *more: tuple[str, bytes]) -> bytes:
    out = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        warnings.simplefilter("ignore")  # the duplicate name is intended
        for name, part in (*parts.items(), *more):
            archive.writestr(name, part)
    return out.getvalue()


ANY: tuple[Damage, ...] = (
    bits_flipped, truncated, block_removed, block_repeated, blocks_exchanged, overwritten, length_changed,
    spliced,
)  # fmt: skip
TEXT: tuple[Damage, ...] = (encodings_mixed, lines_joined, numbers_changed)
MARKUP: tuple[Damage, ...] = (
    tags_removed, tags_broken, tags_exchanged, tags_nested, entities_declared, numbers_changed, encodings_mixed,
)  # fmt: skip
ARCHIVE: tuple[Damage, ...] = (
    part_damaged, part_damaged, part_damaged, parts_exchanged, part_missing, part_of_another, part_twice,
    declared_size_changed,
)  # fmt: skip
PDF: tuple[Damage, ...] = (
    references_changed, names_changed, numbers_changed, stream_damaged, stream_damaged, without_trailer,
)  # fmt: skip


def damages_of(data: bytes) -> Sequence[Damage]:
    """Return the kinds of damage that suit a file."""
    if data.startswith(b"PK"):
        return ANY + ARCHIVE * 5 if _unpacked(data) else ANY
    if data.startswith(b"%PDF"):
        return ANY + PDF * 2
    if b"\x00" in data[:1000]:
        return ANY
    return ANY + TEXT + (MARKUP * 2 if data.lstrip()[:1] == b"<" else ())
