"use strict";
// The tray of kept quotes and answers: beside the answer if there is room, else over the page. One panel is open at a
// time: a source that opens takes the tray's place, and gives it back. Its rows are made of text nodes.
(() => {
  const { actions, all, currentQuery, element, find, kept, keptOf, linkTo, oneLine, open, reference, texts, toast, wordsOf } = window.pincite;
  const root = document.documentElement;
  const wideScreen = matchMedia("(min-width: 1000px)");
  const HASH = "#kept";
  const isFramed = () => "parentIFrame" in window && window !== window.parent; // The frame is as tall as its page.
  const tray = () => find("#tray");
  const isOpen = () => Boolean(tray()?.open);
  const rowOf = (node) => node.closest(".p-kept");
  const itemOf = (node) => kept.live().find((item) => item.id === rowOf(node)?.dataset.id);

  let opener = null; // The element that opened the tray; the focus returns to it.
  let returning = null; // After a source that was opened over the tray is closed: the id of the row to return to, or "".

  const tell = (text, undo = false) => {
    find("#tray-told").textContent = text;
    find('[data-act="tray-undo"]').hidden = !undo;
  };
  const attempt = (edit) => {
    try { kept.change(edit); return true; } catch (error) {
      if (isOpen()) tell(error.message); else toast(error.message);
      return false;
    }
  };
  const revised = (item, changes) => ({ ...item, ...changes, revision: item.revision + 1 });

  // Keep a quote or an answer. Its id depends on what it is, so that two tabs keep it once.
  const idOf = (host, { quotes: [quote] }) => host.dataset.answer || `q-${quote.document.slice(0, 16)}-${quote.start}-${quote.end}`;
  const questionOf = (host) => all(".p-printed").filter((node) => node.compareDocumentPosition(host) & Node.DOCUMENT_POSITION_FOLLOWING)
    .at(-1)?.textContent || find(".p-printed", host)?.textContent || currentQuery().question;
  const sameQuote = (a, b) => a.document === b.document && a.start === b.start && a.end === b.end;
  const findKept = (id, data) => kept.live().find((item) => item.id === id
    || (!data.sentences && !item.sentences.length && sameQuote(item.quotes[0], data.quotes[0])));
  actions.keep = (target) => {
    const host = target.closest("[data-kept]");
    const data = keptOf(target);
    const id = idOf(host, data);
    const known = findKept(id, data);
    if (known) { show(target, known.id); return; }
    const last = kept.live().at(-1);
    const item = {
      id, position: Math.floor(last?.position ?? 0) + 1, kept_at: new Date().toISOString(),
      generation: Number(find("#marks svg")?.dataset.generation) || 0,
      question: (data.question || questionOf(host) || "").slice(0, find("#tray").dataset.line), caution: data.caution || "", note: "",
      sentences: data.sentences || [], quotes: data.quotes, removed: false,
    };
    if (!attempt((items) => [{ ...item, revision: (items.get(id)?.revision || 0) + 1 }])) return;
    toast(`Kept: ${kept.live().length} in all`);
    if (isOpen()) check();
  };

  // Which buttons say "Kept": by a style sheet, because Gradio may reuse nodes.
  const sheet = new CSSStyleSheet();
  document.adoptedStyleSheets.push(sheet);
  const quoted = (value) => `"${CSS.escape(String(value))}"`;
  const selectorOf = ({ id, sentences, quotes: [quote] }) => (sentences.length ? `.p-answered[data-answer=${quoted(id)}]`
    : `.p-card[data-document=${quoted(quote.document)}][data-start=${quoted(quote.start)}][data-end=${quoted(quote.end)}]`);
  const markButtons = (items) => {
    const hosts = items.map(selectorOf).join(", ");
    sheet.replaceSync(!hosts ? "" : `.gradio-container :is(${hosts}) .p-keep { .p-unkept { display: none } .p-iskept { display: inline-flex } }`);
  };

  // The comparison with the library: when the tray opens, and when the library has changed.
  let states = new Map(); // the states of each item's quotes, by id
  let checking = 0;
  const check = async () => {
    const items = kept.live();
    const number = ++checking;
    if (!items.length) { states = new Map(); render(); return; }
    try {
      const answer = await (await kept.post("page/kept/check", items)).json();
      if (number !== checking) return;
      states = new Map(Object.entries(answer.states));
      render();
      const wrong = countWrong();
      if (isOpen()) tell(wrong ? `${wrong} of ${items.length} no longer stand in the library as kept` : "");
    } catch (error) {
      if (number === checking && isOpen()) tell(error.isAnswer ? error.message : `The quotes could not be compared with the library. ${texts.UNREACHABLE}.`);
    }
  };
  const isWrong = ({ state }) => state === "changed" || state === "gone";
  const countWrong = () => kept.live().filter(({ id }) => states.get(id)?.some(isWrong)).length;
  document.addEventListener("pincite:changed", () => { if (kept.live().length) check(); });

  // Rows
  const paragraph = (text, name = "") => element("p", text, { dir: "auto", ...(name && { class: name }) });
  const sourceLine = (quote, state, number) => {
    const line = element("p", number ? `[${number}] ` : "", { class: "p-kept-source" });
    const place = state?.now || quote;
    const words = element(state?.state === "gone" ? "bdi" : "a", reference(place));
    if (words.tagName === "A") {
      words.href = linkTo(place);
      Object.assign(words.dataset, { act: "source", document: place.document, start: place.start, end: place.end });
    }
    line.append(words);
    return line;
  };
  const words = (item, found) => {
    if (!item.sentences.length) return [element("blockquote", `“${wordsOf(item.quotes[0])}”`, { dir: "auto" }), sourceLine(item.quotes[0], found[0])];
    const text = item.sentences.map((sentence) => oneLine(sentence.text) + sentence.quotes.map((at) => ` [${at + 1}]`).join("")
      + (sentence.remark ? ` (${sentence.remark})` : "")).join(" ");
    return [...(item.caution ? [paragraph(item.caution, "p-hint")] : []), paragraph(text, "p-kept-answer"),
      ...item.quotes.map((quote, at) => sourceLine(quote, found[at], at + 1))];
  };
  const side = (name, parts) => {
    const line = element("p", "", { dir: "auto", class: "p-kept-side" });
    line.append(element("span", name === "then" ? "Then" : "Now", { class: "p-eyebrow" }));
    const text = element("span");
    for (const [of, piece] of parts) {
      if (of === "both") text.append(piece);
      else if (of === name) text.append(element(name === "then" ? "del" : "ins", piece));
    }
    line.append(text);
    return line;
  };
  const TITLES = { moved: "Moved", changed: "Changed", gone: "Gone" };
  const told = (state, isAnswer, number) => {
    if (!TITLES[state.state]) return [];
    const line = element("p", "", { class: "p-kept-told" });
    line.append(element("strong", `${TITLES[state.state]}${number ? ` [${number}]` : ""}`), ` ${state.what}`);
    const sides = state.state === "changed" ? [side("then", state.difference), side("now", state.difference)] : [];
    const canTake = state.state === "moved" || (state.state === "changed" && !isAnswer);
    const take = element("button", state.state === "moved" ? "Use the new place" : "Use the words of now", { type: "button", class: "p-link", "data-act": "tray-take" });
    return [line, ...sides, ...(canTake ? [take] : [])];
  };
  const fillRow = (row, item, at, number) => {
    const found = states.get(item.id) || [];
    const key = JSON.stringify([item, found]);
    row.dataset.id = item.id;
    for (const [act, off] of [["up", !at], ["down", at === number - 1]]) find(`[data-act="tray-${act}"]`, row).setAttribute("aria-disabled", off);
    if (row.pinciteKey === key) return;
    row.pinciteKey = key;
    const isAnswer = item.sentences.length > 0;
    find(".p-kept-question", row).textContent = item.question;
    find(".p-kept-words", row).replaceChildren(...words(item, found));
    find(".p-kept-state", row).replaceChildren(...found.flatMap((state, n) => told(state, isAnswer, isAnswer ? n + 1 : 0)));
    row.classList.toggle("p-stale", found.some(isWrong));
    const note = find(".p-kept-note", row);
    note.ariaLabel = `Note on: ${oneLine(item.sentences[0]?.text || wordsOf(item.quotes[0])).slice(0, 80)}`;
    if (document.activeElement !== note && note.value !== item.note) note.value = item.note;
    fitNote(note);
  };
  const fitNote = (note) => { note.style.height = "auto"; if (note.scrollHeight) note.style.height = `${note.scrollHeight}px`; };
  const wheres = {
    server: "Stored for you alone, with this library.", memory: "", browser: `${texts.STORED_HERE}.`,
  };
  const render = () => {
    const items = kept.live();
    const wrong = countWrong();
    markButtons(items);
    const count = find("#kept-count");
    if (count) count.textContent = items.length ? ` ${items.length}${wrong ? `, ${wrong} changed` : ""}` : "";
    if (!tray()) return;
    find("#tray-title").textContent = items.length ? `Kept ${items.length}` : "Kept";
    find("#tray-where").textContent = kept.problem || (items.length ? wheres[kept.where] : "");
    find("#tray-none").hidden = items.length > 0;
    find(".p-tray-foot").hidden = !items.length;
    const list = find("#tray-list");
    const known = new Map([...list.children].map((row) => [row.dataset.id, row]));
    const rows = items.map((item) => known.get(item.id) || find("#tray-row").content.firstElementChild.cloneNode(true));
    if (rows.some((row, at) => list.children[at] !== row) || list.children.length !== rows.length) {
      const focused = document.activeElement;
      list.replaceChildren(...rows);
      if (list.contains(focused)) focused.focus({ preventScroll: true });
    }
    rows.forEach((row, at) => fillRow(row, items[at], at, rows.length));
  };
  document.addEventListener("pincite:kept", render);

  // Notes are stored when the reader pauses, and when the focus leaves.
  const PAUSE = 400;
  let pause;
  const saveNote = (note) => {
    clearTimeout(pause);
    const item = itemOf(note);
    if (item && item.note !== note.value) attempt(() => [revised(item, { note: note.value })]);
  };
  document.addEventListener("input", (event) => {
    if (!event.target.matches?.(".p-kept-note")) return;
    fitNote(event.target);
    clearTimeout(pause);
    pause = setTimeout(saveNote, PAUSE, event.target);
  });
  document.addEventListener("change", (event) => { if (event.target.matches?.(".p-kept-note")) saveNote(event.target); });

  window.pincite.tray = { attempt, check, fitNote, isOpen, itemOf, render, revised, rowOf, tell };

  // Opening and closing
  const openDialog = () => {
    const beside = isFramed() || Boolean(wideScreen.matches && find("#rail")?.checkVisibility());
    if (beside) tray().show(); else tray().showModal();
    root.dataset.tray = beside ? "beside" : "above";
    return beside;
  };
  const rewrite = (method, state, hash) => {
    const url = new URL(location.href);
    url.hash = hash;
    history[method](state, "", hash ? url : url.href.replace(/#$/, ""));
  };
  const show = (from = null, id = "", { remember = true } = {}) => {
    if (!tray()) return;
    if (root.dataset.source) actions["viewer-close"]();
    returning = null;
    if (from) opener = from;
    if (!isOpen()) {
      const beside = openDialog();
      if (remember && location.hash !== HASH) rewrite(beside ? "replaceState" : "pushState", beside ? history.state : { tray: true }, HASH);
      tell("");
    }
    if (isFramed() && from) tray().style.top = `${Math.max(0, from.getBoundingClientRect().top + scrollY - 120)}px`;
    render();
    all(".p-kept-note", tray()).forEach(fitNote);
    const row = id ? all(".p-kept", tray()).find((one) => one.dataset.id === id) : null;
    (row || find("#tray-title")).focus({ preventScroll: !row });
    row?.scrollIntoView({ block: "nearest" });
    kept.refresh().then(check);
  };
  const hide = () => { // without a change of the address or the focus
    if (isOpen()) tray().close();
    delete root.dataset.tray;
    tell("");
  };
  const close = () => {
    if (!isOpen()) return;
    const target = opener?.isConnected && opener.checkVisibility() ? opener : find("#tray-open");
    hide();
    opener = null;
    if (history.state?.tray) history.back();
    else if (location.hash === HASH) rewrite("replaceState", history.state, "");
    target?.focus({ preventScroll: true });
  };
  Object.assign(actions, { tray: (link) => (isOpen() ? close() : show(link)), "tray-close": close });
  document.addEventListener("cancel", (event) => { if (event.target === tray()) { event.preventDefault(); close(); } }, true);
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !isOpen() || event.defaultPrevented || root.dataset.tray !== "beside") return;
    if (find("dialog:modal, :popover-open") || event.target.closest?.("input, textarea:not(.p-kept-note), select")) return;
    close();
  });
  // Another section hides the answer, and the tray with it.
  document.addEventListener("click", (event) => {
    const tab = event.target.closest?.('#sections [role="tab"]');
    if (tab && tab.getAttribute("aria-controls") !== "ask" && isOpen()) { opener = null; hide(); if (location.hash === HASH) rewrite("replaceState", null, ""); }
    if (event.target.closest?.('#tray [data-act="source"]')) returning = rowOf(event.target).dataset.id;
  }, true);
  new MutationObserver(() => {
    if (root.dataset.source && isOpen()) { returning ??= ""; hide(); }
    else if (!root.dataset.source && returning !== null && !history.state?.source) { // Otherwise, Back gives it back.
      const id = returning;
      const focused = document.activeElement;
      show(null, id);
      if (!id) focused?.focus({ preventScroll: true });
    }
  }).observe(root, { attributeFilter: ["data-source"] });
  wideScreen.addEventListener("change", () => { if (isOpen()) { tray().close(); openDialog(); } });
  addEventListener("popstate", () => {
    if (location.hash === HASH) { if (!isOpen()) show(null, returning || "", { remember: false }); }
    else if (isOpen() && root.dataset.tray === "above") hide();
  });
  document.addEventListener("close", (event) => { if (event.target === tray()) delete root.dataset.tray; }, true);
  const start = () => {
    if (!tray() || !find("#kept-count")) return false;
    render();
    if (location.hash === HASH) { open("ask"); show(null, "", { remember: false }); }
    return true;
  };
  const starting = new MutationObserver(() => { if (start()) starting.disconnect(); });
  if (!start()) starting.observe(root, { childList: true, subtree: true });
})();
