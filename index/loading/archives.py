"""What a zip archive holds: Office documents and books are such archives."""

from __future__ import annotations

import io
import zipfile
import zlib

from index.errors import DamagedFile, TooLarge
from index.loading.foreign import EPUB, EXCEL, ODP, ODS, ODT, POWERPOINT, ZIP, unsupported

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_UNPACKED_LIMIT = 512_000_000
_INFLATED = 200
"""No document is packed so many times smaller than it is; a trap is, up to a thousand times."""
_SUSPICIOUS = 20_000_000
"""Bytes unpacked, below which even a trap does no harm."""
_MIMETYPE_LENGTH = 100
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError, RuntimeError)
_PARTS = {
    "word/document.xml": "",
    "xl/workbook.xml": EXCEL,
    "xl/workbook.bin": EXCEL,
    "ppt/presentation.xml": POWERPOINT,
}
_MIMETYPES = {
    "application/epub+zip": EPUB,
    "application/vnd.oasis.opendocument.text": ODT,
    "application/vnd.oasis.opendocument.spreadsheet": ODS,
    "application/vnd.oasis.opendocument.presentation": ODP,
}


def zip_media_type(data: bytes, name: str) -> str:
    """The media type of a Word document; every other archive is refused by its name.

    Raises:
        DamagedFile: the archive's table of contents cannot be read.
        TooLarge: it would unpack to far more than its own size, as only a trap does, or to more than can be read.

    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
            parts = {info.filename for info in entries}
            mimetype = _mimetype(archive) if "mimetype" in parts else ""
    except _BROKEN as error:
        raise DamagedFile(f"{name} is a zip archive that cannot be opened: {error}.") from error
    format_name = _MIMETYPES.get(mimetype) or next((_PARTS[part] for part in _PARTS if part in parts), ZIP)
    if format_name:
        raise unsupported(name, format_name)
    _demand_modesty(name, len(data), sum(info.file_size for info in entries))
    return DOCX


def _mimetype(archive: zipfile.ZipFile) -> str:
    """What an archive says it is: a line, however long a part of that name may be."""
    with archive.open("mimetype") as part:
        return part.read(_MIMETYPE_LENGTH).decode("latin-1").strip()


def _demand_modesty(name: str, packed: int, unpacked: int) -> None:
    """Every part, for one may be named twice; `zipfile` unpacks none beyond the size that it states."""
    if unpacked > _UNPACKED_LIMIT or unpacked > max(_SUSPICIOUS, _INFLATED * packed):
        raise TooLarge(
            f"{name} has {packed / 1e6:.3g} megabytes and would unpack to {unpacked / 1e6:,.0f}.",
            "Leave it if it is not from somebody you trust; else split it, or take the pictures out.",
        )
