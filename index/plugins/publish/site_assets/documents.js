// Loads the texts of documents, each when it is first needed, and locates places in them.
import { checked } from "./index-file.js";
import { cellOf } from "./tables.js";

const loading = new Map();

/** Return a document's text, its landmarks and its tables. */
export function loadDocument(place) {
  if (!loading.has(place)) {
    const loaded = fetch(`documents/${place}.json`).then(checked).then((response) => response.json())
      .then(({ text, landmarks, tables }) => new Source(text, landmarks, tables));
    loaded.catch(() => loading.delete(place));
    loading.set(place, loaded);
  }
  return loading.get(place);
}

/** A document's text. Offsets are code points, as on the server; a JavaScript string counts some characters twice. */
export class Source {
  constructor(text, landmarks, tables) {
    this.tables = tables;
    this.points = /[\ud800-\udfff]/.test(text) ? Array.from(text) : text;
    this.landmarks = landmarks.map(([kind, start, label, level]) => ({ kind, start, label, level }));
  }

  get length() {
    return this.points.length;
  }

  slice(start, end) {
    const part = this.points.slice(start, end);
    return typeof part === "string" ? part : part.join("");
  }

  /** Return page, place, headings, and cell or paragraph of a span in one line, without a heading that is the title. */
  place(span, title) {
    const before = this.landmarks.filter(({ start }) => start <= span.start);
    const page = before.findLast(({ kind }) => kind === "page");
    const named = before.findLast(({ kind }) => kind === "place");
    const path = headingPath(before);
    const anchor = Math.max(page?.start ?? -1, path.at(-1)?.start ?? -1);
    const paragraph = before.filter(({ kind, start }) => kind === "paragraph" && start >= anchor).length;
    const headings = path.map(({ label }) => label).filter((label) => label !== title).join(" > ");
    const spot = cellOf(this, span) ?? (paragraph && `¶ ${paragraph}`);
    return [page?.label && `p. ${page.label}`, named?.label, headings && `§ ${headings}`, spot].filter(Boolean).join(", ");
  }

  /** Return the blocks of the whole text: headings and paragraphs, with the label of a page that begins there. */
  blocks() {
    const headings = new Map(this.landmarks.filter(({ kind }) => kind === "heading").map((mark) => [mark.start, mark]));
    const pages = this.landmarks.filter(({ kind }) => kind === "page");
    const starts = [...new Set([0, ...this.landmarks.map(({ start }) => start), ...this.gaps(headings)])].sort((a, b) => a - b);
    let page = 0;
    return starts.flatMap((start, n) => {
      const end = starts[n + 1] ?? this.length;
      if (!this.slice(start, end).trim()) return [];
      const begun = page;
      while (pages[page]?.start < end) page++;
      return [{ start, end, level: headings.get(start)?.level ?? 0, page: page > begun ? pages[page - 1].label : "" }];
    });
  }

  /** Return where blocks begin that have no landmark: after blank lines, and after the line of a heading. */
  gaps(headings) {
    const text = typeof this.points === "string" ? this.points : this.points.map((c) => (c.length > 1 ? "x" : c)).join("");
    const after = Array.from(text.matchAll(/\n\s*\n/g), ({ index, 0: gap }) => index + gap.length);
    for (const start of headings.keys()) {
      const end = text.indexOf("\n", start);
      if (end >= 0) after.push(end + 1);
    }
    return after;
  }
}

function headingPath(before) {
  const path = [];
  let level = Infinity;
  for (let n = before.length - 1; n >= 0 && level > 1; n--) {
    if (before[n].kind !== "heading" || before[n].level >= level) continue;
    path.unshift(before[n]);
    level = before[n].level;
  }
  return path;
}
