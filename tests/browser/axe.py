"""Runs axe-core in a page, with the rules of WCAG 2.2 that a program can check."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Page

RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
COLOURS = ("color-contrast", "link-in-text-block")
"""The only rules that a change of theme can break."""

_SOURCE = (files("axe_playwright_python") / "axe.min.js").read_text("utf-8")
_RUN = """async ([part, only]) => {
  // Finish colour transitions; an element that inherits a colour starts its own one afterwards, hence three rounds.
  for (let round = 0; round < 3; round++) {
    await new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)));
    for (const change of document.getAnimations()) if (change instanceof CSSTransition) change.finish();
  }
  const found = await axe.run(part || document, { runOnly: only, resultTypes: ['violations'] });
  return found.violations.flatMap(rule =>
    rule.nodes.map(node => `${rule.id}: ${node.target.join(' ')} (${rule.help}) ${node.html.slice(0, 160)}`));
}"""


def violations(page: Page, *rules: str, within: str | None = None) -> list[str]:
    """Return a line for each element that violates one of these rules, or one of RULES.

    `within` is the selector of the part that is checked; without it, the whole page is.
    """
    if not page.evaluate("typeof axe === 'object'"):
        page.evaluate(_SOURCE)
    only: dict[str, Any] = {"type": "rule", "values": rules} if rules else {"type": "tag", "values": RULES}
    found: list[str] = page.evaluate(_RUN, [within, only])
    return found
