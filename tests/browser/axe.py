"""Runs axe-core in a page, with the rules of WCAG 2.2 that a program can check."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Page

RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
COLOURS = ("color-contrast", "link-in-text-block")
"""The only rules that a change of theme can break, and the only slow ones."""

_SOURCE = (files("axe_playwright_python") / "axe.min.js").read_text("utf-8")
_RUN = """async ([part, options]) => {
  // Finish what fades in or changes its colour; an element that inherits a colour starts its own change afterwards,
  // hence three rounds.
  for (let round = 0; round < 3; round++) {
    await new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)));
    const ends = (change) => isFinite(change.effect.getComputedTiming().endTime);
    document.getAnimations().filter(ends).forEach((change) => change.finish());
  }
  const found = await axe.run(part || document, options);
  return found.violations.flatMap(rule =>
    rule.nodes.map(node => `${rule.id}: ${node.target.join(' ')} (${rule.help}) ${node.html.slice(0, 160)}`));
}"""


def structure_violations(page: Page) -> list[str]:
    """Return a line for each element of the page that violates one of RULES, except COLOURS."""
    disabled = {name: {"enabled": False} for name in COLOURS}
    return _run(page, None, {"runOnly": {"type": "tag", "values": RULES}, "rules": disabled})


def colour_violations(page: Page, within: str | None = None) -> list[str]:
    """Return a line for each element that violates one of COLOURS, in the whole page or in the part with a selector."""
    return _run(page, within, {"runOnly": {"type": "rule", "values": COLOURS}})


def _run(page: Page, within: str | None, options: dict[str, Any]) -> list[str]:
    if not page.evaluate("typeof axe === 'object'"):
        page.evaluate(_SOURCE)
    lines: list[str] = page.evaluate(_RUN, [within, {**options, "resultTypes": ["violations"]}])
    return lines
