"""The formats that Pincite recognises but does not read, with a hint for each."""

from __future__ import annotations

from index.errors import LoadingError, PasswordRequired, UnsupportedFormat

_WORD_97 = "a Word document of the older kind (.doc)"
_EXCEL_97 = "an Excel workbook of the older kind (.xls)"
_POWERPOINT_97 = "a PowerPoint presentation of the older kind (.ppt)"
EXCEL = "an Excel workbook (.xlsx)"
POWERPOINT = "a PowerPoint presentation (.pptx)"
EPUB = "an EPUB book (.epub)"
ODT = "an OpenDocument text (.odt)"
ODS = "an OpenDocument spreadsheet (.ods)"
ODP = "an OpenDocument presentation (.odp)"
_RTF = "a Rich Text document (.rtf)"
_MSG = "an Outlook message (.msg)"
_MAIL = "an e-mail message (.eml)"
ZIP = "a zip archive"
_HEIC = "an image (HEIC)"

_HINTS = {
    _WORD_97: "Save it as .docx or PDF, and add that.",
    _EXCEL_97: "Save the sheets as PDF, or paste what matters into a text file.",
    EXCEL: "Save the sheets as PDF, or paste what matters into a text file.",
    ODS: "Save the sheets as PDF, or paste what matters into a text file.",
    _POWERPOINT_97: "Save it as PDF, and add that.",
    POWERPOINT: "Save it as PDF, and add that.",
    ODP: "Save it as PDF, and add that.",
    ODT: "Save it as .docx or PDF, and add that.",
    _RTF: "Save it as .docx or PDF, and add that.",
    EPUB: "Convert it to HTML or PDF, and add that.",
    _MSG: "Save the message as a web page or as plain text, and add that.",
    _MAIL: "Save the message as a web page or as plain text, and add that.",
    ZIP: "Unpack it, and add the folder.",
    _HEIC: "Save it as JPEG or PNG, and add that.",
}
_OTHERWISE = "Pincite reads PDF, Word (.docx), HTML, Markdown, plain text and pictures of text."

MAGIC: tuple[tuple[int, bytes, str], ...] = (
    (0, b"{\\rtf", _RTF),
    (4, b"ftypheic", _HEIC),
    (4, b"ftyp", "a film or sound recording (MPEG-4)"),
    (0, b"ID3", "a sound recording (MP3)"),
    (0, b"OggS", "a sound recording (Ogg)"),
    (0, b"fLaC", "a sound recording (FLAC)"),
    (8, b"WAVE", "a sound recording (WAV)"),
    (0, b"\x1f\x8b", "a compressed file (gzip)"),
    (0, b"BZh", "a compressed file (bzip2)"),
    (0, b"\xfd7zXZ\x00", "a compressed file (xz)"),
    (0, b"(\xb5/\xfd", "a compressed file (zstd)"),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (0, b"Rar!", "a RAR archive"),
    (257, b"ustar", "a tar archive"),
    (60, b"BOOKMOBI", "a Kindle book (.mobi)"),
    (0, b"%!PS", "a PostScript file"),
    (0, b"AT&TFORM", "a DjVu document"),
    (0, b"SQLite format 3\x00", "an SQLite database"),
    (0, b"PAR1", "a Parquet table"),
    (0, b"\x7fELF", "a program"),
    (0, b"MZ\x90", "a program"),
)
"""Offset, bytes and name; the first match counts."""

TEXT_SUFFIXES = {
    ".csv": "a table in CSV",
    ".tsv": "a table in TSV",
    ".json": "data in JSON",
    ".jsonl": "data in JSON lines",
    ".ndjson": "data in JSON lines",
    ".ipynb": "a Jupyter notebook (.ipynb)",
    ".xml": "data in XML",
    ".svg": "a drawing (SVG)",
    ".eml": _MAIL,
    ".mbox": "a mailbox (.mbox)",
    ".mht": "a web archive (.mht)",
    ".mhtml": "a web archive (.mhtml)",
}
"""Formats that are text but not prose."""

BINARY_SUFFIXES = {
    ".pdf": "a PDF",
    ".docx": "a Word document",
    ".doc": "a Word document",
    ".xlsx": "an Excel workbook",
    ".xls": "an Excel workbook",
    ".pptx": "a PowerPoint presentation",
    ".ppt": "a PowerPoint presentation",
    ".odt": "an OpenDocument text",
    ".epub": "an EPUB book",
    ".msg": "an Outlook message",
    ".rtf": "a Rich Text document",
}

_OLE2_STREAMS = (
    ("EncryptedPackage", ""),
    ("WordDocument", _WORD_97),
    ("PowerPoint Document", _POWERPOINT_97),
    ("Workbook", _EXCEL_97),
    ("__properties_version1", _MSG),
    ("Book", _EXCEL_97),
)


def unsupported(name: str, format_name: str) -> UnsupportedFormat:
    """Return the error that names the file's format and says what to do."""
    hint = _HINTS.get(format_name, _OTHERWISE)
    return UnsupportedFormat(f"{name} is {format_name}, which Pincite does not read yet.", hint)


def ole2_format(data: bytes, name: str) -> LoadingError:
    """Return the error for a compound file. The names of its streams, stored as UTF-16, show the format."""
    names = (name for stream, name in _OLE2_STREAMS if stream.encode("utf-16-le") in data)
    format_name = next(names, "an Office document of the older kind")
    if not format_name:
        return PasswordRequired(f"{name} is an Office document locked with a password.")
    return unsupported(name, format_name)
