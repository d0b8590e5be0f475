// Shows the tables of a text as tables. index/records/table.py describes them; offsets count as in the text.
import { make } from "./dom.js";

/** Return a part of a text as nodes, its tables as tables, with the part within the span marked. */
export function withTables(source, start, end, span, words = (from, to) => marked(source, from, to, span)) {
  const nodes = [];
  let at = start;
  for (const table of source.tables) {
    if (table.end <= at || table.start >= end) continue;
    nodes.push(words(at, Math.max(at, table.start)), tableOf(source, table, at, end, span));
    at = Math.min(table.end, end);
  }
  return [...nodes, words(at, end)].flat();
}

/** Return the text between two offsets, with the part within the span marked. */
export function marked(source, start, end, span) {
  const from = Math.min(Math.max(span?.start ?? end, start), end);
  const to = Math.min(Math.max(span?.end ?? end, start), end);
  if (from >= to) return [source.slice(start, end).trim()].filter(Boolean);
  return [source.slice(start, from).trimStart(), make("mark", {}, source.slice(from, to)), source.slice(to, end).trimEnd()];
}

/** Return what a reader calls the cell, or the rows, of a span; undefined outside all tables. Table.name has the rules. */
export function cellOf(source, { start, end }) {
  for (const table of source.tables) {
    const within = table.cells.filter((cell) => cell[0] < end && cell[1] > start);
    if (!within.length || start < table.cells[0][0] || end > table.end) continue;
    const [, , row, column] = within[0];
    const [first, last] = [table.rowNumbers[row], table.rowNumbers[within.at(-1)[2]]];
    const isOne = within.length === 1 && within[0][0] <= start && end <= within[0][1];
    const [left, right] = [Math.min, Math.max].map((most) => letters(most(...within.map((cell) => table.columnNumbers[cell[3]]))));
    if (table.naming === "sheet") return isOne ? `${left}${first}` : `${left}${first}:${right}${last}`;
    const rows = first === last ? `row ${first}` : `rows ${first}–${last}`;
    if (table.naming === "table") return `table ${table.number}, ${rows}`;
    const header = table.columns[column];
    return isOne ? `${rows}, column ${header ? `“${header}”` : table.columnNumbers[column]}` : rows;
  }
  return undefined;
}

function letters(column) {
  let name = "";
  for (let left = column; left > 0; left = Math.floor((left - 1) / 26)) name = String.fromCharCode(65 + ((left - 1) % 26)) + name;
  return name;
}

/** Return the rows of a table that begin in a part of the text, below the headers of the columns. */
function tableOf(source, table, start, end, span) {
  const rows = new Map();
  for (const cell of table.cells) if (cell[1] > start && cell[0] < end) rows.set(cell[2], [...(rows.get(cell[2]) ?? []), cell]);
  const heads = [...rows].filter(([row]) => row < table.headerRows).map(([row, cells]) => rowOf(source, table, row, cells, span));
  if (!heads.length && table.columns.some(Boolean)) {
    heads.push(make("tr", {}, table.columns.map((words) => make("th", { scope: "col", dir: "auto" }, words))));
  }
  const body = [...rows].filter(([row]) => row >= table.headerRows).map(([row, cells]) => rowOf(source, table, row, cells, span));
  const name = table.caption || `Table ${table.number}`;
  return make("div", { class: "table", role: "group", tabindex: "0", "aria-label": name },
    make("table", {}, heads.length ? make("thead", {}, heads) : null, make("tbody", {}, body)));
}

function rowOf(source, table, row, cells, span) {
  const byColumn = new Map(cells.map((cell) => [cell[3], cell]));
  return make("tr", {}, table.columns.map((_, column) => {
    const cell = byColumn.get(column);
    const scope = row < table.headerRows ? "col" : table.labels.includes(column) && table.rows[row] ? "row" : undefined;
    return make(scope ? "th" : "td", { scope, dir: "auto" }, cell ? marked(source, cell[0], cell[1], span) : null);
  }));
}
