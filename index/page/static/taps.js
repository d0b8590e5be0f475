"use strict";
// A finger is wider than a citation mark. Its target reaches beyond it, over the targets of its neighbours: a tap opens the
// mark whose middle is nearest.
(() => {
  const coarse = matchMedia("(pointer: coarse)");
  const distance = (mark, { clientX, clientY }) => Math.min(...[...mark.getClientRects()].map(
    ({ left, right, top, bottom }) => Math.hypot(clientX - (left + right) / 2, clientY - (top + bottom) / 2)));
  addEventListener("click", (event) => {
    const hit = event.target.closest?.(".p-cite");
    if (!hit || !event.detail || !coarse.matches) return;
    const visible = window.pincite.all(".p-cite").filter((mark) => mark.checkVisibility());
    const nearest = visible.reduce((best, mark) => (distance(mark, event) < distance(best, event) ? mark : best), hit);
    if (nearest === hit) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    nearest.click();
  }, true);
})();
