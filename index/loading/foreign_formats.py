"""The formats that Pincite recognises but does not read, with a hint for each."""

from __future__ import annotations

from index.errors import PasswordRequired, UnsupportedFormat

WORD_97 = "a Word document of the older kind (.doc)"
EXCEL_97 = "an Excel workbook of the older kind (.xls)"
POWERPOINT_97 = "a PowerPoint presentation of the older kind (.ppt)"
MESSAGE = "an Outlook message (.msg)"

_OTHERWISE = "Convert it to PDF, Word, HTML or text, and add that."
_HINTS = {
    "recording": "Pincite reads words, not sounds: add its subtitles (.srt, .vtt) or a transcript instead.",
    "archive": "Unpack it and add what is in it, or pack it again as .zip or .tar.gz.",
    "compressed": "Unpack it and add what is in it.",
    "HEIC": "Save it as JPEG or PNG, and add that.",
}
"""What to do with a format, by a word of its name."""

MAGIC: tuple[tuple[int, bytes, str], ...] = (
    (4, b"ftypheic", "an image (HEIC)"),
    (4, b"ftyp", "a film or sound recording (MPEG-4)"),
    (0, b"ID3", "a sound recording (MP3)"),
    (0, b"OggS", "a sound recording (Ogg)"),
    (0, b"fLaC", "a sound recording (FLAC)"),
    (8, b"WAVE", "a sound recording (WAV)"),
    (0, b"(\xb5/\xfd", "a compressed file (zstd)"),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (0, b"Rar!", "a RAR archive"),
    (60, b"BOOKMOBI", "a Kindle book (.mobi)"),
    (0, b"%!PS", "a PostScript file"),
    (0, b"AT&TFORM", "a DjVu document"),
    (0, b"SQLite format 3\x00", "an SQLite database"),
    (0, b"PAR1", "a Parquet table"),
    (0, b"\x7fELF", "a program"),
    (0, b"MZ\x90", "a program"),
)
"""Offset, bytes and name; the first match counts."""

_PACKED: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\x1f\x8b", "a compressed file (gzip)"),
    (0, b"BZh", "a compressed file (bzip2)"),
    (0, b"\xfd7zXZ\x00", "a compressed file (xz)"),
    (257, b"ustar", "a tar archive"),
)

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
    ("__properties_version1", MESSAGE),  # before the others, which may be attached to it
    ("WordDocument", WORD_97),
    ("PowerPoint Document", POWERPOINT_97),
    ("Workbook", EXCEL_97),
    ("Book", EXCEL_97),
    ("WORKBOOK", EXCEL_97),
)


def unsupported(name: str, format_name: str) -> UnsupportedFormat:
    """Return the error that names the file's format and says what to do."""
    return UnsupportedFormat(f"{name} is {format_name}, which Pincite does not read.", _hint(format_name))


def _hint(format_name: str) -> str:
    return next((hint for word, hint in _HINTS.items() if word in format_name), _OTHERWISE)


def packed_kind(data: bytes) -> str:
    """Return what kind of compressed file or archive this is, unless it is a zip archive; empty for anything else."""
    return next((kind for offset, magic, kind in _PACKED if data.startswith(magic, offset)), "")


def ole2_kind(data: bytes) -> str:
    """Return the format of a compound file; "" if it is encrypted. Its streams' names, in UTF-16, show the format."""
    names = (name for stream, name in _OLE2_STREAMS if stream.encode("utf-16-le") in data)
    return next(names, "an Office document of the older kind")


def ole2_format(data: bytes, name: str) -> str:
    """Return what a compound file is, by the names of its streams.

    Raises PasswordRequired for a locked file of a newer program, and UnsupportedFormat for a format that is not read.
    """
    format_name = ole2_kind(data)
    if not format_name:
        raise PasswordRequired(f"{name} is an Office document locked with a password.")
    if format_name not in (WORD_97, POWERPOINT_97, EXCEL_97, MESSAGE):
        raise unsupported(name, format_name)
    return format_name
