"""Recognises the format of a file by its content; the name decides only between formats that look alike."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from pathlib import PurePath

from index.errors import DamagedFile, EmptyDocument, TooLarge
from index.loading.content import Content
from index.loading.foreign_formats import (
    BINARY_SUFFIXES,
    EPUB,
    EXCEL,
    MAGIC,
    ODP,
    ODS,
    ODT,
    POWERPOINT,
    TEXT_SUFFIXES,
    ZIP,
    ole2_format,
    unsupported,
)
from index.loading.plain_text import Decoded, decode, decode_as
from index.text.structure import DATA, looks_structured, media_type_of

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
PDF = "application/pdf"
HTML = "text/html"
MARKDOWN = "text/markdown"
ORG = "text/org"
PLAIN = "text/plain"
PNG, JPEG, TIFF, WEBP, GIF, BMP = "image/png", "image/jpeg", "image/tiff", "image/webp", "image/gif", "image/bmp"
IMAGES = (PNG, JPEG, TIFF, WEBP, GIF, BMP)
_PICTURES = (
    (0, b"\x89PNG\r\n\x1a\n", PNG),
    (0, b"\xff\xd8\xff", JPEG),
    (0, b"GIF8", GIF),
    (0, b"II*\x00", TIFF),
    (0, b"MM\x00*", TIFF),
    (0, b"II+\x00", TIFF),
    (0, b"MM\x00+", TIFF),
    (8, b"WEBP", WEBP),
)
"""Offset, bytes and media type."""
_BMP_HEAD = re.compile(rb"BM.{4}\x00{4}.{4}[\x0c\x28\x34\x38\x40\x6c\x7c]\x00{3}", re.DOTALL)
_BY_SUFFIX = {
    **dict.fromkeys((".md", ".markdown", ".mdown", ".mkd"), MARKDOWN),
    **dict.fromkeys((".html", ".htm", ".xhtml"), HTML),
    ".org": ORG,
}
_HEAD = 4096
_PDF_SLACK = 1024
"""Bytes that may precede a PDF's header by its specification; we allow them only in files named .pdf."""
_OLE2 = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_CHARSET = re.compile(rb"""(?:<meta[^>]+charset|<\?xml[^>]+encoding)\s*=\s*["']?\s*([\w.:-]+)""", re.IGNORECASE)
_HTML = re.compile(
    r"(?:\s|<!--(?>.*?-->)|<\?xml(?>.*?\?>))*+<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE | re.DOTALL
)
"""Comments match atomically: with backtracking, a head of many comments would take forever."""
_XML = re.compile(r"\s*<\?xml\b", re.IGNORECASE)
_MAIL_HEADERS = re.compile(r"(?:From .*\n)?(?:(?:[!-9;-~]+:[^\n]*|[ \t]+[^\n]*)\n)+")
_ONLY_MAIL = re.compile(
    r"^(?:mime-version|message-id|received|return-path|delivered-to|x-mailer):", re.MULTILINE | re.IGNORECASE
)
_JSON = re.compile(r"\s*[\[{]")
_JSON_LIMIT = 5_000_000


def zip_media_type(data: bytes, name: str) -> str:
    """Return the media type of a Word document.

    Raises:
        UnsupportedFormat: the archive is not a Word document; the message names its format.
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
    """Return the media type that the archive states. Reads at most a fixed length, because the entry can be huge."""
    with archive.open("mimetype") as part:
        return part.read(_MIMETYPE_LENGTH).decode("latin-1").strip()


def _check_unpacked_size(name: str, packed: int, unpacked: int) -> None:
    """Raise TooLarge for a zip bomb.

    `unpacked` counts every entry, because two entries can share a name. `zipfile` unpacks no entry beyond its stated
    size.
    """
    if unpacked > _UNPACKED_LIMIT or unpacked > max(_HARMLESS_SIZE, _MAX_RATIO * packed):
        raise TooLarge(
            f"{name} has {packed / 1e6:.3g} megabytes and would unpack to {unpacked / 1e6:,.0f}.",
            "Do not add it unless you trust its source; then split it, or remove the pictures.",
        )


def sniff(data: bytes, source: str) -> Content:
    """Return the file's content with its media type.

    Raises:
        UnsupportedFormat: the format is not supported; the message names it.
        DamagedFile: the content does not match the name.
        EmptyDocument: the file has no bytes.

    """
    suffix = PurePath(source).suffix.lower()
    name = PurePath(source).name
    if not data:
        raise EmptyDocument(f"{name} is empty: it has no bytes.")
    if _is_pdf(data, suffix):
        return Content(data, PDF)
    if picture := _picture_type(data):
        return Content(data, picture)
    if data.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return Content(data, zip_media_type(data, name))
    _refuse_foreign(data, name)
    return _sniff_text(data, suffix, name)


def _is_pdf(data: bytes, suffix: str) -> bool:
    head = data[:_PDF_SLACK]
    return head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"%PDF-") or (suffix == ".pdf" and b"%PDF-" in head)


def _picture_type(data: bytes) -> str:
    """Return the media type of a picture; empty for anything else."""
    if _BMP_HEAD.match(data):
        return BMP
    return next((media_type for offset, magic, media_type in _PICTURES if data.startswith(magic, offset)), "")


def _refuse_foreign(data: bytes, name: str) -> None:
    if data.startswith(_OLE2):
        raise ole2_format(data, name)
    for offset, magic, format_name in MAGIC:
        if data.startswith(magic, offset):
            raise unsupported(name, format_name)


def _sniff_text(data: bytes, suffix: str, name: str) -> Content:
    decoded = _declared(data) or decode(data)
    if decoded is None:
        if suffix in BINARY_SUFFIXES:
            raise _mislabelled(name, suffix, "is damaged, or something else under that name")
        raise unsupported(name, "a binary file of no kind that Pincite knows")
    if suffix in BINARY_SUFFIXES and not _HTML.match(decoded.text[:_HEAD]):
        raise _mislabelled(name, suffix, "holds plain text")
    media_type = _text_media_type(decoded.text, suffix, name)
    if media_type == PLAIN:
        media_type = media_type_of(suffix) or (DATA if looks_structured(decoded.text) else PLAIN)
    return Content(data, media_type, decoded.text, decoded.notes)


def _mislabelled(name: str, suffix: str, instead: str) -> DamagedFile:
    return DamagedFile(
        f"{name} is called {BINARY_SUFFIXES[suffix]} and {instead}.",
        "Save it again in the program it comes from; if it is plain text, rename it to end in .txt.",
    )


def _declared(data: bytes) -> Decoded | None:
    """Decode by the encoding that a web page or XML file states. A byte-order mark takes precedence."""
    head = data[:_HEAD]
    named = _CHARSET.search(head)
    if not named or b"\x00" in head or head.startswith(b"\xef\xbb\xbf"):
        return None
    return decode_as(data, named.group(1).decode("ascii"))


def _text_media_type(text: str, suffix: str, name: str) -> str:
    if suffix in TEXT_SUFFIXES:
        raise unsupported(name, TEXT_SUFFIXES[suffix])
    if _HTML.match(text[:_HEAD]):
        return HTML
    if _XML.match(text[:_HEAD]):
        raise unsupported(name, TEXT_SUFFIXES[".xml"])
    if suffix in _BY_SUFFIX:
        return _BY_SUFFIX[suffix]
    if _is_mail(text):
        raise unsupported(name, TEXT_SUFFIXES[".eml"])
    if _is_json(text):
        raise unsupported(name, TEXT_SUFFIXES[".json"])
    return PLAIN


def _is_mail(text: str) -> bool:
    """Return whether the text has headers that only mail programs write. `From:` and `Date:` may begin a memo."""
    headers = _MAIL_HEADERS.match(text[:_HEAD].replace("\r\n", "\n"))
    return bool(headers and _ONLY_MAIL.search(headers.group()))


def _is_json(text: str) -> bool:
    import json

    if not _JSON.match(text) or len(text) > _JSON_LIMIT:
        return False
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True
