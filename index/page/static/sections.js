"use strict";
// Where the reader is: the section, the question, the pane and the scroll position. The address has ?tab= and &pane=, so that
// it can be shared and reloaded; the server answers each such address with the same page. Back and Forward go there
// without a new page, as long as the question searches the same documents.
(() => {
  const { acceptUrl, actions, all, currentQuery, find, open, permalink, copy, showPane, texts, updateTitle } = window.pincite;
  const root = document.documentElement;
  const TABS = { check: "check", library: "library", batch: "questions" }; // Sections by the id of their panel; Ask has none.
  const SAVE_DELAY = 200;
  const SCROLL_SECONDS = 5;

  const parameters = () => new URLSearchParams(location.search);
  const namedSection = () => Object.keys(TABS).find((section) => TABS[section] === parameters().get("tab")) || "ask";
  const namedPane = () => (parameters().get("pane") === "coverage" && currentQuery().question ? "coverage" : "answer");
  const filters = () => ["in", "write"].map((name) => parameters().get(name) || "").join(" ");
  let shown = { question: currentQuery().question, filters: filters() };

  // Add an entry to the history. Parameters without a value are removed.
  const go = (changes, hash = location.hash) => {
    const url = new URL(location.href);
    for (const [name, value] of Object.entries(changes)) {
      if (value) url.searchParams.set(name, value); else url.searchParams.delete(name);
    }
    url.hash = hash;
    if (url.search === location.search) return;
    history.pushState(null, "", hash ? url : url.href.replace(/#$/, ""));
    acceptUrl();
  };

  // The section. Gradio opens it; an open source belongs to Ask only.
  let section = "ask";
  let expected = ""; // The section that is being opened for an entry that exists already.
  const openSection = (name) => {
    if (name === section) return;
    expected = name;
    open(name);
  };
  const selected = () => find('#sections [role="tab"][aria-selected="true"]')?.getAttribute("aria-controls");
  const followSection = () => {
    const name = selected();
    if (!name || name === section) return;
    section = name;
    root.dataset.section = name;
    if (name !== expected) go({ tab: TABS[name] }, name === "ask" ? undefined : "");
    expected = "";
    updateTitle();
  };
  // A question is asked in Ask. It makes an entry of its own, so that opening Ask for it makes none.
  window.pincite.openForQuestion = () => openSection("ask");

  // The pane.
  const openPane = actions.pane;
  actions.pane = (tab) => {
    openPane(tab);
    go({ pane: tab.dataset.pane === "coverage" ? "coverage" : "" });
  };
  actions.link = () => {
    const url = permalink();
    if (root.dataset.pane === "coverage" && url.search) url.searchParams.set("pane", "coverage");
    copy(url.href, texts.LINK_COPIED);
  };

  // The scroll position is stored with the entry, and restored as soon as its content is long enough.
  history.scrollRestoration = "manual";
  let saving;
  let restoring = 0;
  const saveScroll = () => history.replaceState({ ...history.state, scroll: Math.round(scrollY) }, "");
  addEventListener("scroll", () => {
    clearTimeout(saving);
    if (!restoring) saving = setTimeout(saveScroll, SAVE_DELAY);
  }, { passive: true });
  const isBusy = () => find('#results [aria-busy="true"], #coverage [aria-busy="true"]');
  const restoreScroll = () => {
    const top = history.state?.scroll ?? 0;
    const until = performance.now() + 1000 * SCROLL_SECONDS;
    clearTimeout(saving);
    const attempt = () => {
      if (!restoring) return;
      scrollTo({ top, behavior: "instant" });
      const done = Math.abs(scrollY - top) < 2 && !isBusy();
      restoring = done || performance.now() > until ? 0 : requestAnimationFrame(attempt);
    };
    restoring = requestAnimationFrame(attempt);
  };
  const stopRestoring = () => { restoring = 0; };
  for (const name of ["wheel", "touchstart", "pointerdown", "keydown"]) addEventListener(name, stopRestoring, { passive: true });

  // Back and Forward.
  const ask = (question) => {
    const area = find("#question textarea");
    area.value = question;
    area.dispatchEvent(new Event("input", { bubbles: true }));
    window.pincite.isReturning = true;
    requestAnimationFrame(() => find("#go").click());
  };
  window.pincite.goTo = () => {
    const { question } = currentQuery();
    if (filters() !== shown.filters || (question !== shown.question && !question)) { location.reload(); return; }
    acceptUrl();
    openSection(namedSection());
    if (root.dataset.waiting === "new") delete root.dataset.waiting; // The hidden answer is that of this question.
    if (question !== shown.question) ask(question);
    else showPane(namedPane());
    updateTitle();
    restoreScroll();
  };
  document.addEventListener("pincite:ask", () => {
    shown = { question: currentQuery().question, filters: filters() };
    if (window.pincite.isReturning) { showPane(namedPane()); restoreScroll(); } else restoring = 0;
    window.pincite.isReturning = false;
  });

  // Questions about one document: select it, if the reader can; otherwise the link loads the page with it.
  actions.askAbout = (link) => {
    const pills = all("#pills input");
    if (!pills.some((pill) => pill.name === link.dataset.document)) { location.assign(link.href); return; }
    for (const pill of pills) if (pill.checked !== (pill.name === link.dataset.document)) pill.click();
    open("ask");
    requestAnimationFrame(() => find("#question textarea")?.focus());
  };

  // Gradio draws the tabs after this script has run.
  let isStarted = false;
  const update = () => {
    if (!isStarted && selected() && find("#coverage [data-own]")) {
      isStarted = true;
      openSection(namedSection());
      if (namedPane() === "coverage") showPane("coverage");
      if (history.state?.scroll) restoreScroll();
    }
    followSection();
  };
  new MutationObserver(update).observe(root, { childList: true, subtree: true, attributes: true, attributeFilter: ["aria-selected"] });
  update();
})();
