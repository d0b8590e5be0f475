"""Which of several representations a client wants, by its Accept header."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException

if TYPE_CHECKING:
    from collections.abc import Sequence


def wanted(accept: str | None, offers: Sequence[str]) -> str:
    """The offer that the client likes best; of those it likes equally, the first.

    An offer is a media type without parameters. Raises HTTPException (406) where it takes none of them.
    """
    ranges = [_range(each) for each in (accept or "*/*").split(",") if each.strip()] or [("*/*", 1.0)]
    liked = {offer: _liking(offer, ranges) for offer in offers}
    best = max(offers, key=lambda offer: liked[offer])
    if liked[best] <= 0:
        raise HTTPException(406, f"This is to be had as {' or '.join(offers)}.")
    return best


def _range(text: str) -> tuple[str, float]:
    kind, *parameters = (part.strip().lower() for part in text.split(";"))
    quality = next((part[2:] for part in parameters if part.startswith("q=")), "1")
    try:
        return kind, float(quality)
    except ValueError:
        return kind, 0.0


def _liking(offer: str, ranges: Sequence[tuple[str, float]]) -> float:
    """How much a client likes an offer, in [0, 1]: what names it precisely counts before what only includes it."""
    family = offer.partition("/")[0] + "/*"
    for named in (offer, family, "*/*"):
        if matching := [quality for kind, quality in ranges if kind == named]:
            return max(matching)
    return 0.0
