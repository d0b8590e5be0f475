"""Recognises documents that are zip archives, such as Office files and e-books."""

from __future__ import annotations

import io
import zipfile
import zlib

from index.errors import DamagedFile, TooLarge
from index.loading.foreign import EPUB, EXCEL, ODP, ODS, ODT, POWERPOINT, ZIP, unsupported

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_UNPACKED_LIMIT = 512_000_000
_MAX_RATIO = 200
"""Unpacked size over packed size. No document reaches this; a zip bomb reaches up to a thousand."""
_HARMLESS_SIZE = 20_000_000
"""Unpacked bytes below which even a zip bomb does no harm."""
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
    """Return the media type of a Word document; raise UnsupportedFormat, which names the format, for other archives.

    Raises:
        UnsupportedFormat: the archive is not a Word document.
        DamagedFile: the archive's directory cannot be read.
        TooLarge: the archive looks like a zip bomb, or unpacks to more than can be read.

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
    _check_unpacked_size(name, len(data), sum(info.file_size for info in entries))
    return DOCX


def _mimetype(archive: zipfile.ZipFile) -> str:
    """Return the media type that the archive states. Reads a limited length, as that entry may be of any size."""
    with archive.open("mimetype") as part:
        return part.read(_MIMETYPE_LENGTH).decode("latin-1").strip()


def _check_unpacked_size(name: str, packed: int, unpacked: int) -> None:
    """Raise TooLarge for a zip bomb.

    `unpacked` counts every entry, as two may share a name. `zipfile` unpacks none beyond the size that it states.
    """
    if unpacked > _UNPACKED_LIMIT or unpacked > max(_HARMLESS_SIZE, _MAX_RATIO * packed):
        raise TooLarge(
            f"{name} has {packed / 1e6:.3g} megabytes and would unpack to {unpacked / 1e6:,.0f}.",
            "Do not add it unless you trust its source; then split it, or remove the pictures.",
        )
