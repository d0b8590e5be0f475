"use strict";
// Gradio draws and redraws our markup by patching nodes in place: so every listener hangs on the document,
// and what has to be remembered stands on <html>, never on a node that may become another's.
(() => {
  const root = document.documentElement;
  const find = (selector, within = document) => within.querySelector(selector);
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const box = () => find("#question textarea");

  // Telling: one live region for screen readers, one toast for everybody.
  let telling;
  const say = (text) => {
    clearTimeout(telling);
    telling = setTimeout(() => { const live = find("#live"); if (live) live.textContent = text; }, 60);
  };
  let fading;
  const toast = (text) => {
    let note = find(".p-toast");
    if (!note) { note = document.createElement("div"); note.className = "p-toast"; document.body.append(note); }
    note.textContent = text;
    note.classList.add("on");
    clearTimeout(fading);
    fading = setTimeout(() => note.classList.remove("on"), 1800);
    say(text);
  };

  // The address names what was asked, so that it can be kept, sent, and gone back to.
  let address = location.search;
  const permalink = (question, documents) => {
    const url = new URL(location.href);
    url.search = "";
    url.hash = "";
    if (question) url.searchParams.set("q", question);
    if (question && documents.length) url.searchParams.set("in", documents.map((id) => id.slice(0, 12)).join(","));
    return url;
  };
  const asked = () => new URLSearchParams(location.search).get("q")?.trim();
  const entitle = (question) => {
    root.toggleAttribute("data-asked", Boolean(question));
    const title = question ? `${question} · Pincite` : "Pincite";
    if (document.title !== title) document.title = title;
  };
  const asking = (values) => {
    const question = (values[0] || "").trim();
    const url = permalink(question, [...(values[1] || []), ...(values[2] || [])]);
    if (url.search !== location.search) history.pushState(null, "", url);
    address = location.search;
    entitle(question);
    if (!question) box()?.focus();
    return values;
  };
  addEventListener("popstate", () => { if (location.search !== address) location.reload(); });

  const ask = (question) => {
    const area = box();
    if (!area) return;
    area.value = question;
    area.dispatchEvent(new Event("input", { bubbles: true }));
    requestAnimationFrame(() => find("#go").click());
  };
  const open = (name) => all('[role="tab"]').find((tab) => tab.getAttribute("aria-controls") === name)?.click();

  const copy = async (text) => {
    try {
      await navigator.clipboard.writeText(text);
    } catch { // Not a secure context: the old way.
      const area = document.createElement("textarea");
      area.value = text;
      area.className = "p-sr";
      document.body.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
    }
    toast("Quote copied");
  };

  let doomed = "";
  let opener = null;
  const actions = {
    ask: (target) => ask(target.dataset.question),
    copy: (target) => copy(`“${target.dataset.quote}”\n${target.dataset.reference}`),
    library: () => open("library"),
    skip: () => { const results = find("#results"); results.tabIndex = -1; results.focus(); },
    remove: (target) => {
      doomed = target.dataset.id;
      opener = target;
      find("#removal-name").textContent = target.dataset.name;
      find("#removal").showModal();
    },
    keep: () => { find("#removal").close(); opener?.focus(); },
    removing: () => {
      find("#removal").close();
      find("#remove").click();
      find("#table .p-scroll")?.focus({ preventScroll: true }); // Its own button is about to go.
    },
  };
  document.addEventListener("click", (event) => {
    const target = event.target.closest?.("[data-act]");
    if (!target) return;
    const link = target.tagName === "A";
    if (link && (event.metaKey || event.ctrlKey || event.shiftKey || event.button)) return;
    if (link) event.preventDefault();
    actions[target.dataset.act]?.(target);
  });

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const writing = event.target.closest?.("input, textarea, select, [contenteditable]");
    if (event.key === "Escape" && event.target === box()) box().blur();
    if (event.key !== "/" || writing || find("dialog[open]")) return;
    event.preventDefault();
    open("ask");
    requestAnimationFrame(() => box()?.focus());
  });

  // A number in the margin and its tick beside the page light up together.
  const light = (event, on) => {
    const number = event.target.closest?.("[data-n]")?.dataset.n;
    if (number) all(`[data-n="${CSS.escape(number)}"]`).forEach((node) => node.classList.toggle("p-hot", on));
  };
  for (const [name, on] of [["mouseover", true], ["mouseout", false], ["focusin", true], ["focusout", false]])
    document.addEventListener(name, (event) => light(event, on));

  // What Gradio leaves undone for those who do not see the page, or use no mouse.
  const mendTabs = () => {
    for (const list of all('[role="tablist"]')) {
      list.setAttribute("aria-label", "Sections");
      for (const tab of all('[role="tab"]', list)) {
        const panel = document.getElementById(tab.getAttribute("aria-controls"));
        tab.id ||= `${tab.getAttribute("aria-controls")}-tab`;
        panel?.setAttribute("aria-labelledby", tab.id);
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
  const mend = () => {
    mendTabs();
    box()?.setAttribute("enterkeyhint", "search");
    box()?.setAttribute("dir", "auto");
    find("#listed input")?.setAttribute("placeholder", find("#listed .token") ? "" : "All documents");
    find("#pills fieldset, fieldset#pills")?.setAttribute("aria-label", "Search only in");
    // Its label says "Click to upload or drop files", its words say something else: speech input needs them to agree.
    all("#files button[aria-label]").forEach((button) => button.removeAttribute("aria-label"));
  };

  // Whatever the server has drawn says of itself, in data-say, what is to be announced.
  const isAbove = (node) => node.checkVisibility() && node.getBoundingClientRect().bottom < 0;
  const said = new Map();
  const listen = () => {
    for (const name of ["results", "outcome"]) {
      const text = find(`#${name} [data-say]`)?.dataset.say || "";
      if (said.get(name) !== text && text) (isAbove(find(`#${name}`)) ? toast : say)(text);
      said.set(name, text);
    }
  };
  let due = false;
  const look = () => {
    due = false;
    mend();
    listen();
    if (document.title === "Pincite") entitle(asked()); // Gradio has just set it.
  };
  new MutationObserver(() => { if (!due) { due = true; requestAnimationFrame(look); } })
    .observe(root, { childList: true, subtree: true, attributes: true, attributeFilter: ["data-say"] });

  entitle(asked());
  window.pincite = { asking, removing: () => doomed };
})();
