"""Errors as an assistant reads them: what is wrong, then what to do. One table says which errors are not shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from index import errors

if TYPE_CHECKING:
    from pydantic import ValidationError

    from index.errors import PinciteError

_OPERATOR = "Tell the reader that the server's operator finds the details in its log."
_OTHERWISE: dict[type[PinciteError], tuple[str, str]] = {
    errors.SettingsError: ("The server is misconfigured.", _OPERATOR),
    errors.EncoderError: ("The encoder cannot be used.", _OPERATOR),
    errors.LibraryError: ("The library cannot be used.", _OPERATOR),
    errors.AmbiguousDocument: (
        "Several documents have that name.",
        "Name one by its id, which search results and citations give.",
    ),
}
"""Errors whose messages may name folders of the server, and the words that are shown instead."""
_HINTS: dict[type[PinciteError], str] = {
    errors.DocumentNotFound: "Name it by the id that search results and citations give.",
}
"""Hints for an assistant, where the error's own hint is one for the command line."""
UNEXPECTED = f"Something went wrong here. {_OPERATOR}"


def message(error: PinciteError) -> str:
    """Return the message and the hint of one of our errors."""
    kinds = type(error).__mro__
    words, hint = next((_OTHERWISE[kind] for kind in kinds if kind in _OTHERWISE), (error.message, error.hint))
    return f"{words} {next((_HINTS[kind] for kind in kinds if kind in _HINTS), hint)}".strip()


def is_shown(error: PinciteError) -> bool:
    """Return whether the error's own message is shown; if not, it belongs in the log."""
    return not any(kind in _OTHERWISE for kind in type(error).__mro__)


def argument_mistakes(error: ValidationError) -> str:
    """Return what is wrong with a tool's arguments, without repeating their values."""
    mistakes = (f"{'.'.join(map(str, mistake['loc'])) or 'arguments'}: {mistake['msg']}" for mistake in error.errors())
    return f"The arguments do not fit the tool. {'; '.join(mistakes)}."
