// The part of the page's address after `#`: a question (`q`), its view (`v`), an open document (`d`) and a span of it (`s`).

const SHOWN_DIGITS = 16;
const FEWEST_DIGITS = 8;

/** Return what the address asks for. */
export function readAddress(documents) {
  const fields = new URLSearchParams(location.hash.slice(1));
  const id = fields.get("d") ?? "";
  const document = id.length >= FEWEST_DIGITS ? documents.findIndex((info) => info.id.startsWith(id)) : -1;
  const span = /^(\d{1,10})-(\d{1,10})$/.exec(fields.get("s") ?? "");
  return {
    question: (fields.get("q") ?? "").trim(),
    view: fields.get("v") === "coverage" ? "coverage" : "passages",
    document: document >= 0 ? document : undefined,
    isLost: Boolean(id) && document < 0,
    span: span ? { start: Number(span[1]), end: Number(span[2]) } : undefined,
  };
}

/** Return the address of a question, of a document, or of both. */
export function makeAddress({ question, view, info, span }) {
  const fields = new URLSearchParams();
  if (question) fields.set("q", question);
  if (view === "coverage") fields.set("v", view);
  if (info) fields.set("d", info.id.slice(0, SHOWN_DIGITS));
  if (info && span) fields.set("s", `${span.start}-${span.end}`);
  return `#${fields}`;
}
