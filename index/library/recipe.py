"""With what a library was made, as settings: where nobody says otherwise, it goes on with its own.

Only the text of the settings is remembered. What came of them is in the fingerprint, which is compared at each use.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

if TYPE_CHECKING:
    from index.settings import Settings
    from index.storage.catalog import Catalog


def applied(settings: Settings, catalog: Catalog, *, otherwise: str = "") -> Settings:
    """The settings with the library's own model and passages, except where these were set by hand.

    `otherwise` is the fingerprint whose passages a library takes on that has none yet, where the settings allow them:
    it may come from anybody.
    """
    own = {name: value for name, value in _own(catalog, otherwise).items() if name not in settings.model_fields_set}
    return settings.model_copy(update=own)


def disagreements(settings: Settings, catalog: Catalog) -> dict[str, tuple[Any, Any]]:
    """What was set by hand and is not so in the library: names, each with what was set and what the library has."""
    stated = {name: getattr(settings, name) for name in settings.model_fields_set}
    if "model" in stated:
        stated["model"] = named(stated["model"])
    own = _own(catalog, "")
    return {name: (stated[name], value) for name, value in own.items() if name in stated and stated[name] != value}


def named(model: str) -> str:
    """A model as it can be loaded from any working folder."""
    return str(Path(model).resolve()) if model and Path(model).is_dir() else model


def _own(catalog: Catalog, otherwise: str) -> dict[str, Any]:
    from index.ingestion import target_of

    stored = catalog.fingerprint()
    target = target_of(stored) if stored else _allowed(target_of(otherwise))
    own = {"passage_tokens": target, "model": catalog.model() if stored else None}
    return {name: value for name, value in own.items() if value is not None}


def _allowed(target: int | None) -> int | None:
    """The target of a library's passages; None where it is beyond what the settings allow."""
    from pydantic import TypeAdapter, ValidationError

    from index.settings import Settings

    field = Settings.model_fields["passage_tokens"]
    try:
        return TypeAdapter(Annotated[int, *field.metadata]).validate_python(target, strict=True)
    except ValidationError:
        return None
