"""What a zip archive holds: Office documents and books are such archives."""

from __future__ import annotations

import io
import zipfile
import zlib

from index.errors import DamagedFile, TooLarge
from index.loading.foreign import EPUB, EXCEL, ODP, ODS, ODT, POWERPOINT, ZIP, unsupported

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_UNPACKED_LIMIT = 1 << 30
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
        TooLarge: it would unpack to more than a gigabyte, as only a trap does.

    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = {info.filename: info.file_size for info in archive.infolist()}
            mimetype = archive.read("mimetype")[:100].decode("latin-1").strip() if "mimetype" in parts else ""
    except _BROKEN as error:
        raise DamagedFile(f"{name} is a zip archive that cannot be opened: {error}.") from error
    format_name = _MIMETYPES.get(mimetype) or next((_PARTS[part] for part in _PARTS if part in parts), ZIP)
    if format_name:
        raise unsupported(name, format_name)
    if sum(parts.values()) > _UNPACKED_LIMIT:
        raise TooLarge(
            f"{name} would unpack to {sum(parts.values()) >> 20} megabytes.", "Split it, if it is what it seems to be."
        )
    return DOCX
