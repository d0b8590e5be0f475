"use strict";
// The shell: the header and the question box, which come with the page, work before Gradio has loaded. When Gradio's
// controls exist, they take over what was typed, the caret and the focus, and the shell is removed. A question that was
// asked early is asked as soon as the library has been loaded.
(() => {
  const PATIENCE = 30000; // milliseconds until the page says that it is still loading
  const root = document.documentElement;
  const shell = document.getElementById("shell");
  const box = shell.querySelector("textarea");
  const told = shell.querySelector(".p-told");
  const parameters = new URLSearchParams(location.search);
  const linked = (parameters.get("q") || "").trim();
  let asked = ""; // the question that was asked early
  let opened = ""; // the section that was chosen early
  let isComposing = false; // An input method is composing a character: the box may not be taken away now.

  const choose = (tab) => {
    for (const other of shell.querySelectorAll("[data-opens]")) other.removeAttribute("aria-current");
    tab.setAttribute("aria-current", "page");
    shell.querySelector("form").hidden = tab.dataset.opens !== "ask";
  };

  // What was typed before the page was loaded again.
  const draft = (() => {
    try {
      const text = sessionStorage.getItem("pincite.draft") || "";
      sessionStorage.removeItem("pincite.draft");
      return text;
    } catch { return ""; }
  })();
  box.value = draft || linked;
  let isTyped = Boolean(draft);
  root.toggleAttribute("data-asked", Boolean(linked));
  const addressed = shell.querySelector(`[href="./?tab=${CSS.escape(parameters.get("tab") || "")}"]`); // another section
  if (addressed) choose(addressed);
  else if ([document.body, null].includes(document.activeElement)) box.focus(); // `autofocus` waits for stylesheets.
  if (linked) told.textContent = "Searching …";

  const keepDraft = () => {
    try { if (isTyped && box.value.trim()) sessionStorage.setItem("pincite.draft", box.value); } catch { /* storage is blocked */ }
  };
  const offerAgain = (text) => {
    const again = Object.assign(document.createElement("button"), { type: "button", textContent: told.dataset.again });
    again.onclick = () => {
      keepDraft();
      if (asked) location.search = new URLSearchParams({ q: asked });
      else location.reload();
    };
    told.replaceChildren(text, again);
  };
  const submit = (event) => {
    event?.preventDefault();
    asked = box.value.trim();
    if (!asked) { box.focus(); return; }
    isTyped = true;
    told.textContent = "Your question is asked as soon as the page has loaded …";
  };
  shell.querySelector("form").addEventListener("submit", submit);
  box.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) submit(event);
  });
  box.addEventListener("input", () => { isTyped = true; });
  box.addEventListener("compositionstart", () => { isComposing = true; });
  box.addEventListener("compositionend", () => { isComposing = false; requestAnimationFrame(takeOver); });
  shell.addEventListener("click", (event) => {
    const tab = event.target.closest("[data-opens]");
    if (!tab || event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    opened = tab.dataset.opens;
    choose(tab);
  });

  // A part of the page did not arrive.
  const fail = () => { if (shell.isConnected) offerAgain("The page could not be loaded completely."); };
  addEventListener("error", (event) => { if (event.target?.matches?.("script, link")) fail(); }, true);
  addEventListener("unhandledrejection", (event) => { if (/import|fetch|load/i.test(event.reason?.message)) fail(); });
  setTimeout(() => { if (shell.isConnected) offerAgain("The page is still loading: the connection is slow."); }, PATIENCE);

  const setValue = (area, text) => {
    area.value = text;
    area.dispatchEvent(new Event("input", { bubbles: true }));
  };
  const takeOver = () => {
    const area = document.querySelector("#question textarea");
    if (isComposing || !shell.isConnected || !area || !document.getElementById("go") || !window.pincite) return;
    waiting.disconnect();
    const { selectionStart, selectionEnd } = box;
    const hasFocus = [box, document.body, null].includes(document.activeElement) || shell.contains(document.activeElement);
    if (box.value) setValue(area, box.value);
    shell.remove();
    if (hasFocus && !addressed) area.focus({ preventScroll: true });
    area.setSelectionRange(selectionStart, selectionEnd);
    if (opened) window.pincite.open(opened);
    if (asked) window.pincite.waits.begin();
    if (isTyped) afterLoad(area, box.value);
  };
  // The output of the page's load arrives later. It sets the question of a link: what was typed meanwhile is kept.
  const afterLoad = (area, typed) => {
    const finish = () => {
      if (linked && area.value === linked && typed !== linked) setValue(area, typed);
      if (asked && area.value.trim() === asked) window.pincite.ask(asked);
      else if (asked) window.pincite.waits.end();
    };
    window.pincite.loaded.then(finish);
  };
  const waiting = new MutationObserver(takeOver);
  waiting.observe(document.body, { childList: true, subtree: true });
  document.addEventListener("DOMContentLoaded", takeOver);
})();
