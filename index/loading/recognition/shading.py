"""Makes shaded parts of a page as light as its paper: engines miss words on a shaded ground, as in heads of tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from PIL import Image

_BLOCKS = 60
"""A block is this part of the page's shorter side wide, about three lines of type high."""
_GROUND, _LIGHTER = 60, 80
"""The percentile of a block's levels that is its ground: letters cover less than the rest. So are higher ones."""
_FLAT = 0.06
"""The ground of a block has levels that differ by less than this share of the paper's, unless a letter fills it."""
_PAPER = 75
"""The percentile of the page's levels that is its paper."""
_DARKEST, _LIGHTEST = 0.45, 0.93
"""A shaded ground has a level between these shares of the paper's."""
_LEAST = 0.002
"""The share of the page that is shaded, at least."""
_LEAST_PIXELS = 200


def evened(picture: Image.Image) -> Image.Image:
    """Return a picture in levels of grey whose shaded parts are as light as the paper; itself if nothing is shaded."""
    import numpy as np
    from PIL import Image

    if min(picture.size) < _LEAST_PIXELS:
        return picture
    levels = np.asarray(picture)
    paper = float(np.percentile(levels[::8, ::8], _PAPER))
    ground, lighter_ground = _grounds(levels, side := min(picture.size) // _BLOCKS)
    shaded = (ground > _DARKEST * paper) & (ground < _LIGHTEST * paper) & (lighter_ground - ground < _FLAT * paper)
    if not shaded.mean() > _LEAST:
        return picture
    lighter = np.array(levels)
    for row, column in zip(*np.nonzero(shaded), strict=True):
        part = np.s_[row * side : (row + 1) * side, column * side : (column + 1) * side]
        lighter[part] = np.minimum(lighter[part] * (paper / ground[row, column]), 255)
    return Image.fromarray(lighter)


def _grounds(levels: Any, side: int) -> Any:
    """Return two levels of the ground of each whole block."""
    import numpy as np

    rows, columns = (length // side for length in levels.shape)
    whole = levels[: rows * side, : columns * side].reshape(rows, side, columns, side)[:, ::2, :, ::2]
    return np.percentile(whole.transpose(0, 2, 1, 3).reshape(rows, columns, -1), (_GROUND, _LIGHTER), axis=2)
