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


def _everywhere(*by_default: tuple[int, Scheme]) -> pytest.MarkDecorator:
    """Run a test with each `size` and `scheme` at night, and with some by default."""
    schemes: tuple[Scheme, Scheme] = ("light", "dark")
    cases = [(width, scheme) for width in SIZES for scheme in schemes]
    return pytest.mark.parametrize(
        ("size", "scheme"),
        [
            pytest.param(
                SIZES[case[0]],
                case[1],
                id=f"{case[0]}-{case[1]}",
                marks=() if case in by_default else pytest.mark.nightly,
            )
            for case in cases
        ],
    )


EVERYWHERE = _everywhere((390, "dark"))
"""By default on a phone, where things are most easily off the screen; most other tests are at a desk."""
PHONE_AND_DESK = _everywhere((390, "dark"), (1440, "light"))
"""By default on a phone and at a desk, for what is not the same on both."""
PHONE_BY_DEFAULT = pytest.mark.parametrize(
    "size", [pytest.param(SIZES[1440], id="desk", marks=pytest.mark.nightly), pytest.param(SIZES[390], id="phone")]
)
"""For tests of one scheme, beside others at a desk."""
