"""What goes wrong, as an assistant is told: what happened, and what to do next. One table for all that is not told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from index import errors

if TYPE_CHECKING:
    from pydantic import ValidationError

    from index.errors import PinciteError

_OPERATOR = "Tell the reader that whoever runs this server finds the details in its log."
_OTHERWISE: dict[type[PinciteError], tuple[str, str]] = {
    errors.SettingsError: ("The server is not set up rightly.", _OPERATOR),
    errors.EncoderError: ("The encoder cannot be used.", _OPERATOR),
    errors.LibraryError: ("The library cannot be used.", _OPERATOR),
    errors.AmbiguousDocument: (
        "Several documents have that name.",
        "Name one by its id, which search results and citations give.",
    ),
}
"""Errors whose own words name folders of this server."""
_HINTS: dict[type[PinciteError], str] = {
    errors.DocumentNotFound: "Name it by the id that search results and citations give.",
}
"""Where what a command line would do is not what an assistant can."""
UNFORESEEN = f"Something went wrong here. {_OPERATOR}"


def told(error: PinciteError) -> str:
    """One of our errors: its message and its hint."""
    kinds = type(error).__mro__
    message, hint = next((_OTHERWISE[kind] for kind in kinds if kind in _OTHERWISE), (error.message, error.hint))
    return f"{message} {next((_HINTS[kind] for kind in kinds if kind in _HINTS), hint)}".strip()


def is_told(error: PinciteError) -> bool:
    """Whether the error's own words go out; else they are for the log."""
    return not any(kind in _OTHERWISE for kind in type(error).__mro__)


def misfit(error: ValidationError) -> str:
    """Arguments that do not fit a tool's schema. What was given is not given back."""
    mistakes = (f"{'.'.join(map(str, each['loc'])) or 'arguments'}: {each['msg']}" for each in error.errors())
    return f"The arguments do not fit the tool. {'; '.join(mistakes)}."
