"""The formats that Pincite recognises but does not read, with a hint for each."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from index.errors import DamagedFile, UnsupportedFormat
from index.loading.compound_files import CompoundFile

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

IWORK_PREVIEW = "QuickLook/Preview.pdf"
"""The part of a document of Apple's programs that shows it as PDF; newer programs save none."""
IWORK_FILE = "a document of Apple Pages, Keynote or Numbers without a preview in PDF"

_OTHERWISE = "Convert it to PDF, Word, HTML or text, and add that."
_TABLES = "Export its tables as CSV or as an Excel workbook, and add those."
_LIBREOFFICE = "Open it in LibreOffice, save it as .docx, .xlsx, .pptx or PDF, and add that."
_CALIBRE = "Convert it to EPUB with Calibre, and add that. That is not possible if it is copy-protected."
_HINTS = {
    **dict.fromkeys(("Works", "WordPerfect", "StarOffice", "OpenOffice 1", "Write", "Lotus", "Quattro"), _LIBREOFFICE),
    **dict.fromkeys(("Publisher", "of version 4", "Excel 4"), _LIBREOFFICE),
    "Apple": "Open it in its program, choose File > Export To, and add the PDF or the Office file.",
    "Hangul": "Save it as .docx or PDF in Hancom Office, and add that.",
    "OneNote": "Export it as PDF or Word in OneNote (File > Export), and add that.",
    "mail folder": "Save its messages as .msg or .eml, or convert it to mailboxes with readpst, and add those.",
    "Safari": "Save the page again as PDF, or as HTML in another browser, and add that.",
    "signed": "Take the document out of it, for example with `openssl cms -verify -noverify`, and add that.",
    **dict.fromkeys(("e-book", "Windows help"), _CALIBRE),
    **dict.fromkeys(("database", "table of"), _TABLES),
    "plan": "Save it as PDF or as an Excel workbook, and add that.",
    "DjVu": "Convert it to PDF, for example with `ddjvu -format=pdf`, and add that.",
    "PostScript": "Convert it to PDF, for example with `ps2pdf`, and add that.",
    "drawing": "Export it as PDF, and add that.",
    "XPS": "Open it in its viewer, print it to PDF, and add that.",
    "recording": "Pincite reads words, not sounds: add its subtitles (.srt, .vtt) or a transcript instead.",
    "image": "Save it as PNG or JPEG, and add that.",
    "archive": "Unpack it and add what is in it, or pack it again as .zip or .tar.gz.",
    "compressed": "Unpack it and add what is in it.",
    **dict.fromkeys(("program", "font", "theme", "model"), "It has no text to read: add its documentation instead."),
}
"""What to do with a format, by words of its name."""

MAGIC: tuple[tuple[bytes, str], ...] = (
    (rb".{4}ftyp(?:hei[cfx]|mif1|msf1|avif)", "an image (HEIC or AVIF)"),
    (rb".{4}(?:ftyp|moov\0)", "a film or sound recording (MPEG-4)"),
    (rb"ID3[\0-\x04]|\xff[\xf2\xf3\xfb]", "a sound recording (MP3)"),
    (rb"\xff[\xf1\xf9]", "a sound recording (AAC)"),
    (rb"OggS\0", "a sound recording (Ogg)"),
    (rb"fLaC\0", "a sound recording (FLAC)"),
    (rb"#!AMR", "a sound recording (AMR)"),
    (rb"MThd\0", "a sound recording (MIDI)"),
    (rb"RIFF.{4}WAVE", "a sound recording (WAV)"),
    (rb"FORM.{4}AIF[FC]", "a sound recording (AIFF)"),
    (rb"\.snd\0", "a sound recording (AU)"),
    (rb"RIFF.{4}AVI ", "a film or sound recording (AVI)"),
    (rb"\x1aE\xdf\xa3", "a film or sound recording (Matroska, WebM)"),
    (rb"FLV\x01", "a film or sound recording (Flash)"),
    (rb"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "a film or sound recording (Windows Media)"),
    (rb"\x28\xb5\x2f\xfd", "a compressed file (zstd)"),
    (rb"\x04\x22M\x18", "a compressed file (LZ4)"),
    (rb"\x1f\x9d", "a compressed file (.Z)"),
    (rb"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (rb"Rar!", "a RAR archive"),
    (rb"MSCF\0", "a Cabinet archive (.cab)"),
    (rb"PK\x07\x08", "a zip archive in several files"),
    (rb"\x78\x9f\x3e\x22", "an archive of attachments by Outlook (winmail.dat)"),
    (rb".{32769}CD001", "an archive of a disc (.iso)"),
    (rb"!BDN", "a mail folder of Outlook (.pst, .ost)"),
    (rb"\xe4\x52\x5c\x7b\x8c\xd8\xa7\x4d", "a section of a OneNote notebook (.one)"),
    (rb"HWP Document File", "a Hangul document (.hwp)"),
    (rb".{60}BOOKMOBI", "a Kindle e-book (.mobi, .azw3)"),
    (rb".{60}TEXtREAd", "a Palm e-book (.prc, .pdb)"),
    (rb"\xeaDRMION\xee", "a Kindle e-book with copy protection"),
    (rb"ITOLITLS", "an e-book of Microsoft Reader (.lit)"),
    (rb"ITSF[\x02-\x04]\0", "a file of Windows help (.chm)"),
    (rb"%!PS|\xc5\xd0\xd3\xc6", "a PostScript file"),
    (rb"AT&TFORM", "a DjVu document"),
    (rb"SQLite format 3\0", "an SQLite database"),
    (rb".{4}Standard (?:Jet|ACE) DB", "an Access database (.mdb, .accdb)"),
    (rb"PAR1[\0-\x08\x0e-\x1f]", "a Parquet table of data"),
    (rb"ARROW1\0", "an Arrow or Feather table of data"),
    (rb"\x89HDF\r\n", "a table of data in HDF5 or NetCDF"),
    (rb"CDF[\x01\x02\x05]", "a table of data in NetCDF"),
    (rb"MATLAB 5\.0 MAT-file", "a table of data of MATLAB (.mat)"),
    (rb"\$FL[23]@\(#\)", "a table of data of SPSS (.sav)"),
    (rb".{84}SAS FILE", "a table of data of SAS (.sas7bdat)"),
    (rb"<stata_dta>|[\x6c-\x73][\x01\x02]\x01\0", "a table of data of Stata (.dta)"),
    (rb"\xffWPC", "a WordPerfect document (.wpd)"),
    (rb"[12]\xbe\0\0", "a document of Windows Write (.wri)"),
    (rb"\x01\xfe\0\0", "a document of Microsoft Works (.wps)"),
    (rb"\0\0[\x02\x1a]\0|\xff\0\x02\0", "a Lotus 1-2-3 or Quattro workbook"),
    (rb"\x09(?:\0\x04|\x02\x06|\x04\x06)\0", "a workbook of Excel 4 or older"),
    (rb"AC10\d\d\0", "an AutoCAD drawing (.dwg)"),
    (rb"gimp xcf", "an image of GIMP (.xcf)"),
    (rb"8BPS\0", "an image of Photoshop (.psd)"),
    (rb"\0\0\0\x0cjP  ", "an image (JPEG 2000)"),
    (rb"\0\0\0\x0cJXL |\xff\x0a", "an image (JPEG XL)"),
    (rb"icns\0|\0\0\x01\0", "an image (icon)"),
    (rb"\xd7\xcd\xc6\x9a|\x01\0\x09\0\0\x03|\x01\0\0\0.{36} EMF", "an image of Windows (.wmf, .emf)"),
    (rb"[CFZ]WS[\x01-\x30].{3}\0", "a program of Flash (.swf)"),
    (rb"\x06\x06\xed\xf5\xd8\x1d\x46\xe5", "an InDesign document, a kind of drawing (.indd)"),
    (rb"bplist00.{1,20}WebMainResource", "a web page of Safari (.webarchive)"),
    (rb"[0].{1,3}\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07", "a signed or encrypted file (.p7m)"),
    (rb"\0\x01\0\0\0|OTTO\0|ttcf\0|wOF[F2]", "a font"),
    (rb"\x7fELF|MZ\x90|\xcf\xfa\xed\xfe|\xce\xfa\xed\xfe|\xca\xfe\xba\xbe", "a program"),
)
"""How a file begins, as a regular expression, and its name; the first match counts."""

_PACKAGES = {
    "application/vnd.sun.xml.": "a document of OpenOffice 1 (.sxw, .sxc, .sxi)",
    "application/vnd.oasis.opendocument.base": "an OpenDocument database (.odb)",
    "application/vnd.oasis.opendocument.": "an OpenDocument formula or chart",
    "application/vnd.adobe.indesign": "an InDesign document, a kind of drawing (.idml)",
    "application/hwp+zip": "a Hangul document (.hwpx)",
    "image/openraster": "an image (OpenRaster)",
    "application/x-krita": "an image of Krita",
}
"""Names of packages by the beginning of the type that they state."""
_OPC = "a package of parts of another format"
THEME = "theme/theme/themeManager.xml"
"""The part that only an Office theme has."""
_BY_PART = {".fdseq": "an XPS document", THEME: "an Office theme (.thmx)"}
"""Names of packages of the Open Packaging Conventions by the end of the name of a part."""

_PACKED: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\x1f\x8b", "a compressed file (gzip)"),
    (0, b"BZh", "a compressed file (bzip2)"),
    (0, b"\xfd7zXZ\x00", "a compressed file (xz)"),
    (257, b"ustar", "a tar archive"),
)

_IWORK = re.compile(
    r"(?:[^/]+\.(?:pages|key|numbers)/)?"
    r"(?:Index/Document\.iwa|Index\.zip|index\.apxl|buildVersionHistory\.plist)"
)
"""The parts that only such documents have. A folder of theirs that was packed has its name before them."""
_APP = re.compile(r"AndroidManifest\.xml|Payload/[^/]+\.app/Info\.plist")
"""The parts that only an app for Android or iOS has."""
_JAVA = "META-INF/MANIFEST.MF"
LOCKED = "encryptedpackage"
"""The stream of a document that is locked with a password."""
_OLE2_ENTRIES = (
    (LOCKED, ""),
    ("__properties_version1", "an Outlook message (.msg)"),
    ("worddocument", "a Word document of the older kind (.doc)"),
    ("powerpoint document", "a PowerPoint presentation of the older kind (.ppt)"),
    ("workbook", "an Excel workbook of the older kind (.xls)"),
    ("book", "an Excel workbook of the older kind (.xls)"),
    ("visiodocument", "a Visio drawing of the older kind (.vsd)"),
    ("quill", "a Publisher document (.pub)"),
    ("bodytext", "a Hangul document (.hwp)"),
    ("props9", "a plan of Microsoft Project (.mpp)"),
    ("props12", "a plan of Microsoft Project (.mpp)"),
    ("props14", "a plan of Microsoft Project (.mpp)"),
    ("matost", "a document of Microsoft Works (.wps)"),
    ("starwriterdocument", "a StarOffice document"),
    ("starcalcdocument", "a StarOffice workbook"),
    ("stardrawdocument3", "a StarOffice presentation or drawing"),
    ("perfectoffice_main", "a file of WordPerfect Office"),
    ("nativecontent_main", "a file of WordPerfect Office"),
    ("pp40", "a PowerPoint presentation of version 4 or 95"),
    ("swdocmgrtempstorage", "a SolidWorks model"),
)
"""How the names of streams and storages begin that tell what a compound file is. The first match counts."""


def unsupported(name: str, format_name: str) -> UnsupportedFormat:
    """Return the error that names the file's format and says what to do."""
    return UnsupportedFormat(f"{name} is {format_name}, which Pincite does not read.", _hint(format_name))


def _hint(format_name: str) -> str:
    return next((hint for word, hint in _HINTS.items() if word in format_name), _OTHERWISE)


def packed_kind(data: bytes) -> str:
    """Return what kind of compressed file or archive this is, unless it is a zip archive; empty for anything else."""
    return next((kind for offset, magic, kind in _PACKED if data.startswith(magic, offset)), "")


def package_kind(stated: str, parts: Collection[str]) -> str:
    """Return what a zip archive is that is one document or program; "" for an archive of files of any kind.

    `stated` is the media type that it states for itself, and `parts` are the paths of its parts.
    """
    if known := next((kind for head, kind in _PACKAGES.items() if stated.startswith(head)), ""):
        return known
    if "[Content_Types].xml" in parts:
        return next((kind for end, kind in _BY_PART.items() if any(part.endswith(end) for part in parts)), _OPC)
    if is_iwork(parts):
        return IWORK_FILE
    is_java = _JAVA in parts and any(part.endswith((".class", ".jar")) for part in parts)
    return "a program" if is_java or any(map(_APP.fullmatch, parts)) else ""


def is_iwork(parts: Iterable[str]) -> bool:
    """Return whether these are the parts of a document of Apple's Pages, Keynote or Numbers."""
    return any(map(_IWORK.fullmatch, parts))


def main_stream(data: bytes) -> str:
    """Return the beginning of the name of the stream or storage that tells what a compound file is; "" if none does.

    Only its outermost entries count: a workbook may have a Word document in it. Where they cannot be read, all names
    in the file count, which are in UTF-16.
    """
    try:
        with CompoundFile(data, "") as file:
            names = [path.partition("/")[0].lower() for path in file.paths]
    except DamagedFile:
        lowered = data.lower()
        names = [entry for entry, _ in _OLE2_ENTRIES if entry.encode("utf-16-le") in lowered]
    return next((entry for entry, _ in _OLE2_ENTRIES if any(name.startswith(entry) for name in names)), "")


def ole2_kind(stream: str) -> str:
    """Return what a compound file is, by its main stream."""
    return dict(_OLE2_ENTRIES).get(stream, "an Office document of the older kind")
