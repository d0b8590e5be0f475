"""The recipe of a library: the model and the passage length that it was made with, as settings.

A library goes on with its own recipe unless the caller sets another one. It remembers only the text of the settings;
the fingerprint says what came of them, and is compared at each use.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from index.storage.fingerprint import target_of

if TYPE_CHECKING:
    from index.settings import Settings
    from index.storage.catalog import Catalog


def applied(settings: Settings, catalog: Catalog, *, fallback: str = "") -> Settings:
    """Return the settings with the library's own model and passage length, except those that the caller set.

    `fallback` is the fingerprint that gives the passage length of a library that is still empty. It may come from a
    stranger's file, so a length outside the range that the settings allow is ignored.
    """
    own = {name: value for name, value in _own(catalog, fallback).items() if name not in settings.model_fields_set}
    return settings.model_copy(update=own)


def disagreements(settings: Settings, catalog: Catalog) -> dict[str, tuple[Any, Any]]:
    """Return the settings that the caller set and the library was not made with: name to (set, library's own)."""
    stated = {name: getattr(settings, name) for name in settings.model_fields_set}
    if "model" in stated:
        stated["model"] = portable_model(stated["model"])
    own = _own(catalog, "")
    return {name: (stated[name], value) for name, value in own.items() if name in stated and stated[name] != value}


def portable_model(model: str) -> str:
    """Return a model's name so that it can be loaded from any working folder: a folder becomes an absolute path."""
    return str(Path(model).resolve()) if model and Path(model).is_dir() else model


def _own(catalog: Catalog, fallback: str) -> dict[str, Any]:
    stored = catalog.fingerprint()
    target = target_of(stored) if stored else _allowed(target_of(fallback))
    own = {"passage_tokens": target, "model": catalog.model() if stored else None}
    return {name: value for name, value in own.items() if value is not None}


def _allowed(target: int | None) -> int | None:
    """Return the target length of passages; None if the settings do not allow it."""
    from pydantic import TypeAdapter, ValidationError

    from index.settings import Settings

    field = Settings.model_fields["passage_tokens"]
    try:
        return TypeAdapter(Annotated[int, *field.metadata]).validate_python(target, strict=True)
    except ValidationError:
        return None
