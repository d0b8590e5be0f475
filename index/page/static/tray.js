"use strict";
// What a reader does in the tray: order by hand, remove and undo, take the words of now, export, delete everything.
(() => {
  const { actions, all, find, kept, texts, tray } = window.pincite;
  const { attempt, check, itemOf, render, revised, rowOf, tell } = tray;
  const rows = () => all("#tray-list .p-kept");

  // Order. The position of an item is between those of its neighbours; if there is no room, all are numbered again.
  const CLOSEST = 1e-6;
  const between = (before, after) => (before ? (after ? (before.position + after.position) / 2 : before.position + 1)
    : after ? after.position - 1 : 0);
  const place = (id, at) => {
    const others = kept.live().filter((item) => item.id !== id);
    const item = kept.live().find((one) => one.id === id);
    const [before, after] = [others[at - 1], others[at]];
    const isTight = before && after && after.position - before.position < CLOSEST;
    if (!isTight) return attempt(() => [revised(item, { position: between(before, after) })]);
    others.splice(at, 0, item);
    return attempt(() => others.map((one, n) => revised(one, { position: n + 1 })));
  };
  const move = (by) => (button) => {
    if (button.getAttribute("aria-disabled") === "true") return;
    const row = rowOf(button);
    const to = rows().indexOf(row) + by;
    if (!place(row.dataset.id, to)) return;
    tell(`Moved to ${to + 1} of ${rows().length}`);
    button.focus({ preventScroll: true });
    row.scrollIntoView({ block: "nearest" });
  };

  // Drag with mouse, pen or finger: the row follows the pointer among its neighbours, and Escape takes it back.
  let drag = null; // the row that is dragged
  const isBelow = (row, y) => { const { top, height } = row.getBoundingClientRect(); return y > top + height / 2; };
  document.addEventListener("pointerdown", (event) => {
    const grip = event.target.closest?.(".p-grip");
    if (!grip || event.button) return;
    event.preventDefault();
    grip.setPointerCapture(event.pointerId);
    drag = rowOf(grip);
    drag.classList.add("p-dragged");
  });
  document.addEventListener("pointermove", (event) => {
    if (!drag) return;
    const [before, after] = [drag.previousElementSibling, drag.nextElementSibling];
    if (after && isBelow(after, event.clientY)) after.after(drag);
    else if (before && !isBelow(before, event.clientY)) before.before(drag);
    const body = find("#tray-body").getBoundingClientRect();
    const step = event.clientY < body.top + 40 ? -12 : event.clientY > body.bottom - 40 ? 12 : 0;
    if (step) find("#tray-body").scrollBy(0, step);
  });
  const drop = (isKept) => {
    if (!drag) return;
    const row = drag;
    drag = null;
    row.classList.remove("p-dragged");
    const at = rows().indexOf(row);
    const isMoved = kept.live()[at]?.id !== row.dataset.id;
    if (isKept && isMoved && place(row.dataset.id, at)) tell(`Moved to ${at + 1} of ${rows().length}`);
    else render();
  };
  document.addEventListener("pointerup", () => drop(true));
  document.addEventListener("pointercancel", () => drop(false));
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !drag) return;
    event.preventDefault();
    drop(false);
  }, true);

  // Remove, and undo. What is removed leaves only its id, so that another tab does not bring it back.
  let undone = null;
  const remove = (button) => {
    const item = itemOf(button);
    const at = rows().indexOf(rowOf(button));
    const empty = { removed: true, question: "", caution: "", note: "", sentences: [], quotes: [] };
    if (!attempt(() => [revised(item, empty)])) return;
    undone = item;
    tell("Removed.", true);
    (find('[data-act="tray-undo"]') || rows()[Math.min(at, rows().length - 1)]).focus();
  };
  const undo = () => {
    const item = undone;
    if (!item) return;
    const revision = (items) => (items.get(item.id)?.revision || item.revision) + 1;
    if (!attempt((items) => [{ ...item, revision: revision(items) }])) return;
    undone = null;
    tell("It is back.");
    rows().find((row) => row.dataset.id === item.id)?.focus();
    check();
  };

  // Take the words or the place of now, as the library has them.
  const take = async (button) => {
    const item = itemOf(button);
    const row = rowOf(button);
    const answer = await (await kept.post("page/kept/check", [item])).json().catch(() => ({ states: {} }));
    const found = answer.states[item.id] || [];
    const isTaken = ({ state }) => state === "moved" || (state === "changed" && !item.sentences.length);
    const quotes = item.quotes.map((quote, at) => (found[at]?.now && isTaken(found[at]) ? found[at].now : quote));
    if (!attempt(() => [revised(item, { quotes })])) return;
    tell("Taken from the library as it is now.");
    row.focus({ preventScroll: true });
    check();
  };

  // Export: the server makes the document, after it has compared the quotes with the library.
  const download = async (button) => {
    try {
      const { form } = button.dataset;
      const address = new URL(".", document.baseURI).href;
      const query = new URLSearchParams({ form, style: find("#tray-style").value, address });
      const answer = await kept.post(`page/kept/export?${query}`, kept.live());
      const [, name] = /filename="([^"]+)"/.exec(answer.headers.get("Content-Disposition")) || [];
      const file = document.createElement("a");
      file.href = URL.createObjectURL(await answer.blob());
      file.download = name || "kept";
      file.click();
      setTimeout(() => URL.revokeObjectURL(file.href), 10000);
      tell("Exported");
    } catch (error) { tell(error.isAnswer ? error.message : `${texts.UNREACHABLE}.`); }
  };

  Object.assign(actions, {
    "tray-up": move(-1),
    "tray-down": move(1),
    "tray-remove": remove,
    "tray-undo": undo,
    "tray-take": take,
    "tray-export": download,
    "tray-erase": () => find("#tray-sure").showModal(),
    "tray-spare": () => find("#tray-sure").close(),
    "tray-forget": async () => {
      find("#tray-sure").close();
      await kept.forget();
      tell(kept.problem || "Everything is deleted.");
      find("#tray-title").focus();
      check();
    },
  });
})();
