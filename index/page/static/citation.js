"use strict";
// The pages below /d/ need no script. With one, they follow the reader's theme, copy, and pass on links of an older form.
(() => {
  let theme;
  try { theme = JSON.parse(localStorage.getItem("pincite.theme")); } catch { /* Storage is blocked. */ }
  if (theme === "dark" || theme === "light") document.documentElement.dataset.theme = theme;

  // A link d/DOCUMENT#START-END leads to d/DOCUMENT/START-END.
  const { citation } = document.body.dataset;
  const [, span] = /^#(\d+-\d+)$/.exec(location.hash) || [];
  if (citation && span) location.replace(new URL(citation + span, location.href));

  // The marked cell of a wide table is scrolled into view.
  const cell = document.querySelector(".p-grid .p-hit");
  if (cell) {
    cell.closest(".p-grid").dataset.held = "";
    window.showCell(cell);
  }

  const told = document.getElementById("told");
  for (const button of document.querySelectorAll("[data-copy]")) {
    button.hidden = !navigator.clipboard;
    button.addEventListener("click", async () => {
      try { await navigator.clipboard.writeText(button.dataset.copy); } catch { return; }
      told.textContent = "Copied";
      button.dataset.done = "";
      setTimeout(() => { delete button.dataset.done; told.textContent = ""; }, 1800);
    });
  }
})();
