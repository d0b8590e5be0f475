// Shows what was found for a question: passages, an answer that was made in advance, or the coverage of all documents.
import { makeAddress } from "./address.js";
import { loadDocument } from "./documents.js";
import { counted, dotted, isolated, make } from "./dom.js";
import { withTables } from "./tables.js";

const SHOWN = 5;

/** Return the choice between the passages and the coverage of a question. */
export function views({ question, view }, first) {
  const link = (name, label) =>
    make("a", { href: makeAddress({ question, view: name }), "aria-current": name === view ? "true" : undefined }, label);
  return make("nav", { class: "panes", "aria-label": "View" }, link("passages", first), link("coverage", "Coverage"));
}

/** Return the passages of a question that was not answered in advance. */
export async function passagesFound(index, question, { hits, isNear, absent }) {
  const cards = await Promise.all(hits.map((hit, n) => card(index, question, hit, n + 1)));
  const missing = absent.length ? note(["No passage mentions ", ...listed(absent), "."]) : null;
  if (!cards.length) return nothing(index, missing, "Type a word that a document may contain.");
  if (!isNear) return [nothing(index, missing), section("Nearest passage", [], cards.slice(0, 1), "unused")];
  const text = "The passages nearest to the question. Whether they answer it has not been judged.";
  return [section("Passages", [make("p", { class: "hint" }, text), missing], cards)];
}

function nothing(index, missing, advice = index.texts.NAME_SOMETHING) {
  const total = `${counted(index.documents.length, "document")}`;
  return make("section", { class: "none", "aria-labelledby": "h-none" },
    make("h2", { class: "eyebrow", id: "h-none" }, "Probably not in these documents"),
    missing,
    make("p", { class: "lead" }, `Nothing in ${total} is near to this question.`),
    make("p", { class: "hint" }, `This search can be wrong. ${advice}`));
}

/** Return an answer that was made when the site was published, with its sources. */
export async function preparedAnswer(index, question, answer) {
  const cited = answer.citations.map((citation) => ({ ...around(answer, citation), marker: citation.marker, span: citation }));
  const others = answer.passages.filter((passage) => !cited.some((one) => isSame(one.passage, passage)));
  const cards = await Promise.all(cited.map((one) => card(index, question, { passage: one.passage, pin: one.span }, one.marker)));
  const related = await Promise.all(others.map((passage, n) =>
    card(index, question, { passage, pin: { start: passage.pin[0], end: passage.pin[1] } }, cards.length + n + 1)));
  const notes = answer.notes.map((text) => note(emphasised(text)));
  return [
    STATUSES[answer.status](index, question, answer, notes),
    cards.length ? section("Evidence", [], cards) : null,
    related.length ? section(cards.length ? index.texts.RELATED : "Nearest passage", [],
      cards.length ? related.slice(0, SHOWN) : related.slice(0, 1), "unused") : null,
  ];
}

const STATUSES = { answered, unsure, abstained };

function answered(index, question, answer, notes) {
  const said = answer.statements.flatMap((statement) => [statementOf(index, question, answer, statement), " "]);
  return make("section", { "aria-labelledby": "h-answer" }, make("h2", { class: "sr", id: "h-answer" }, "Answer"), notes,
    make("p", { class: "answer", dir: "auto" }, said), prepared(`${answer.match} · `));
}

function unsure(index, question, answer, notes) {
  const said = answer.statements.map((statement) =>
    make("li", { dir: "auto" }, statementOf(index, question, answer, statement)));
  return make("section", { "aria-labelledby": "h-answer" },
    make("h2", { class: "eyebrow", id: "h-answer" }, index.texts.MAY_BE),
    make("p", { class: "hint" }, `${index.texts.UNCLEAR}. These are the nearest sentences.`),
    notes, make("ul", { class: "maybes" }, said), prepared());
}

function abstained(index, question, answer, notes) {
  return make("section", { class: "none", "aria-labelledby": "h-answer" },
    make("h2", { class: "eyebrow", id: "h-answer" }, index.texts.NO_ANSWER), notes,
    make("p", { class: "lead" }, "Nothing in the documents supports an answer to that."), prepared());
}

const prepared = (match = "") => make("p", { class: "numbers" }, `${match}Answered when this page was published`);

function statementOf(index, question, { citations }, { text, markers }) {
  const numbers = markers.map((marker) => {
    const citation = citations.find((one) => one.marker === marker);
    const info = index.documents[citation.document];
    return make("a", {
      class: "cite",
      href: makeAddress({ question, info, span: citation }),
      "aria-label": `Source ${marker}: ${info.name}${citation.place ? `, ${citation.place}` : ""}`,
    }, `[${marker}]`);
  });
  return make("span", { class: "said" }, isolated(text), numbers);
}

/** Return the passage of an answer that holds a citation, or the citation itself. */
function around({ passages }, citation) {
  const holds = ({ document, start, end }) => document === citation.document && start <= citation.start && citation.end <= end;
  return { passage: passages.find(holds) ?? citation };
}

const isSame = (one, other) => one.document === other.document && one.start === other.start;

function section(title, before, cards, kind = "") {
  const id = `h-${title.toLowerCase().replace(" ", "-")}`;
  const more = cards.slice(SHOWN);
  return make("section", { class: `evidence ${kind}`, "aria-labelledby": id },
    make("h2", { class: title === "Passages" ? "sr" : "eyebrow", id }, title), before,
    make("ol", { class: "cards" }, cards.slice(0, SHOWN)),
    more.length ? make("details", { class: "more" }, make("summary", {}, counted(more.length, "more passage")),
      make("ol", { class: "cards", start: SHOWN + 1 }, more)) : null);
}

async function card(index, question, { passage, pin }, number) {
  const info = index.documents[passage.document];
  const source = await loadDocument(passage.document);
  const href = makeAddress({ question, info, span: pin });
  return make("li", { class: "card" },
    make("span", { class: "number", "aria-hidden": "true" }, String(number)),
    make("article", { "aria-labelledby": `title-${number}` },
      make("h3", { id: `title-${number}` }, make("span", { class: "sr" }, `Passage ${number}: `), make("a", { href }, isolated(info.name))),
      make("p", { class: "place" }, dotted(info.author, info.date, source.place(pin, info.title))),
      make("blockquote", { dir: "auto" }, quotation(source, passage, pin))));
}

/** Return the text of a passage, with the pin marked and its tables as tables. */
function quotation(source, passage, pin) {
  return withTables(source, passage.start, passage.end, pin, (start, end) => {
    const from = Math.min(Math.max(pin.start, start), end);
    const to = Math.min(Math.max(pin.end, from), end);
    const before = source.slice(start, from).trimStart();
    const after = source.slice(to, end).trimEnd();
    return [spaced(before), to > from ? make("mark", {}, spaced(source.slice(from, to))) : null, spaced(after)];
  });
}

/** Return a text with half a line's space instead of blank lines. */
const spaced = (text) =>
  text.split(/\n\s*\n/).flatMap((part, n) => (n ? [make("span", { class: "gap" }, "\n\n"), part] : [part]));

/** Return every document: its best sentence, or that it does not mention the subject. */
export async function coverage(index, question, hits) {
  const speaking = new Set(hits.map(({ passage }) => passage.document));
  const silent = index.documents.filter((_, place) => !speaking.has(place));
  const rows = await Promise.all(hits.map((hit) => coveredRow(index, question, hit)));
  const total = counted(index.documents.length, "document");
  const verb = rows.length === 1 ? "mentions" : "mention";
  return make("section", { "aria-labelledby": "h-coverage" },
    make("h2", { class: "sr", id: "h-coverage" }, "Coverage"),
    make("p", { class: "numbers" }, `${rows.length} of ${total} ${verb} the subject of this question`),
    make("ol", { class: "coverage" }, rows, silent.map((info) =>
      make("li", { class: "silent" }, make("h3", {}, isolated(info.name)), make("p", {}, index.texts.NO_MENTION)))));
}

async function coveredRow(index, question, { passage, pin }) {
  const info = index.documents[passage.document];
  const source = await loadDocument(passage.document);
  const href = makeAddress({ question, view: "coverage", info, span: pin });
  return make("li", {},
    make("h3", {}, make("a", { href }, isolated(info.name))),
    make("p", { class: "place" }, dotted(source.place(pin, info.title))),
    make("blockquote", { dir: "auto" }, make("mark", {}, source.slice(pin.start, pin.end))));
}

const note = (parts) => make("p", { class: "note" }, parts);

/** Return words in quotation marks, with commas between them. */
const listed = (words) => words.flatMap((word, n) => [n ? ", “" : "“", isolated(word), "”"]);

/** Return a note of the program: the words between its asterisks are the reader's. */
const emphasised = (text) => text.split("*").map((part, n) => (n % 2 ? make("em", {}, isolated(part)) : part));
