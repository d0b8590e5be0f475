"use strict";
// Gradio updates our markup by patching nodes in place. Therefore every listener is on the document, and all state is on
// <html>, never on a node that may be reused.
(() => {
  const texts = window.pinciteTexts; // the constants of index/records/texts.py, which stand before this script
  const root = document.documentElement;
  const find = (selector, within = document) => within.querySelector(selector);
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const questionBox = () => find("#question textarea");

  // Values in local storage; if storage is blocked, they last until the page is closed.
  const storage = {
    get: (name, otherwise) => {
      try { return JSON.parse(localStorage.getItem(`pincite.${name}`)) ?? otherwise; } catch { return otherwise; }
    },
    set: (name, value) => {
      try { localStorage.setItem(`pincite.${name}`, JSON.stringify(value)); } catch { /* storage is blocked */ }
    },
  };

  // Announcements: a live region for screen readers, and a toast.
  let sayTimer;
  const say = (text) => {
    clearTimeout(sayTimer);
    sayTimer = setTimeout(() => { const live = find("#live"); if (live) live.textContent = text; }, 60);
  };
  let fadeTimer;
  const toast = (text) => {
    let note = find(".p-toast");
    if (!note) { note = document.createElement("div"); note.className = "p-toast"; note.ariaHidden = "true"; document.body.append(note); }
    note.textContent = text;
    note.classList.add("on");
    clearTimeout(fadeTimer);
    fadeTimer = setTimeout(() => note.classList.remove("on"), 1800);
    say(text);
  };
  const copy = async (text, message = "Copied") => {
    try {
      await navigator.clipboard.writeText(text);
    } catch { // Not a secure context: use the old method.
      const area = document.createElement("textarea");
      area.value = text;
      area.className = "p-sr";
      (find("dialog:modal") || document.body).append(area); // Text behind a dialog cannot be selected.
      area.select();
      document.execCommand("copy");
      area.remove();
    }
    toast(message);
  };

  // The URL contains the question, so that it can be bookmarked, shared, and found in the browser history.
  let handledSearch = location.search;
  const currentQuery = () => {
    const query = new URLSearchParams(location.search);
    const documents = (query.get("in") || "").split(",").filter(Boolean);
    return { question: (query.get("q") || "").trim(), documents, write: query.get("write") === "1" };
  };
  const permalink = ({ question, documents, write } = currentQuery()) => {
    const url = new URL(location.href);
    url.search = "";
    url.hash = "";
    if (question) {
      url.searchParams.set("q", question);
      if (documents.length) url.searchParams.set("in", documents.map((id) => id.slice(0, 12)).join(","));
      if (write) url.searchParams.set("write", "1");
    }
    return url;
  };
  const NAME = document.getElementById("p-title").textContent; // `Pincite`, or the title of a demo.
  const SECTIONS = { ...window.pinciteSections, ask: "" }; // The page of an answer has the name of its question.
  const updateTitle = ({ question } = currentQuery()) => {
    root.toggleAttribute("data-asked", Boolean(question));
    const section = SECTIONS[root.dataset.section] || question;
    const title = section ? `${section} · ${NAME}` : NAME;
    if (document.title !== title) document.title = title;
  };
  const beforeAsk = (values) => {
    const [question, pills, listed, writer] = values;
    const query = {
      question: (question || "").trim(), documents: [...(pills || []), ...(listed || [])], write: writer === "write",
    };
    const url = permalink(query);
    if (url.search !== location.search && !window.pincite.isReturning) history.pushState(null, "", url);
    handledSearch = location.search;
    updateTitle(query);
    if (!query.question) questionBox()?.focus();
    const earlier = window.pincite.thread.sent(query);
    document.dispatchEvent(new CustomEvent("pincite:ask", { detail: query }));
    return [...values.slice(0, -2), earlier, window.pincite.waits.mark(query)];
  };
  addEventListener("popstate", () => { if (location.search !== handledSearch) window.pincite.goTo(); });

  const ask = (question) => {
    const area = questionBox();
    if (!area) return;
    window.pincite.openForQuestion();
    area.value = question;
    area.dispatchEvent(new Event("input", { bubbles: true }));
    requestAnimationFrame(() => { find("#go").click(); focusOn("#results"); }); // The clicked element is about to be removed.
  };
  const open = (name) => find(`#sections [role="tab"][aria-controls="${name}"]:not([tabindex="-1"])`)?.click()
    ?? all('[role="tab"]').find((tab) => tab.getAttribute("aria-controls") === name)?.click();
  const focusOn = (selector) => {
    const node = find(selector);
    if (!node) return;
    node.tabIndex = -1;
    node.focus({ preventScroll: true });
  };

  // Light and dark theme. Gradio sets the class on <body> by the system's theme only; the script in the head has set it
  // on <html> before the first paint.
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const applyTheme = () => {
    const chosen = storage.get("theme", "system");
    const theme = chosen === "system" ? (dark.matches ? "dark" : "light") : chosen;
    root.classList.toggle("dark", theme === "dark");
    document.body.classList.toggle("dark", theme === "dark");
    for (const radio of all('input[name="theme"]')) radio.checked = radio.value === chosen;
    const paper = getComputedStyle(root).getPropertyValue("--paper").trim();
    for (const meta of all('meta[name="theme-color"]')) if (meta.content !== paper) meta.content = paper;
  };
  dark.addEventListener("change", applyTheme);
  new MutationObserver(applyTheme).observe(document.body, { attributeFilter: ["class"] });

  const actions = {
    ask: (target) => ask(target.dataset.question),
    link: () => copy(permalink().href, texts.LINK_COPIED),
    library: () => open("library"),
    skip: () => focusOn("#results"),
    keys: () => find("#shortcuts").showModal(),
    closeKeys: () => find("#shortcuts").close(),
  };
  document.addEventListener("click", (event) => {
    const target = event.target.closest?.("[data-act]");
    if (!target) return;
    const link = target.matches("a"); // A badge of the map is an SVG link, whose tag name is lower-case.
    if (link && (event.metaKey || event.ctrlKey || event.shiftKey || event.button)) return;
    if (link) event.preventDefault();
    actions[target.dataset.act]?.(target, event);
  });
  const settings = { keys: true, history: true }; // defaults of the settings, by data-keeps
  document.addEventListener("change", (event) => {
    if (event.target.name === "theme") { storage.set("theme", event.target.value); applyTheme(); }
    const name = event.target.dataset.keeps;
    if (!name) return;
    storage.set(name, event.target.checked);
    document.dispatchEvent(new CustomEvent("pincite:keeps", { detail: name }));
  });

  // Popovers open below their button, or above it if there is no room, on the side with more room.
  const [ROOM, GAP, EDGE, NARROW] = [420, 6, 12, 640];
  document.addEventListener("beforetoggle", (event) => {
    const opener = event.newState === "open" && event.target.id && find(`[popovertarget="${event.target.id}"]`);
    if (!opener) return;
    const { left, right, top, bottom } = opener.getBoundingClientRect();
    const { style } = event.target;
    const { clientWidth: width, clientHeight: height } = root;
    const isWide = width < NARROW && !event.target.classList.contains("p-menu"); // It fills the width of a narrow window.
    const [opensUp, opensLeft] = [height - bottom < Math.min(top, ROOM), left + right > width && !isWide];
    style.top = opensUp ? "auto" : `${bottom + scrollY + GAP}px`;
    style.bottom = opensUp ? `${height - top - scrollY + GAP}px` : "auto";
    style.maxHeight = opensUp ? `${top - GAP - EDGE - find("#header").offsetHeight}px` : "";
    style.left = opensLeft ? "auto" : `${isWide ? EDGE : left}px`;
    style.right = opensLeft ? `${Math.max(EDGE, width - right)}px` : "auto";
  }, true);

  // Single-key shortcuts can be turned off; they are inactive while the reader types or a dialog is open.
  const isTyping = (event) => event.ctrlKey || event.metaKey || event.altKey
    || event.target.closest?.("input, textarea, select, [contenteditable], [popover], [role=tab]")
    || find("dialog:modal, :popover-open");
  const shortcuts = {
    "/": () => { open("ask"); questionBox()?.focus(); requestAnimationFrame(() => questionBox()?.focus()); },
    "?": () => actions.keys(),
  };
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && event.target === questionBox()) questionBox().blur();
    if (isTyping(event) || !storage.get("keys", settings.keys) || !shortcuts[event.key]) return;
    if (shortcuts[event.key](event) !== false) event.preventDefault();
  });

  // Highlight a citation together with its card, its badge on the map and its tick beside the answer.
  const highlight = (event, on) => {
    const number = event.target.closest?.("[data-n]")?.dataset.n;
    if (number) all(`[data-n="${CSS.escape(number)}"]`).forEach((node) => node.classList.toggle("p-hot", on));
  };
  for (const [name, on] of [["mouseover", true], ["mouseout", false], ["focusin", true], ["focusout", false]])
    document.addEventListener(name, (event) => highlight(event, on));

  // Accessibility fixes for Gradio: screen readers and keyboard.
  const fixTabs = () => {
    for (const list of all('[role="tablist"]')) {
      if (!list.hasAttribute("aria-label")) list.setAttribute("aria-label", "Sections");
      for (const tab of all('[role="tab"]', list)) {
        const panel = document.getElementById(tab.getAttribute("aria-controls"));
        tab.id ||= `${tab.getAttribute("aria-controls")}-tab`;
        panel?.setAttribute("aria-labelledby", tab.id);
        panel?.setAttribute("role", "tabpanel");
      }
    }
  };
  document.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step || event.target.getAttribute?.("role") !== "tab") return;
    const tabs = all('[role="tab"]', event.target.closest('[role="tablist"]'));
    const next = tabs[(tabs.indexOf(event.target) + step + tabs.length) % tabs.length];
    next.focus();
    next.click();
  });
  const fixGradio = () => {
    fixTabs();
    questionBox()?.setAttribute("enterkeyhint", "search");
    questionBox()?.setAttribute("dir", "auto");
    const adder = find("#files button");
    if (adder?.textContent.trim()) adder.ariaLabel = `${texts.ADD_DOCUMENTS}: ${adder.textContent.trim()}`; // Its own name differs from its words.
    find("#listed input")?.setAttribute("placeholder", find("#listed .token") ? "" : texts.ALL_DOCUMENTS);
    for (const name of ["pills", "writer"]) {
      const group = find(`#${name} fieldset, fieldset#${name}`);
      const label = find('[data-testid="block-info"]', group || document)?.textContent.trim();
      if (group && label) group.setAttribute("aria-label", label);
    }
    for (const node of all("[data-keeps]")) node.checked = storage.get(node.dataset.keeps, settings[node.dataset.keeps]);
    for (const radio of all('input[name="theme"]')) radio.checked = radio.value === storage.get("theme", "system");
  };

  // Announce the data-say text of new elements.
  const isAbove = (node) => node.checkVisibility() && node.getBoundingClientRect().bottom < 0;
  const announced = new Map();
  const announceChanges = () => {
    for (const name of ["results", "outcome", "coverage"]) {
      const text = find(`#${name} [data-say]`)?.dataset.say || "";
      if (announced.get(name) !== text && text) (isAbove(find(`#${name}`)) ? toast : say)(text);
      announced.set(name, text);
    }
  };
  let isScheduled = false;
  const update = () => {
    isScheduled = false;
    fixGradio();
    announceChanges();
    if (document.title === NAME) updateTitle(); // Gradio has reset it.
  };
  new MutationObserver(() => { if (!isScheduled) { isScheduled = true; requestAnimationFrame(update); } })
    .observe(root, { childList: true, subtree: true, attributes: true, attributeFilter: ["data-say"] });

  const acceptUrl = () => { handledSearch = location.search; }; // Called by code that changes the URL without a new question.
  const libraryChanged = () => { find("#refresh")?.click(); document.dispatchEvent(new CustomEvent("pincite:changed")); };
  applyTheme();
  updateTitle();
  // The interface for the other scripts, which add their actions and shortcuts.
  window.pincite = {
    acceptUrl, actions, all, ask, beforeAsk, copy, currentQuery, find, focusOn, libraryChanged, open, permalink, say,
    shortcuts, storage, texts, toast, updateTitle,
  };
})();
