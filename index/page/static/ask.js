"use strict";
// The Ask tab: keyboard navigation, coverage, the map, export, history, and stopping a model.
(() => {
  const { actions, all, ask, currentQuery, find, focusOn, permalink, say, shortcuts, storage, texts, toast } = window.pincite;
  const root = document.documentElement;

  // Move from card to card; Enter opens the source.
  const visibleCards = () => all("#results .p-card").filter((card) => card.checkVisibility());
  const step = (by) => () => {
    const cards = visibleCards();
    const at = cards.indexOf(document.activeElement.closest(".p-card"));
    const next = at < 0 ? cards[by > 0 ? 0 : cards.length - 1] : cards[at + by];
    if (!next) return at >= 0; // At either end, stay and do not scroll.
    next.focus({ preventScroll: true });
    next.scrollIntoView({ block: "nearest" });
    return true;
  };
  const inDialog = (run) => (event) => (event.target.closest("dialog") ? false : run());
  Object.assign(shortcuts, {
    j: inDialog(step(1)), k: inDialog(step(-1)), ArrowDown: inDialog(step(1)), ArrowUp: inDialog(step(-1)),
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.target.matches?.(".p-card")) find('[data-act="source"][data-n]', event.target)?.click();
  });

  // Coverage is loaded when it is opened, once per question.
  let coveredQuery = "";
  let coverageRequest = new AbortController();
  const coveragePane = () => find("#coverage [data-own]");
  const fillCoverage = (html) => { coveragePane().innerHTML = html; };
  const SKELETON = '<section class="p-searching" aria-busy="true"><div class="p-bones"><i></i><i></i><i></i></div></section>';
  const FAILED = `<section class="p-state p-problem"><h2 class="p-eyebrow">${texts.FAILED}</h2>
    <p class="p-lead">The coverage could not be fetched.</p>
    <p><button type="button" class="p-button" data-act="coverAgain">${texts.TRY_AGAIN}</button></p></section>`;
  const loadCoverage = async () => {
    const query = currentQuery();
    const key = permalink(query).search;
    if (coveredQuery === key) return;
    coveredQuery = key;
    coverageRequest.abort();
    coverageRequest = new AbortController();
    fillCoverage(SKELETON);
    say("Searching every document");
    try {
      const parameters = new URLSearchParams({ q: query.question, within: query.documents.join(",") });
      const answer = await fetch(`page/coverage?${parameters}`, { signal: coverageRequest.signal });
      if (!answer.ok) throw new Error(answer.status);
      fillCoverage(await answer.text());
      say(find(":is(.p-numbers, .p-lead)", coveragePane())?.textContent || "");
      if (find(".p-problem", coveragePane())) coveredQuery = "";
    } catch (error) {
      if (error.name === "AbortError") return;
      coveredQuery = "";
      fillCoverage(FAILED);
      say("The coverage could not be fetched.");
    }
  };
  const showPane = (pane) => {
    root.dataset.pane = pane;
    for (const tab of all(".p-panes [role=tab]")) {
      const chosen = tab.dataset.pane === pane;
      tab.setAttribute("aria-selected", String(chosen));
      tab.tabIndex = chosen ? 0 : -1;
    }
    if (pane === "coverage") loadCoverage();
  };
  window.pincite.showPane = showPane;
  actions.pane = (tab) => showPane(tab.dataset.pane);
  actions.coverAgain = () => { loadCoverage(); focusOn("#coverage"); };

  // The map: its base layer is loaded once per change of the library; an answer adds only its own layer.
  const [MAX_RETRIES, FIRST_DELAY] = [7, 250];
  const ACCEPTED = 202;
  let isLoading = false;
  let isStale = false; // The library has changed again during the load.
  const loadMap = async (attempt = 0) => {
    isLoading = true;
    const answer = await fetch("page/map").catch(() => null);
    const svg = answer?.ok ? await answer.text() : "";
    const hasMore = answer?.status === ACCEPTED && attempt < MAX_RETRIES;
    if (svg && (hasMore || answer.status !== ACCEPTED)) find("#map [data-own]").innerHTML = svg;
    else find(".p-map-wait")?.remove(); // There is no map, or it takes too long.
    if (hasMore) setTimeout(loadMap, FIRST_DELAY * 2 ** attempt, attempt + 1);
    else {
      isLoading = false;
      if (isStale) reloadMap();
    }
  };
  const reloadMap = () => {
    isStale = isLoading;
    if (!isLoading) loadMap();
  };
  let hasLoaded = false;
  let requested = ""; // The generation of the last answer that caused a load, so that it causes only one.
  const updateMap = () => {
    if (isLoading || !find("#map [data-own]")) return;
    const newest = find("#marks svg")?.dataset.generation;
    if (hasLoaded && (!newest || newest === requested || newest === find("#map svg")?.dataset.generation)) return;
    hasLoaded = true;
    requested = newest;
    loadMap();
  };
  new MutationObserver(updateMap).observe(document.body, { childList: true, subtree: true });
  document.addEventListener("pincite:changed", reloadMap);

  // Export an answer as a file. It is fetched by script, so that the page can show errors.
  actions.export = async (link) => {
    find("#export")?.hidePopover();
    try {
      const answer = await fetch(link.href);
      if (!answer.ok) { toast(answer.status === 410 ? await answer.text() : texts.FAILED); return; }
      const disposition = answer.headers.get("Content-Disposition") || "";
      const [, full] = /filename\*=UTF-8''([^;]+)/.exec(disposition) || [];
      const [, plain] = /filename="([^"]+)"/.exec(disposition) || [];
      const name = full ? decodeURIComponent(full) : plain;
      const file = document.createElement("a");
      file.href = URL.createObjectURL(await answer.blob());
      file.download = name || "answer";
      file.click();
      setTimeout(() => URL.revokeObjectURL(file.href), 10000);
      say("Exported");
    } catch { toast(texts.UNREACHABLE); }
  };

  // The history: stored only in this browser, and erased on request.
  const MAX_HISTORY = 50;
  const pastQueries = () => storage.get("asked", []);
  const addToHistory = (query) => {
    if (!query.question || !storage.get("history", true)) return;
    const key = permalink(query).search;
    storage.set("asked", [query, ...pastQueries().filter((past) => permalink(past).search !== key)].slice(0, MAX_HISTORY));
  };
  const historyRow = (query, at) => {
    const link = document.createElement("a");
    Object.assign(link, { href: permalink(query).href, textContent: query.question, dir: "auto" });
    link.dataset.act = "askAgain";
    link.dataset.at = at;
    const remove = document.createElement("button");
    Object.assign(remove, { type: "button", className: "p-tool", textContent: "×", ariaLabel: `Erase: ${query.question}` });
    remove.dataset.act = "forget";
    remove.dataset.at = at;
    const scope = document.createElement("span");
    scope.className = "p-among";
    const documents = query.documents.length;
    scope.textContent = documents ? `in ${documents === 1 ? "one document" : `${documents} documents`}` : "";
    const row = document.createElement("li");
    row.append(link, scope, remove);
    return row;
  };
  const listHistory = () => {
    const rows = pastQueries().map(historyRow);
    const none = document.createElement("li");
    none.className = "p-hint";
    none.textContent = storage.get("history", true) ? "Nothing yet." : "Questions are not kept.";
    find("#history ul").replaceChildren(...(rows.length ? rows : [none]));
    find('[data-act="eraseHistory"]').hidden = !rows.length;
  };
  document.addEventListener("beforetoggle", (event) => { if (event.target.id === "history") listHistory(); }, true);
  actions.askAgain = (link) => {
    const query = pastQueries()[link.dataset.at];
    find("#history").hidePopover();
    const current = currentQuery();
    const same = query.write === current.write && String(query.documents) === String(current.documents);
    if (same) ask(query.question); // Otherwise its documents and writer must be selected, too.
    else location.assign(permalink(query));
  };
  actions.forget = (button) => {
    const at = Number(button.dataset.at);
    storage.set("asked", pastQueries().filter((_, n) => n !== at));
    listHistory();
    (all("#history li .p-tool")[Math.min(at, pastQueries().length - 1)] || find("#history [data-keeps]")).focus();
  };
  actions.eraseHistory = () => {
    storage.set("asked", []);
    listHistory();
    find("#history [data-keeps]").focus();
    say("Erased");
  };
  document.addEventListener("pincite:keeps", (event) => {
    if (event.detail !== "history") return;
    if (!storage.get("history", true)) storage.set("asked", []);
    listHistory();
  });

  // Cancel the current answer on request, and before the next question. What comes next, "#stop" or "#go", is clicked
  // when the cancelled answer has ended: Gradio's client (6.31) loses an event that is sent while another one ends.
  const isAnswering = () => find('#results [aria-busy="true"]');
  let next = "";
  let isNext = false; // true while the next button is clicked
  const cancelThen = (button) => { next = button; find("#cancel").click(); };
  actions.stop = () => { watchForLoss(); cancelThen("#stop"); focusOn("#results"); };
  const cancelBeforeAsk = (event) => {
    if (isNext) return;
    next = "";
    if (!isAnswering()) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    cancelThen("#go");
  };
  window.pincite.afterAnswer = () => {
    document.dispatchEvent(new CustomEvent("pincite:answered"));
    if (!next) return;
    const button = find(next);
    next = "";
    isNext = true;
    button.click();
    isNext = false;
  };
  document.addEventListener("click", (event) => { if (event.target.closest?.("#go")) cancelBeforeAsk(event); }, true);
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && event.target.closest?.("#question")) cancelBeforeAsk(event);
  }, true);

  // Gradio's client (6.31) may lose one of two events that start together, a question or its end. The server's output
  // then arrives with the next event.
  const LOSS_DELAY = 2500;
  let lossTimer;
  const resultsHtml = () => all("#results section").map((section) => section.outerHTML).join("");
  const watchForLoss = () => {
    const before = resultsHtml();
    clearTimeout(lossTimer);
    lossTimer = setTimeout(() => { if (resultsHtml() === before) find("#refresh").click(); }, LOSS_DELAY);
  };

  document.addEventListener("pincite:ask", (event) => {
    watchForLoss();
    addToHistory(event.detail);
    showPane("answer");
    coverageRequest.abort();
    coveredQuery = "";
  });
})();
