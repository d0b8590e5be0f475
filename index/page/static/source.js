"use strict";
// The source viewer, opened at the words of a citation. Its content is a fragment from v1/documents/ID/view, escaped by
// the server. Its state is in the variables below and on <html>, never on nodes that Gradio patches.
(() => {
  const { actions, all, copy, find, pageView, places, sourceSections, texts } = window.pincite;
  const root = document.documentElement;
  const wideScreen = matchMedia("(min-width: 1000px)");
  const isFramed = () => "parentIFrame" in window && window !== window.parent; // The frame is as tall as its page, so nothing can be sticky.
  const viewer = () => find("#viewer");
  const body = () => find("#viewer-body");
  const words = () => find("#viewer-text");
  const NEAR = 2; // Blocks on each side of the words that a phone shows at first.
  const THIRD = 0.28; // Vertical position of the words in the viewer, as a fraction.
  const TENTH = 0.08; // The same of a table with the words.
  const LEAST_ANSWER = 480; // Pixels that the panel leaves to the answer when it grows.
  const GAP = 12; // Pixels between the two that it takes first.

  let shown = null; // The open place, {document, start, end, n}, or null.
  let edges = {}; // Whether there is more text before and after.
  let details = {}; // The data attributes of the fragment.
  let opener = null; // The clicked element and its place, to which focus returns.
  let request = new AbortController(); // The current request; the next one aborts it.
  let isExtending = false;
  let preferredView = ""; // "page" or "text" if the reader has chosen.

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
  let width = innerWidth;
  addEventListener("resize", () => { // A telephone was turned.
    if (width !== innerWidth && pageView.isFitted()) scrollToWords();
    width = innerWidth;
  });
  const moveNear = (node) => {
    root.toggleAttribute("data-framed", isFramed());
    if (isFramed() && node) viewer().style.top = `${Math.max(0, node.getBoundingClientRect().top + scrollY - 120)}px`;
  };
  const pinnedGrid = () => (viewer().dataset.as === "text" ? find("mark", words())?.closest(".p-grid") : null);
  // Beside the answer, the panel grows by what a legible line of a page, or a table with the words, lacks.
  const widen = () => {
    const isPaged = viewer().dataset.as === "page";
    const grid = pinnedGrid();
    const lacking = () => (isPaged ? pageView.lacking() : grid ? grid.scrollWidth - grid.clientWidth : 0);
    root.style.removeProperty("--growth");
    viewer().removeAttribute("data-wide");
    viewer().toggleAttribute("data-wide", isPaged || lacking() > 0);
    if (isModal()) return;
    const most = find("#main").clientWidth - LEAST_ANSWER + GAP;
    root.style.setProperty("--growth", `${Math.max(0, Math.min(most, Math.ceil(lacking())))}px`);
  };
  const scrollToWords = () => {
    widen();
    if (viewer().dataset.as === "page") { pageView.layOut(find(".p-rect", body()) ? "sentence" : "page"); return; }
    const pin = find("mark", words());
    const grid = pinnedGrid(); // It scrolls by itself, below the headers of its columns.
    if (grid) window.showCell(pin.closest("td, th"));
    const top = pin ? (grid || pin).getBoundingClientRect().top - body().getBoundingClientRect().top + body().scrollTop : 0;
    body().scrollTop = Math.max(0, top - body().clientHeight * (grid ? TENTH : THIRD));
  };

  const show = async (next, from = null, isBack = false) => {
    request.abort();
    const { signal } = (request = new AbortController());
    if (!sourceSections.admits(next, from)) return;
    shown = next;
    if (from) opener = { node: from, place: next };
    const focused = document.activeElement;
    openDialog();
    if (isBack && !isModal()) focused.focus({ preventScroll: true }); // The reader has chosen a section, not the source.
    moveNear(from);
    places.remember(shown, isBack, sourceSections.home());
    refresh();
    answers.observe(find("#results"), { childList: true, subtree: true, attributes: true, attributeFilter: ["data-n"] });
    viewer().setAttribute("aria-busy", "true");
    const { view, problem } = await places.fetch(shown, signal);
    if (signal.aborted) return;
    viewer().removeAttribute("aria-busy");
    if (view) fill(view); else showProblem(problem);
    if (isBack && !isModal()) return;
    if (!document.activeElement.closest("[data-act=viewer-previous], [data-act=viewer-next]"))
      find("#viewer-title").focus({ preventScroll: true });
    else tell(`Source ${shown.n} of ${cards().length}: ${find("#viewer-about").textContent}`.replace(/\s+/g, " "));
  };
  const fill = (view) => {
    details = { ...view.dataset };
    shown.document = details.document;
    edges = { before: "before" in details, after: "after" in details };
    find("#viewer-about").replaceChildren(find(".p-view-head", view));
    pageView.fill(all(".p-page", view));
    words().replaceChildren(...find(".p-text", view).children);
    const blocks = all(".p-block", body());
    const marked = blocks.flatMap((block, at) => (find("mark", block) ? [at] : []));
    blocks.forEach((block, at) => block.classList.toggle("p-far", at < marked[0] - NEAR || at > marked.at(-1) + NEAR));
    const original = find("#viewer-original");
    original.hidden = !("original" in details);
    original.href = `v1/documents/${encodeURIComponent(details.document)}/original`;
    for (const act of ["copy", "whole"]) find(`[data-act="viewer-${act}"]`).hidden = !marked.length;
    viewer().dataset.state = find(".p-page", body()) ? "pages" : "text";
    pageView.print(quote(), details.reference);
    showAs(find(".p-rect", body()) ? preferredView || "page" : "text");
    if (!preferredView && pageView.isSmallPrint()) showAs("text");
    refresh();
  };
  const showProblem = ({ title, hint, again }) => {
    const about = find("#viewer-about");
    about.innerHTML = '<h2 class="p-view-title" id="viewer-title" tabindex="-1"></h2><p class="p-hint"></p>';
    about.firstChild.textContent = title;
    about.lastChild.textContent = hint;
    if (again) about.insertAdjacentHTML("beforeend", `<button class="p-button" data-act="viewer-again">${texts.TRY_AGAIN}</button>`);
    empty();
    viewer().dataset.state = "problem";
  };
  const empty = () => {
    pageView.print("", "");
    find("#viewer-pages").replaceChildren();
    words().replaceChildren();
    edges = {};
    updateButtons();
  };
  const hide = (back) => {
    sourceSections.forget();
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
    root.style.removeProperty("--growth");
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
    scrollToWords();
    updateButtons();
  };
  const isNear = () => !wideScreen.matches && !root.hasAttribute("data-whole") && Boolean(find(".p-far", words()));
  const updateButtons = () => {
    const [earlier, later] = ["earlier", "later"].map((name) => find(`[data-act="viewer-${name}"]`));
    const pages = pageView.numbers();
    const paged = viewer().dataset.as === "page";
    const focused = document.activeElement;
    earlier.textContent = paged ? "Previous page" : "Earlier in the document";
    later.textContent = paged ? "Next page" : "Later in the document";
    earlier.hidden = paged ? !(pages[0] > 1) : !(edges.before || isNear());
    later.hidden = paged ? !(pages.at(-1) < Number(details.pages)) : !(edges.after || isNear());
    if (focused.hidden) body().focus({ preventScroll: true }); // The focused button was just hidden.
  };
  const moreText = async (back, signal) => {
    const { fresh, hasMore } = await places.more(shown, all(".p-block", words()), back, signal);
    return () => {
      edges[back ? "before" : "after"] = hasMore;
      if (back) words().prepend(...fresh); else words().append(...fresh);
    };
  };
  const extend = async (back) => {
    if (isExtending) return;
    isExtending = true;
    const { signal } = request;
    try {
      const change = await (viewer().dataset.as === "page" ? pageView.more(back) : moreText(back, signal));
      if (!signal.aborted) keepScroll(back, () => { change(); updateButtons(); });
    } catch { if (!signal.aborted) tell(`That could not be loaded. ${texts.TRY_AGAIN}.`, true); }
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
    scrollToWords();
    updateButtons();
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
  const quote = () => details.quote || "";
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
      .then(() => isModal() && tell(texts.QUOTE_COPIED, true)),
    "viewer-link": () => copyAndTell(places.link(shown), texts.LINK_COPIED),
  });

  // Esc beside the answer; for a modal dialog the browser handles Esc and sends an event.
  document.addEventListener("cancel", (event) => { if (event.target === viewer()) close(); }, true);
  document.addEventListener("keydown", (event) => {
    if (!shown || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest?.("input, textarea, select, [contenteditable]") || find("dialog:modal:not(#viewer)")) return;
    if (event.key === "Escape" && !isModal()) close();
    const by = { "[": -1, ArrowLeft: -1, "]": 1, ArrowRight: 1 }[event.key];
    if (by && viewer().contains(event.target) && !(event.key.startsWith("Arrow") && pageView.isWide())) { event.preventDefault(); step(by); }
  });

  document.addEventListener("pincite:pages", updateButtons);
  document.addEventListener("pincite:undrawn", () => {
    if (viewer().dataset.as !== "page") return;
    showAs("text");
    tell("The page cannot be drawn, so its text is shown.", true);
  });

  // A new question closes the source.
  document.addEventListener("pincite:ask", () => { if (!window.pincite.isReturning) hide(false); });
  addEventListener("popstate", () => {
    const place = places.read();
    if (!place) { close(); return; }
    if (shown && places.isSame(place, shown)) return;
    sourceSections.begin();
    show(place);
  });

  // A URL with a source opens it once Gradio has drawn the page.
  const start = () => {
    if (!viewer() || !find("#results")) return false;
    new IntersectionObserver(
      ([later]) => { if (later.isIntersecting && viewer().dataset.as !== "page" && !isNear()) extend(false); },
      { root: body(), rootMargin: "0px 0px 400px" },
    ).observe(find('[data-act="viewer-later"]'));
    sourceSections.start({
      leave: () => { const left = shown && { place: shown, opener }; hide(false); return left; },
      enter: (left) => { show(left.place, null, true); opener = left.opener; },
    });
    if (places.read()) show(places.read());
    return true;
  };
  const starting = new MutationObserver(() => { if (start()) starting.disconnect(); });
  if (!start()) starting.observe(root, { childList: true, subtree: true });
})();
