"use strict";
// A matrix: sort its rows by document, by date, or by a question, mentions first. At first the rows that say most are at the
// top. Rows that arrive later take their place.
(() => {
  const { actions, all, find, say } = window.pincite;
  const [MOST, DOCUMENT, DATE] = [-1, 0, 1]; // All columns; single ones, of which the others are questions.
  const names = new Intl.Collator(undefined, { numeric: true });

  const byName = (a, b) => names.compare(a.dataset.name, b.dataset.name) || a.dataset.row - b.dataset.row;
  // A document without a date comes last, whatever the direction.
  const byDate = (sign) => (a, b) => !a.dataset.date - !b.dataset.date || sign * names.compare(a.dataset.date, b.dataset.date);
  const byCell = (column, sign) => (a, b) => {
    const [one, other] = [a.cells[column].dataset, b.cells[column].dataset];
    return sign * (one.rank - other.rank) || other.sure - one.sure;
  };
  // Ranks of cells, as the server numbers them: an answer is 0, a doubtful one 1.
  const mentions = (row, rank) => [...row.cells].filter((cell) => cell.dataset.rank === rank).length;
  const bySpeech = (a, b) => mentions(b, "0") - mentions(a, "0") || mentions(b, "1") - mentions(a, "1") || byName(a, b);
  const comparison = (column, sign) => {
    if (column === MOST) return bySpeech;
    if (column === DOCUMENT) return (a, b) => sign * byName(a, b);
    const first = column === DATE ? byDate(sign) : byCell(column, sign);
    return (a, b) => first(a, b) || byName(a, b);
  };
  const heads = (table) => [...table.tHead.rows[0].cells];
  const sorting = (table) => {
    const column = heads(table).findIndex((head) => head.hasAttribute("aria-sort"));
    return { column, sign: heads(table)[column]?.ariaSort === "descending" ? -1 : 1 };
  };
  const arrange = (table) => {
    const { column, sign } = sorting(table);
    const focused = document.activeElement;
    table.tBodies[0].append(...[...table.tBodies[0].rows].sort(comparison(column, sign)));
    if (table.contains(focused)) focused.focus({ preventScroll: true }); // A moved node loses the focus.
  };
  const sort = (table, column, sign) => {
    for (const head of heads(table)) head.removeAttribute("aria-sort");
    if (column !== MOST) heads(table)[column].ariaSort = sign > 0 ? "ascending" : "descending";
    const order = find("[data-matrix-order]", table.closest("details"));
    if (column !== DATE || sign < 0) order.value = column;
    arrange(table);
    if (column === MOST) { say("Sorted by most mentions"); return; }
    const how = column > DATE ? (sign > 0 ? "mentions first" : "mentions last") : sign > 0 ? "ascending" : "descending";
    say(`Sorted by ${heads(table)[column].textContent.trim()}, ${how}`);
  };

  // The first click on a date shows the newest first.
  actions.matrixSort = (button) => {
    const head = button.closest("th");
    const first = head.cellIndex === DATE ? "descending" : "ascending";
    const again = { ascending: -1, descending: 1 }[head.ariaSort];
    sort(head.closest("table"), head.cellIndex, again || (first === "ascending" ? 1 : -1));
  };
  document.addEventListener("change", (event) => {
    if (!event.target.matches?.("[data-matrix-order]")) return;
    const column = Number(event.target.value);
    sort(find(".p-matrix", event.target.closest("details")), column, column === DATE ? -1 : 1);
  });
  document.addEventListener("pincite:rows", (event) => {
    for (const table of all(".p-matrix", event.target)) arrange(table);
  });
})();
