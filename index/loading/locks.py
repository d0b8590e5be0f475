"""Opens documents that are locked with a password. Only this module imports msoffcrypto.

The readers get the unlocked bytes, so that none of them handles passwords. Nothing of a password is kept or named.
"""

from __future__ import annotations

import io
import struct
from typing import TYPE_CHECKING, Any

from index.errors import DamagedFile, PasswordRequired
from index.loading.compound_files import SIGNATURE

if TYPE_CHECKING:
    from collections.abc import Sequence

_PDF = b"%PDF-"
_PDF_SLACK = 1024
_WITHOUT_SECURITY = 3
"""The flag of pdfium that saves a PDF without its encryption."""
_OFFICE_ERRORS = (OSError, ValueError, KeyError, IndexError, TypeError, AttributeError, AssertionError, struct.error)


def unlocked(data: bytes, name: str, passwords: Sequence[str]) -> bytes:
    """Return a document without its lock; one that is not locked, or of another format, as it is.

    Raises PasswordRequired if none of the passwords fits, DamagedFile if the document cannot be decrypted.
    """
    if passwords and _PDF in data[:_PDF_SLACK]:
        return _unlocked_pdf(data, name, passwords)
    if passwords and data.startswith(SIGNATURE):
        return _unlocked_office(data, name, passwords)
    return data


def _unlocked_pdf(data: bytes, name: str, passwords: Sequence[str]) -> bytes:
    from index.loading.pdf.pdfium import PDFIUM, open_pdf

    for password in (None, *passwords):
        with PDFIUM:
            try:
                document = open_pdf(data, name, password)
            except PasswordRequired:
                continue
            except DamagedFile:
                return data  # its reader says what is wrong
            try:
                return data if password is None else _saved(document)
            finally:
                document.close()
    raise _none_fits(f"{name} is a PDF", passwords)


def _saved(document: Any) -> bytes:
    buffer = io.BytesIO()
    document.save(buffer, flags=_WITHOUT_SECURITY)
    return buffer.getvalue()


def _unlocked_office(data: bytes, name: str, passwords: Sequence[str]) -> bytes:
    import msoffcrypto
    from msoffcrypto.exceptions import DecryptionError, FileFormatError, InvalidKeyError

    try:
        file: Any = msoffcrypto.OfficeFile(io.BytesIO(data))
        if not file.is_encrypted():
            return data
    except (FileFormatError, *_OFFICE_ERRORS):
        return data  # its reader says what is wrong
    for password in passwords:
        target = io.BytesIO()
        try:
            file.load_key(password=password)
            file.decrypt(target)
        except (InvalidKeyError, DecryptionError):
            continue
        except (FileFormatError, *_OFFICE_ERRORS) as error:
            raise DamagedFile(f"{name} is a locked Office document that cannot be decrypted: {error}.") from error
        return target.getvalue()
    raise _none_fits(f"{name} is an Office document", passwords)


def _none_fits(subject: str, passwords: Sequence[str]) -> PasswordRequired:
    tried = "the given one does not fit" if len(passwords) == 1 else f"none of the {len(passwords)} given ones fits"
    return PasswordRequired(f"{subject} locked with a password, and {tried}.")
