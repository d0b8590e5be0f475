"""Pincite: ask your own documents, and see the exact words each answer rests on.

Importing this package loads nothing heavy: each public name is fetched when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from index.errors import PinciteError as PinciteError
    from index.library.library import Library as Library
    from index.settings import Settings as Settings

__version__ = "0.1.0"

_HOMES = {"Library": "index.library.library", "PinciteError": "index.errors", "Settings": "index.settings"}
__all__ = ["Library", "PinciteError", "Settings", "__version__"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__
