"""Finds parts of a page that its reader cannot scroll to."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page

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
