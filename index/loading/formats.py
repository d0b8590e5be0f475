"""Recognises the format of a file by its content; the name decides only between formats that look alike.

`FORMATS` at the end are the built-in formats. Where a plug-in knows a format, its own module recognises it.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from pathlib import PurePath
from typing import TYPE_CHECKING, Literal

from index.errors import DamagedFile, EmptyDocument, HoldsDocuments, PasswordRequired, TooLarge
from index.loading.compound_files import SIGNATURE
from index.loading.draft import Content
from index.loading.foreign_formats import (
    IWORK_PREVIEW,
    LOCKED,
    MAGIC,
    THEME,
    is_iwork,
    main_stream,
    ole2_kind,
    package_kind,
    packed_kind,
    unsupported,
)
from index.loading.plain_text import DATA, Decoded, decode, decode_as
from index.loading.xml_parts import ZipParts
from index.records.file_kinds import Format, Head, by_ending, formats
from index.text.prose import looks_structured

if TYPE_CHECKING:
    from collections.abc import Container

_OFFICE_TYPE = "application/vnd.openxmlformats-officedocument"
DOCX = f"{_OFFICE_TYPE}.wordprocessingml.document"
XLSX = f"{_OFFICE_TYPE}.spreadsheetml.sheet"
XLSB = "application/vnd.ms-excel.sheet.binary.macroenabled.12"
XLS = "application/vnd.ms-excel"
ODS = "application/vnd.oasis.opendocument.spreadsheet"
PPTX = f"{_OFFICE_TYPE}.presentationml.presentation"
VSDX = "application/vnd.ms-visio.drawing"
IWORK = "application/vnd.apple.iwork"
_PREVIEW_NOTE = (
    "Read from the preview (PDF) that is saved in the document, which may lack its last changes or pages: then "
    "export it as PDF, and add that."
)
CSV = "text/csv"
TSV = "text/tab-separated-values"
HTML = "text/html"
MARKDOWN = "text/markdown"
PLAIN = "text/plain"
EML = "message/rfc822"
MBOX = "application/mbox"
MHTML = "multipart/related"
PDF = "application/pdf"
PNG, JPEG, TIFF, WEBP, GIF, BMP = "image/png", "image/jpeg", "image/tiff", "image/webp", "image/gif", "image/bmp"
_UNPACKED_LIMIT = 512_000_000
_MAX_RATIO = 200
"""Unpacked size over packed size. No document reaches this; a zip bomb reaches up to a thousand."""
_HARMLESS_SIZE = 20_000_000
"""Unpacked bytes below which even a zip bomb does no harm."""
_MIMETYPE_LENGTH = 100
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError, RuntimeError)
_READ_PARTS = {
    "word/document.xml": DOCX,
    "xl/workbook.xml": XLSX,
    "xl/workbook.bin": XLSB,
    "ppt/presentation.xml": PPTX,
    "visio/document.xml": VSDX,
}
"""The media types of packages that are read, by the part that only they have."""
_OFFICE = (DOCX, PPTX, XLSX)
_CONTENT_TYPES = "[Content_Types].xml"
_MAIN_PART = re.compile(
    rb"application/vnd\.(?:openxmlformats-officedocument\.)?"
    rb"(?:(wordprocessingml|ms-word)|(presentationml|ms-powerpoint)|(spreadsheetml|ms-excel))\.[\w.]+\.main\+xml"
)
"""The types of the main parts of Office packages: of Word, slides and workbooks."""
_ROOT_TYPE = re.compile(rb"<[^<>]*full-path=\"/\"[^<>]*>")
_ROOT_MEDIA_TYPE = re.compile(rb"media-type=\"([^\"]+)\"")
_MAX_LIST_BYTES = 1_000_000
"""Bytes that are read of the list of an archive's parts."""
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
_HEAD = 4096
_PDF_SLACK = 1024
"""Bytes that may precede a PDF's header by its specification; we allow them only in files named .pdf."""
_CHARSET = re.compile(rb"""(?:<meta[^>]+charset|<\?xml[^>]+encoding)\s*=\s*["']?\s*([\w.:-]+)""", re.IGNORECASE)
_HTML = re.compile(
    r"(?:\s|<!--(?>.*?-->)|<\?xml(?>.*?\?>))*+<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE | re.DOTALL
)
"""Comments match atomically: with backtracking, a head of many comments would take forever."""
_MAIL_HEAD = 8192
_WIDE_MARKS = (b"\xff\xfe", b"\xfe\xff")
_MAIL_SAMPLE = 512
_FIELD = r"[!-9;-~]+:[^\n]*\n"
_HEADERS = re.compile(rf"\s*(?:>?From [^\n]*\n)?(?:{_FIELD}(?:[ \t][^\n]*\n)*)+")
_ONLY_MAIL = re.compile(
    r"^(?:mime-version|message-id|received|return-path|delivered-to|x-mailer|x-gm-thrid):", re.MULTILINE | re.IGNORECASE
)
"""Headers that only mail programs write. `From:` and `Date:` may begin a memo."""
_USUAL = re.compile(r"^(?:from|to|cc|date|subject|content-type|sender|reply-to):", re.MULTILINE | re.IGNORECASE)
_SAVED_PAGE = re.compile(
    r"^(?:snapshot-content-location:|from:\s*<?saved by |x-mimeole:|content-type:\s*multipart/related)",
    re.MULTILINE | re.IGNORECASE,
)
_MAILBOX = re.compile(r"From \S[^\n]*\d{4}[^\n]*\n>?[!-9;-~]+:")
"""The line before each message of a mailbox: an address and a date, and then the first header."""


def sniff(data: bytes, source: str) -> Content:
    """Return the file's content with its media type.

    Raises:
        UnsupportedFormat: the format is not supported; the message names it.
        DamagedFile: the content does not match the name.
        EmptyDocument: the file has no bytes.
        HoldsDocuments: the file is no document, but has documents in it.

    """
    suffix = PurePath(source).suffix.lower()
    name = PurePath(source).name
    if not data:
        raise EmptyDocument(f"{name} is empty: it has no bytes.")
    if media_type := _asked("bytes", Head(data), suffix):
        return Content(data, media_type)
    if data.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _package(data, name, suffix)
    if data.startswith(SIGNATURE):
        return Content(data, _compound_type(data, name, suffix))
    if kind := packed_kind(data):
        raise holds_documents(name, kind)
    _refuse_foreign(data, name)
    if suffix not in by_ending("first") and (media_type := _asked("message", Head(data), suffix)):
        if media_type == MBOX:
            raise holds_documents(name, "a mailbox")
        return Content(data, media_type)
    return _sniff_text(data, suffix, name)


def _asked(files: Literal["bytes", "zip", "ole2", "message", "text"], head: Head, suffix: str) -> str:
    """Return the media type of the first format that recognises one of these files; empty if none does."""
    asked = (each.recognise for each in formats() if each.looks_at == files and each.recognise)
    return next((media_type for recognise in asked if (media_type := recognise(head, suffix))), "")


def _package(data: bytes, name: str, suffix: str) -> Content:
    """Return the content of a document that is a zip archive; for one of Apple's programs, that is its preview."""
    media_type = _zip_media_type(data, name, suffix)
    if media_type != IWORK:
        return Content(data, media_type)
    with ZipParts(data, name) as parts:
        preview = next(part for part in parts.names if part.endswith(IWORK_PREVIEW))
        return Content(parts.read(preview), media_type, notes=(_PREVIEW_NOTE,))


def _zip_media_type(data: bytes, name: str, suffix: str) -> str:
    """Return the media type of a document that is a zip archive.

    Raises:
        HoldsDocuments: the archive is no document, but has files in it.
        UnsupportedFormat: it is a document or a program of another kind.
        DamagedFile: the archive's directory cannot be read.
        TooLarge: the archive looks like a zip bomb, or unpacks to more than can be read.

    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
            parts = {info.filename.replace("\\", "/") for info in entries}
            stated = _stated_type(archive, parts)
    except _BROKEN as error:
        raise DamagedFile(f"{name} is a zip archive that cannot be opened: {error}.") from error
    media_type = _asked("zip", Head(data, parts=parts, stated=stated), suffix)
    if not media_type:
        kind = package_kind(stated, parts)
        raise unsupported(name, kind) if kind else holds_documents(name, "a zip archive")
    _check_unpacked_size(name, len(data), sum(info.file_size for info in entries))
    return media_type


def states(head: Head, document: str) -> bool:
    """Return whether a package states that it is an OpenDocument of this media type, or a template of one."""
    return head.stated in {f"{document}{role}" for role in ("", "-template", "-master", "-web")}


def _office_type(head: Head, suffix: str) -> str:  # noqa: ARG001 - every recogniser has this signature
    """Return the media type of an Office package, whichever of them it is; empty for others."""
    found = next((_READ_PARTS[part] for part in _READ_PARTS if part in head.parts), "")
    return found or (head.stated if head.stated in _OFFICE and THEME not in head.parts else "")


def _stated_type(archive: zipfile.ZipFile, parts: Container[str]) -> str:
    """Return the media type that an archive states for itself, in one of the ways of packages; "" if it does not.

    Reads at most a fixed length, because the entry can be huge.
    """
    if "mimetype" in parts:
        return _part(archive, "mimetype", _MIMETYPE_LENGTH).decode("latin-1").strip()
    if _CONTENT_TYPES in parts:
        found = _MAIN_PART.search(_part(archive, _CONTENT_TYPES, _MAX_LIST_BYTES))
        return _OFFICE[found.lastindex - 1] if found and found.lastindex else ""
    if "META-INF/manifest.xml" in parts:
        root = _ROOT_TYPE.search(_part(archive, "META-INF/manifest.xml", _MAX_LIST_BYTES))
        found = _ROOT_MEDIA_TYPE.search(root[0]) if root else None
        return found[1].decode("latin-1") if found else ""
    return ""


def _part(archive: zipfile.ZipFile, name: str, length: int) -> bytes:
    with archive.open(name) as part:
        return part.read(length)


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


def _has_preview(head: Head) -> bool:
    return any(part.endswith(IWORK_PREVIEW) for part in head.parts)


def _compound_type(data: bytes, name: str, suffix: str) -> str:
    """Return the media type of a compound file.

    Raises PasswordRequired for a locked file of a newer program, and UnsupportedFormat for a format that is not read.
    """
    stream = main_stream(data)
    if stream == LOCKED:
        raise PasswordRequired(f"{name} is an Office document locked with a password.")
    if media_type := _asked("ole2", Head(data, stream=stream), suffix):
        return media_type
    raise unsupported(name, ole2_kind(stream))


def _pdf_type(head: Head, suffix: str) -> str:
    beginning = head.data[:_PDF_SLACK]
    is_pdf = beginning.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"%PDF-")
    return PDF if is_pdf or (suffix == ".pdf" and b"%PDF-" in beginning) else ""


def _picture_type(head: Head, suffix: str) -> str:  # noqa: ARG001 - every recogniser has this signature
    if _BMP_HEAD.match(head.data):
        return BMP
    return next((media_type for offset, magic, media_type in _PICTURES if head.data.startswith(magic, offset)), "")


def _message_type(head: Head, suffix: str) -> str:
    return mail_media_type(head.data, suffix)


def mail_media_type(data: bytes, suffix: str) -> str:
    """Return the media type of a message, a mailbox or a saved page by its beginning; empty for anything else."""
    head = as_narrow(data[:_MAIL_HEAD]).decode("latin-1").lstrip("\ufeff\xef\xbb\xbf").replace("\r\n", "\n")
    if _MAILBOX.match(head) and suffix != ".eml":
        return MBOX
    headers = _HEADERS.match(head if head.endswith("\n") else f"{head}\n")
    if headers is None:
        return ""
    found = headers.group()
    if suffix in (".mht", ".mhtml"):
        return MHTML if _SAVED_PAGE.search(found) or _ONLY_MAIL.search(found) else ""
    if "\nSnapshot-Content-Location:" in found:
        return MHTML
    return EML if _ONLY_MAIL.search(found) or (suffix == ".eml" and _USUAL.search(found)) else ""


def as_narrow(data: bytes) -> bytes:
    """Return the bytes of a message that an editor has saved as UTF-16 as UTF-8; others as they are."""
    if not data.startswith(_WIDE_MARKS) and data[:_MAIL_SAMPLE].count(0) < len(data[:_MAIL_SAMPLE]) // 3:
        return data
    found = decode(data)
    return found.text.encode("utf-8", "ignore") if found and "\x00" not in found.text[:_MAIL_SAMPLE] else data


def holds_documents(name: str, kind: str) -> HoldsDocuments:
    """Return the error for a file that is no document, but holds documents."""
    return HoldsDocuments(f"{name} is {kind}, which is no document itself: the documents are in it.")


def _refuse_foreign(data: bytes, name: str) -> None:
    for magic, format_name in MAGIC:
        if re.match(magic, data, re.DOTALL):
            raise unsupported(name, format_name)


def _sniff_text(data: bytes, suffix: str, name: str) -> Content:
    decoded = _declared(data) or decode(data)
    called = next((each.called for each in formats() if each.called and suffix[1:] == each.endings.split()[0]), "")
    if decoded is None:
        if called:
            raise _mislabelled(name, called, "is damaged, or something else under that name")
        raise unsupported(name, "a binary file of no kind that Pincite knows")
    if called and not _HTML.match(decoded.text[:_HEAD]):
        raise _mislabelled(name, called, "holds plain text")
    return Content(data, _text_media_type(Head(data, text=decoded.text), suffix), decoded.text, decoded.notes)


def _mislabelled(name: str, called: str, instead: str) -> DamagedFile:
    return DamagedFile(
        f"{name} is called {called} and {instead}.",
        "Save it again in the program it comes from; if it is plain text, rename it to end in .txt.",
    )


def _declared(data: bytes) -> Decoded | None:
    """Decode by the encoding that a web page or XML file states. A byte-order mark takes precedence."""
    head = data[:_HEAD]
    named = _CHARSET.search(head)
    if not named or b"\x00" in head or head.startswith(b"\xef\xbb\xbf"):
        return None
    return decode_as(data, named.group(1).decode("ascii"))


def _text_media_type(head: Head, suffix: str) -> str:
    if _HTML.match(head.text[:_HEAD]):
        return HTML
    if sure := by_ending("first").get(suffix):
        return sure.media_type
    if media_type := _asked("text", head, suffix):
        return media_type
    if likely := by_ending("last").get(suffix):
        return likely.media_type
    return DATA if looks_structured(head.text) else PLAIN


def _lines(name: str, kind: str, media_types: str, endings: str, form: Literal["code", ""] = "") -> Format:
    """Return a format that has no reader of its own: all lines are read."""
    return Format(
        name=name,
        kind=kind,
        endings=endings,
        media_types=media_types,
        ending_decides="last" if endings else "",
        read="index.loading.plain_text:read_structured",
        prose=False,
        place="line",
        form=form,
    )


FORMATS = (
    Format(
        name="PDF", kind="PDF", endings="pdf", media_types=PDF, called="a PDF", types="pdf",
        looks_at="bytes", recognise=_pdf_type, read="index.loading.pdf.extraction:read",
        place="page", pictures=True, recognised=True,
    ),
    Format(
        name="Picture", kind="Picture", endings="png jpg jpeg tif tiff webp gif bmp",
        media_types=" ".join((PNG, JPEG, TIFF, WEBP, GIF, BMP)),
        looks_at="bytes", recognise=_picture_type, read="index.loading.pictures:read",
        place="page", pictures=True, recognised=True,
    ),
    Format(
        name="OpenDocument spreadsheet", kind="Spreadsheet", endings="ods ots", media_types=ODS,
        looks_at="zip", recognise=lambda head, _: ODS if states(head, ODS) else None,
        read="index.loading.workbook:read", place="sheet",
    ),
    Format(
        name="Apple Pages, Keynote, Numbers", kind="Pages, Keynote, Numbers", endings="pages key numbers",
        media_types=IWORK, looks_at="zip",
        recognise=lambda head, _: IWORK if is_iwork(head.parts) and _has_preview(head) else None,
        read="index.loading.pdf.extraction:read", place="page", recognised=True,
    ),
    Format(
        name="Word", kind="Word", endings="docx docm dotx dotm", media_types=DOCX, called="a Word document",
        looks_at="zip", recognise=_office_type, read="index.loading.word:read", types="doc docx word",
    ),
    Format(
        name="Excel", kind="Spreadsheet", endings="xlsx xlsm xltx", media_types=XLSX, called="an Excel workbook",
        looks_at="zip", recognise=_office_type, read="index.loading.workbook:read", place="sheet",
    ),
    Format(
        name="Excel, binary", kind="Spreadsheet", endings="xlsb", media_types=XLSB,
        looks_at="zip", recognise=_office_type, read="index.loading.workbook:read", place="sheet",
    ),
    Format(
        name="PowerPoint", kind="Slides", endings="pptx pptm ppsx ppsm potx potm", media_types=PPTX,
        called="a PowerPoint presentation", looks_at="zip", recognise=_office_type,
        read="index.loading.slides:read", place="slide",
    ),
    Format(
        name="Visio", kind="Drawing", endings="vsdx", media_types=VSDX,
        looks_at="zip", recognise=_office_type, read="index.loading.visio:read", place="page",
    ),
    Format(
        name="Excel 97", kind="Spreadsheet", endings="xls", media_types=XLS, called="an Excel workbook",
        looks_at="ole2", recognise=lambda head, _: XLS if head.stream in ("workbook", "book") else None,
        read="index.loading.workbook:read", place="sheet",
    ),
    Format(
        name="E-mail", kind="Message", endings="eml", media_types=EML,
        looks_at="message", recognise=_message_type, read="index.loading.mail:read_message",
        members="index.loading.containers.mailboxes:MailAttachments", form="message",
    ),
    Format(
        name="Saved web page", kind="HTML", endings="mhtml mht", media_types=f"{MHTML} application/x-mimearchive",
        looks_at="message", recognise=_message_type, read="index.loading.mail:read_web_page",
    ),
    Format(
        name="Mailbox", kind="Mailbox", endings="mbox", media_types=MBOX,
        looks_at="message", recognise=_message_type,
        members="index.loading.containers.mailboxes:MailboxFile", form="message",
    ),
    Format(
        name="HTML", kind="HTML", endings="html htm xhtml", media_types=f"{HTML} application/xhtml+xml",
        ending_decides="first", read="index.loading.html:read", types="htm html",
    ),
    Format(
        name="Markdown", kind="Markdown", endings="md markdown mdown mkd", media_types=MARKDOWN,
        ending_decides="first", read="index.loading.markdown:read", types="md markdown",
    ),
    Format(
        name="CSV", kind="Table", endings="csv", media_types=CSV,
        ending_decides="first", read="index.loading.delimited:read", place="row",
    ),
    Format(
        name="Tab-separated values", kind="Table", endings="tsv tab", media_types=TSV,
        ending_decides="first", read="index.loading.delimited:read", place="row",
    ),
    Format(
        name="Plain text", kind="Text", endings="txt", media_types=PLAIN,
        read="index.loading.plain_text:read", types="txt text",
    ),
    _lines("Lines of data", "Text", DATA, ""),
    _lines("subtitles", "Subtitles", "text/x-microdvd", "sub"),
    _lines("YAML", "Settings", "application/yaml", "yaml yml", "code"),
    _lines("TOML", "Settings", "application/toml", "toml", "code"),
    _lines("settings", "Settings", "text/x-properties", "ini cfg conf cnf properties env editorconfig", "code"),
    _lines("a log", "Log", "text/x-log", "log", "code"),
    _lines("differences", "Log", "text/x-diff", "diff patch", "code"),
    _lines("translations", "Translations", "text/x-gettext-translation", "po pot"),
    _lines("a calendar", "Calendar", "text/calendar", "ics ical"),
    _lines("addresses", "Addresses", "text/vcard", "vcf"),
    _lines("SQL", "Source code", "application/sql", "sql", "code"),
    _lines("source code", "Source code", "text/x-source",
        "py pyi js mjs cjs ts tsx jsx c h cc cpp cxx hpp cs java kt kts go rs rb php pl pm"
        " sh bash zsh fish ps1 bat cmd lua r jl scala swift m hs ml clj ex exs erl dart vb f f90 pas asm s css scss"
        " less tf hcl cmake mk make gradle proto graphql vue svelte",
        "code",
    ),
    Format(
        name="Archive", kind="Archive", endings="zip tar gz tgz bz2 xz",
        media_types="application/zip application/x-tar application/gzip",
    ),
)  # fmt: skip
"""The built-in formats, in the order in which they are asked."""
