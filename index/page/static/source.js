"use strict";
// The source viewer, opened at the words of a citation. Its content is a fragment from v1/documents/ID/view, escaped by
// the server. Its state is in the variables below and on <html>, never on nodes that Gradio patches.
(() => {
  const { actions, all, copy, find, places } = window.pincite;
  const root = document.documentElement;
  const wideScreen = matchMedia("(min-width: 1000px)");
  const isFramed = () => "parentIFrame" in window && window !== window.parent; // The frame is as tall as its page, so nothing can be sticky.
  const viewer = () => find("#viewer");
  const body = () => find("#viewer-body");
  const words = () => find("#viewer-text");
  const NEAR = 2; // Blocks on each side of the words that a phone shows at first.
  const EARLIER = 4000; // Characters by which the previous window starts earlier.
  const THIRD = 0.28; // Vertical position of the words in the viewer, as a fraction.

  let shown = null; // The open place, {document, start, end, n}, or null.
  let edges = {}; // Whether there is more text before and after.
  let details = {}; // The data attributes of the fragment.
  let opener = null; // The clicked element and its place, to which focus returns.
  let request = new AbortController(); // The current request; the next one aborts it.
  let isExtending = false;
  let preferredView = "page";

  // Highlight the elements of the open source by a style sheet for its number, because Gradio may reuse nodes.
  const sheet = new CSSStyleSheet();
  document.adoptedStyleSheets.push(sheet);
  const highlight = (n) => {
    const its = `[data-n="${CSS.escape(n || "")}"]`;
    sheet.replaceSync(!n ? "" : `.gradio-container {
      .p-said:has(.p-cite${its}) { background: var(--accent-soft); box-shadow: 0 0 0 3px var(--accent-soft) }
      .p-cite${its} { background: var(--accent); color: var(--on-accent) }
      .p-card${its} .p-number { outline: 4px solid var(--accent-soft) }
      .p-strip i${its} { width: 6px; margin-left: -3px }
    }`);
  };
  const cards = () => all(".p-card[data-document]");
  const indexOfShown = (list) => {
    const at = list.findIndex((card) => places.isSame(places.of(card), shown));
    return at < 0 ? list.findIndex((card) => card.dataset.n === shown.n && card.dataset.document === shown.document) : at;
  };
  const refresh = () => {
    if (!shown) return;
    const list = cards();
    const at = indexOfShown(list);
    shown.n = list[at]?.dataset.n;
    highlight(shown.n);
    find("#viewer-number").textContent = shown.n ? `Source ${shown.n}` : shown.start === null ? "Document" : "Source";
    find('[data-act="viewer-previous"]').setAttribute("aria-disabled", !list[at - 1]);
    find('[data-act="viewer-next"]').setAttribute("aria-disabled", at < 0 || !list[at + 1]);
  };
  const answers = new MutationObserver(refresh);

  let fadeTimer;
  const tell = (text, visibly = false) => {
    const note = find("#viewer-told");
    note.textContent = text;
    note.classList.toggle("on", visibly);
    clearTimeout(fadeTimer);
    fadeTimer = setTimeout(() => note.classList.remove("on"), 1800);
  };

  // The dialog: beside the answer if there is room, else over the page.
  const isModal = () => viewer().matches(":modal");
  const openDialog = () => {
    const dialog = viewer();
    const room = wideScreen.matches && !root.hasAttribute("data-whole") && find("#rail")?.checkVisibility();
    const beside = isFramed() || Boolean(room);
    if (!dialog.open || isModal() === beside) {
      const focused = document.activeElement;
      if (dialog.open) dialog.close();
      if (beside) dialog.show(); else dialog.showModal();
      if (dialog.contains(focused)) focused.focus({ preventScroll: true });
    }
    root.dataset.source = beside ? "beside" : "above";
  };
  wideScreen.addEventListener("change", () => { if (shown) { openDialog(); scrollToWords(); } });
  const moveNear = (node) => {
    root.toggleAttribute("data-framed", isFramed());
    if (isFramed() && node) viewer().style.top = `${Math.max(0, node.getBoundingClientRect().top + scrollY - 120)}px`;
  };
  const scrollToWords = () => {
    const pin = find(viewer().dataset.as === "page" ? ".p-rect" : "mark", body());
    const top = pin ? pin.getBoundingClientRect().top - body().getBoundingClientRect().top + body().scrollTop : 0;
    body().scrollTop = Math.max(0, top - body().clientHeight * THIRD);
  };

  const show = async (next, from = null) => {
    request.abort();
    const { signal } = (request = new AbortController());
    shown = next;
    if (from) opener = { node: from, place: next };
    openDialog();
    moveNear(from);
    places.remember(shown, isModal());
    refresh();
    answers.observe(find("#results"), { childList: true, subtree: true, attributes: true, attributeFilter: ["data-n"] });
    viewer().setAttribute("aria-busy", "true");
    const { view, problem } = await places.fetch(shown, signal);
    if (signal.aborted) return;
    viewer().removeAttribute("aria-busy");
    if (view) fill(view); else showProblem(problem);
    if (!document.activeElement.closest("[data-act=viewer-previous], [data-act=viewer-next]"))
      find("#viewer-title").focus({ preventScroll: true });
    else tell(`Source ${shown.n} of ${cards().length}: ${find("#viewer-about").textContent}`.replace(/\s+/g, " "));
  };
  const fill = (view) => {
    details = { ...view.dataset };
    shown.document = details.document;
    edges = { before: "before" in details, after: "after" in details };
    find("#viewer-about").replaceChildren(find(".p-view-head", view));
    find("#viewer-pages").replaceChildren(...all(".p-page", view));
    words().replaceChildren(...find(".p-text", view).children);
    const blocks = all(".p-block", body());
    const marked = blocks.flatMap((block, at) => (find("mark", block) ? [at] : []));
    blocks.forEach((block, at) => block.classList.toggle("p-far", at < marked[0] - NEAR || at > marked.at(-1) + NEAR));
    const original = find("#viewer-original");
    original.hidden = !("original" in details);
    original.href = `v1/documents/${encodeURIComponent(details.document)}/original`;
    for (const act of ["copy", "whole"]) find(`[data-act="viewer-${act}"]`).hidden = !marked.length;
    viewer().dataset.state = find(".p-page", body()) ? "pages" : "text";
    showAs(find(".p-rect", body()) ? preferredView : "text");
    refresh();
  };
  const showProblem = ({ title, hint, again }) => {
    const about = find("#viewer-about");
    about.innerHTML = '<h2 class="p-view-title" id="viewer-title" tabindex="-1"></h2><p class="p-hint"></p>';
    about.firstChild.textContent = title;
    about.lastChild.textContent = hint;
    if (again) about.insertAdjacentHTML("beforeend", '<button class="p-button" data-act="viewer-again">Try again</button>');
    empty();
    viewer().dataset.state = "problem";
  };
  const empty = () => {
    find("#viewer-pages").replaceChildren();
    words().replaceChildren();
    edges = {};
    updateButtons();
  };
  const hide = (back) => {
    if (!shown) return;
    request.abort();
    answers.disconnect();
    shown = opener = null;
    highlight("");
    viewer().close();
    viewer().removeAttribute("aria-busy");
    delete viewer().dataset.state;
    find("#viewer-about").replaceChildren();
    tell("");
    empty();
    delete root.dataset.source;
    setWhole(false);
    places.forget(back);
  };
  const close = () => {
    if (!shown) return;
    const { node, place } = opener || { place: shown };
    hide(true);
    const again = find(`[data-act="source"][data-n="${CSS.escape(place.n || "")}"]`) || find("#results");
    const target = node?.isConnected && places.isSame(places.of(node), place) ? node : again;
    if (target.id === "results") target.tabIndex = -1;
    target.focus({ preventScroll: true });
  };

  // Show the page image or the text, and load more before and after it.
  const showAs = (kind) => {
    viewer().dataset.as = kind;
    for (const name of ["page", "text"]) find(`[data-act="viewer-${name}"]`).setAttribute("aria-pressed", name === kind);
    updateButtons();
    scrollToWords();
  };
  const isNear = () => !wideScreen.matches && !root.hasAttribute("data-whole") && Boolean(find(".p-far", words()));
  const updateButtons = () => {
    const [earlier, later] = ["earlier", "later"].map((name) => find(`[data-act="viewer-${name}"]`));
    const pages = all(".p-page", body()).map((page) => Number(page.dataset.page));
    const paged = viewer().dataset.as === "page" && pages.length;
    const focused = document.activeElement;
    earlier.textContent = paged ? "Previous page" : "Earlier in the document";
    later.textContent = paged ? "Next page" : "Later in the document";
    earlier.hidden = paged ? pages[0] <= 1 : !(edges.before || isNear());
    later.hidden = paged ? pages.at(-1) >= Number(details.pages) : !(edges.after || isNear());
    if (focused.hidden) body().focus({ preventScroll: true }); // The focused button was just hidden.
  };
  const moreText = async (back, signal) => {
    const blocks = all(".p-block", words());
    const at = Number(back ? blocks[0].dataset.start : blocks.at(-1).dataset.end);
    const from = back ? Math.max(0, at - EARLIER) : at;
    const { view, problem } = await places.fetch({ ...shown, start: from, end: from }, signal);
    if (!view) throw problem;
    const fresh = [];
    let pending = []; // The label of a page belongs to the page's first block.
    for (const node of find(".p-text", view).children) {
      pending.push(node);
      if (!node.dataset.start) continue;
      if (back ? node.dataset.end <= at : node.dataset.start >= at) fresh.push(...pending);
      pending = [];
    }
    return () => {
      edges[back ? "before" : "after"] = fresh.length > 0 && (back ? "before" : "after") in view.dataset;
      if (back) words().prepend(...fresh); else words().append(...fresh);
    };
  };
  const morePages = async (back) => {
    const beside = back ? find(".p-page", body()) : all(".p-page", body()).at(-1);
    const page = beside.cloneNode(true);
    page.dataset.page = Number(page.dataset.page) + (back ? -1 : 1);
    all(".p-rect", page).forEach((node) => node.remove());
    const image = find("img", page);
    image.src = image.src.replace(/\d+(?=\.png)/, page.dataset.page);
    image.alt = `Page ${page.dataset.page} of the file`;
    image.loading = "eager";
    await image.decode();
    image.style.aspectRatio = `${image.naturalWidth}/${image.naturalHeight}`;
    return () => (back ? beside.before(page) : beside.after(page));
  };
  const extend = async (back) => {
    if (isExtending) return;
    isExtending = true;
    const { signal } = request;
    try {
      const change = await (viewer().dataset.as === "page" ? morePages(back) : moreText(back, signal));
      if (!signal.aborted) keepScroll(back, () => { change(); updateButtons(); });
    } catch { if (!signal.aborted) tell("That could not be loaded. Try again.", true); }
    isExtending = false;
  };
  const keepScroll = (back, change) => { // Keep the scroll position while content is added before it.
    const below = body().scrollHeight - body().scrollTop;
    change();
    if (back) body().scrollTop = body().scrollHeight - below;
  };
  const setWhole = (on) => {
    root.toggleAttribute("data-whole", on);
    find('[data-act="viewer-whole"]').setAttribute("aria-pressed", on);
  };
  const whole = (on) => {
    setWhole(on);
    openDialog();
    updateButtons();
    scrollToWords();
  };
  const step = (by) => {
    const list = cards();
    const at = indexOfShown(list);
    if (at >= 0 && list[at + by]) show(places.of(list[at + by]));
  };

  const copyAndTell = async (text, message) => {
    await copy(text, message);
    if (isModal()) tell(message, true); // The page's own announcements are behind the dialog.
  };
  const quote = () => all(".p-block", words())
    .map((block) => all("mark", block).map((mark) => mark.textContent).join("")).filter(Boolean).join("\n\n");
  Object.assign(actions, {
    source: (node) => show(places.of(node), node),
    "viewer-previous": () => step(-1),
    "viewer-next": () => step(1),
    "viewer-close": close,
    "viewer-again": () => show(shown),
    "viewer-whole": () => whole(!root.hasAttribute("data-whole")),
    "viewer-page": () => showAs((preferredView = "page")),
    "viewer-text": () => showAs((preferredView = "text")),
    "viewer-earlier": () => (isNear() && viewer().dataset.as !== "page" ? whole(true) : extend(true)),
    "viewer-later": () => (isNear() && viewer().dataset.as !== "page" ? whole(true) : extend(false)),
    "viewer-copy": () => window.pincite.copyQuote(quote(), details.reference, places.link(shown))
      .then(() => isModal() && tell("Quote copied", true)),
    "viewer-link": () => copyAndTell(places.link(shown), "Link copied"),
  });

  // Esc beside the answer; for a modal dialog the browser handles Esc and sends an event.
  document.addEventListener("cancel", (event) => { if (event.target === viewer()) close(); }, true);
  document.addEventListener("keydown", (event) => {
    if (!shown || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest?.("input, textarea, select, [contenteditable]") || find("dialog:modal:not(#viewer)")) return;
    if (event.key === "Escape" && !isModal()) close();
    const by = { "[": -1, ArrowLeft: -1, "]": 1, ArrowRight: 1 }[event.key];
    if (by && viewer().contains(event.target)) { event.preventDefault(); step(by); }
  });

  // A new question closes the source.
  document.addEventListener("pincite:ask", () => { if (!window.pincite.isReturning) hide(false); });
  addEventListener("popstate", () => {
    const place = places.read();
    if (!place) close();
    else if (!shown || !places.isSame(place, shown)) show(place);
  });

  // A URL with a source opens it once Gradio has drawn the page.
  const start = () => {
    if (!viewer() || !find("#results")) return false;
    new IntersectionObserver(
      ([later]) => { if (later.isIntersecting && viewer().dataset.as !== "page" && !isNear()) extend(false); },
      { root: body(), rootMargin: "0px 0px 400px" },
    ).observe(find('[data-act="viewer-later"]'));
    if (places.read()) show(places.read());
    return true;
  };
  const starting = new MutationObserver(() => { if (start()) starting.disconnect(); });
  if (!start()) starting.observe(root, { childList: true, subtree: true });
})();
