// The source viewer: the whole text of a document, with the cited span marked and in view.
import { makeAddress } from "./address.js";
import { loadDocument } from "./documents.js";
import { dotted, isolated, make, webAddress } from "./dom.js";
import { withTables } from "./tables.js";

const BESIDE = matchMedia("(min-width: 1000px)");
const viewer = document.getElementById("viewer");
let returnTo = null;

/** Show a document; `back` is the address that closes it. */
export async function openSource(index, place, span, back) {
  const info = index.documents[place];
  const source = await loadDocument(place);
  const marked = span && span.start < span.end && span.end <= source.length ? span : undefined;
  const body = make("div", { class: "viewer-body", tabindex: "0", role: "region", "aria-label": index.texts.THE_SOURCE }, blocks(source, marked));
  viewer.replaceChildren(bar(index, back), head(info, source, marked), body, foot(index, info, source, marked));
  if (!viewer.open) {
    returnTo = document.activeElement;
    BESIDE.matches ? viewer.show() : viewer.showModal();
  }
  document.documentElement.dataset.source = "open";
  (body.querySelector("mark") ?? body.firstElementChild)?.scrollIntoView({ block: marked ? "center" : "start" });
  viewer.querySelector("h2").focus({ preventScroll: true });
}

/** Close the viewer, and give the focus back to what opened it. */
export function closeSource() {
  if (!viewer.open) return;
  viewer.close();
  delete document.documentElement.dataset.source;
  if (returnTo?.isConnected) returnTo.focus({ preventScroll: true });
}

viewer.addEventListener("cancel", (event) => {
  event.preventDefault(); // The address closes it, so that it stays true.
  viewer.querySelector(".close").click();
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && viewer.open && !viewer.matches(":modal")) viewer.querySelector(".close").click();
});

function bar({ texts }, back) {
  return make("div", { class: "viewer-bar" }, make("a", { class: "quiet close", href: back }, texts.CLOSE_SOURCE));
}

function head(info, source, span) {
  return make("div", { class: "viewer-head" },
    make("h2", { id: "viewer-title", tabindex: "-1" }, isolated(info.name)),
    make("p", { class: "place" }, dotted(info.author, info.date, span && source.place(span, info.title))),
    info.notes.map((text) => make("p", { class: "note" }, text)));
}

function foot({ texts }, info, source, span) {
  const address = makeAddress({ info, span });
  const page = webAddress(info.source);
  return make("div", { class: "viewer-foot" },
    span ? copying(texts.COPY_QUOTE, () => source.slice(span.start, span.end)) : null,
    copying(texts.COPY_LINK, () => new URL(address, location.href).href),
    page ? make("a", { class: "quiet", href: page, target: "_blank", rel: "noopener noreferrer" }, "Original page") : null);
}

/** Return a button that copies a text; null where the browser does not allow it. */
function copying(label, text) {
  if (!navigator.clipboard) return null;
  const button = make("button", { type: "button", class: "quiet" }, label);
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(text()).then(() => (button.textContent = "Copied"), () => (button.textContent = "Not copied"));
    document.getElementById("status").textContent = button.textContent;
    setTimeout(() => (button.textContent = label), 2000);
  });
  return button;
}

function blocks(source, span) {
  return source.blocks().flatMap(({ start, end, level, page }) => [
    page ? make("p", { class: "page-break" }, `page ${page}`) : null,
    make(level ? `h${Math.min(level + 2, 6)}` : "div", { class: "block", dir: "auto" }, withTables(source, start, end, span)),
  ]);
}
