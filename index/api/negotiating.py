"""Content negotiation: selects a media type by the Accept header."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException

if TYPE_CHECKING:
    from collections.abc import Sequence


def preferred_type(accept: str | None, offers: Sequence[str]) -> str:
    """Return the offer with the highest quality in the Accept header; of equal offers, the first.

    An offer is a media type without parameters. Raises HTTPException (406) if the client accepts none of them.
    """
    ranges = [_range(entry) for entry in (accept or "*/*").split(",") if entry.strip()] or [("*/*", 1.0)]
    qualities = {offer: _quality(offer, ranges) for offer in offers}
    best = max(offers, key=lambda offer: qualities[offer])
    if qualities[best] <= 0:
        raise HTTPException(406, f"Available formats: {' or '.join(offers)}.")
    return best


def _range(text: str) -> tuple[str, float]:
    kind, *parameters = (part.strip().lower() for part in text.split(";"))
    quality = next((part[2:] for part in parameters if part.startswith("q=")), "1")
    try:
        return kind, float(quality)
    except ValueError:
        return kind, 0.0


def _quality(offer: str, ranges: Sequence[tuple[str, float]]) -> float:
    """Return the quality of an offer, in [0, 1]; a precise range overrides a wildcard."""
    family = offer.partition("/")[0] + "/*"
    for pattern in (offer, family, "*/*"):
        if matching := [quality for kind, quality in ranges if kind == pattern]:
            return max(matching)
    return 0.0
