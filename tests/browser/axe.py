"""axe-core in a page: the rules of WCAG 2.2 that a program can check."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Page

RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
COLOURS = ("color-contrast", "link-in-text-block")
"""All that a change of theme can break."""

_SOURCE = (files("axe_playwright_python") / "axe.min.js").read_text("utf-8")
_RUN = """async (only) => {
  // Colours on their way to others are neither; and what inherits them sets out when they have arrived.
  for (let round = 0; round < 3; round++) {
    await new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)));
    for (const moving of document.getAnimations()) if (moving instanceof CSSTransition) moving.finish();
  }
  const found = await axe.run(document, { runOnly: only, resultTypes: ['violations'] });
  return found.violations.flatMap(each =>
    each.nodes.map(node => `${each.id}: ${node.target.join(' ')} (${each.help}) ${node.html.slice(0, 160)}`));
}"""


def violations(page: Page, *rules: str) -> list[str]:
    """What axe objects to in a page as it is now, a line for each element; by these rules alone, or by all of RULES."""
    if not page.evaluate("typeof axe === 'object'"):
        page.evaluate(_SOURCE)
    only: dict[str, Any] = {"type": "rule", "values": rules} if rules else {"type": "tag", "values": RULES}
    found: list[str] = page.evaluate(_RUN, only)
    return found
