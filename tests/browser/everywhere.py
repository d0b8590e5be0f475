"""The window sizes and colour schemes in which every feature of the page is tested."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import ViewportSize

    from tests.browser.conftest import Scheme

SIZES: dict[int, ViewportSize] = {
    320: {"width": 320, "height": 640},
    390: {"width": 390, "height": 844},
    768: {"width": 768, "height": 1024},
    1440: {"width": 1440, "height": 900},
}
_BY_DEFAULT: dict[int, Scheme] = {320: "light", 390: "dark", 768: "light", 1440: "dark"}
"""The scheme of each width in the default run; at night, each width has both."""
EVERYWHERE = pytest.mark.parametrize(
    ("size", "scheme"),
    [
        pytest.param(
            size, scheme, id=f"{width}-{scheme}", marks=() if _BY_DEFAULT[width] == scheme else pytest.mark.nightly
        )
        for width, size in SIZES.items()
        for scheme in ("light", "dark")
    ],
)
"""Runs a test with `size` and `scheme` in each width, by default in one scheme, at night in both."""
