"""Finds parts of a page that its reader cannot scroll to."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Page

SECTIONS = ("Ask", "Check", "Library", "Questions")
_OUTSIDE = """() => {
  const root = document.documentElement;
  const width = root.clientWidth;
  const found = root.scrollWidth > width ? [`the page is ${root.scrollWidth} of ${width} pixels wide`] : [];
  const isTopLayer = (node) => node.matches('dialog, [popover], .gradio-container'); // No ancestor scrolls it.
  const isScrollable = (node) => {
    for (let at = node; at && !isTopLayer(at); at = at.parentElement)
      if (getComputedStyle(at.parentElement).overflowX !== 'visible' && !at.parentElement.matches('.gradio-container'))
        return true;
    return false;
  };
  for (const node of document.querySelectorAll('body *')) {
    const box = node.getBoundingClientRect();
    if (!box.width || !box.height || (box.left >= -1 && box.right <= width + 1)) continue;
    if (!node.checkVisibility({ visibilityProperty: true, opacityProperty: true }) || isScrollable(node)) continue;
    const name = [node.tagName.toLowerCase(), node.id && `#${node.id}`, ...node.classList].filter(Boolean).join('.');
    found.push(`${name} reaches from ${Math.round(box.left)} to ${Math.round(box.right)} of ${width}`);
  }
  return found.slice(0, 8);
}"""


def layout_problems(page: Page) -> list[str]:
    """Return what makes the page scroll sideways, or is beyond its edges and not in a box that scrolls."""
    found: list[str] = page.evaluate(_OUTSIDE)
    return found


def assert_header_fits(page: Page) -> None:
    """Assert that the parts of the header are within the window and do not overlap."""
    tabs = page.locator("#sections > .tab-wrapper .tab-container:not(.visually-hidden) [role=tab]")
    expect(tabs).to_have_text(SECTIONS)
    tools = page.locator("#header :is(a:not(.p-skip), button):visible")
    boxes = [part.bounding_box() for part in (*tabs.all(), *tools.all())]
    width = page.viewport_size["width"] if page.viewport_size else 0
    assert len(boxes) >= len(SECTIONS) + 2
    for one in boxes:
        assert one
        assert one["x"] >= 0
        assert one["x"] + one["width"] <= width
    for one, other in combinations(boxes, 2):
        assert one
        assert other
        apart = one["x"] + one["width"] <= other["x"] + 0.5 or other["x"] + other["width"] <= one["x"] + 0.5
        above = one["y"] + one["height"] <= other["y"] + 0.5 or other["y"] + other["height"] <= one["y"] + 0.5
        assert apart or above, (width, one, other)
