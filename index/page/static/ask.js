"use strict";
// The Ask tab: keyboard navigation, coverage, the map, export, history, and stopping a model.
(() => {
  const { actions, all, ask, asked, copy, find, focusOn, kept, permalink, say, shortcuts, toast } = window.pincite;
  const root = document.documentElement;

  // Move from card to card; Enter opens the source.
  const evidence = () => all("#results .p-card").filter((card) => card.checkVisibility());
  const step = (by) => () => {
    const cards = evidence();
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
  let covered = "";
  let fetching = new AbortController();
  const shell = () => find("#coverage [data-own]");
  const fill = (html) => { shell().innerHTML = html; };
  const bones = '<section class="p-searching" aria-busy="true"><div class="p-bones"><i></i><i></i><i></i></div></section>';
  const failed = `<section class="p-state p-problem"><h2 class="p-eyebrow">That did not work</h2>
    <p class="p-lead">The coverage could not be fetched.</p>
    <p><button type="button" class="p-button" data-act="coverAgain">Try again</button></p></section>`;
  const cover = async () => {
    const what = asked();
    const key = permalink(what).search;
    if (covered === key) return;
    covered = key;
    fetching.abort();
    fetching = new AbortController();
    fill(bones);
    say("Searching every document");
    try {
      const query = new URLSearchParams({ q: what.question, within: what.documents.join(",") });
      const answer = await fetch(`page/coverage?${query}`, { signal: fetching.signal });
      if (!answer.ok) throw new Error(answer.status);
      fill(await answer.text());
      say(find(":is(.p-numbers, .p-lead)", shell())?.textContent || "");
      if (find(".p-problem", shell())) covered = "";
    } catch (error) {
      if (error.name === "AbortError") return;
      covered = "";
      fill(failed);
      say("The coverage could not be fetched.");
    }
  };
  const show = (pane) => {
    root.dataset.pane = pane;
    for (const tab of all(".p-panes [role=tab]")) {
      const chosen = tab.dataset.pane === pane;
      tab.setAttribute("aria-selected", String(chosen));
      tab.tabIndex = chosen ? 0 : -1;
    }
    if (pane === "coverage") cover();
  };
  actions.pane = (tab) => show(tab.dataset.pane);
  actions.coverAgain = () => { cover(); focusOn("#coverage"); };

  // The map: its base layer is loaded once per change of the library; an answer adds only its own layer.
  const [PATIENCE, SOON] = [7, 250];
  const IN_MAKING = 202;
  let drawing = false;
  let stale = false; // The library has changed again during the load.
  const drawMap = async (attempt = 0) => {
    drawing = true;
    const answer = await fetch("page/map").catch(() => null);
    const svg = answer?.ok ? await answer.text() : "";
    if (svg) find("#map [data-own]").innerHTML = svg;
    if (answer?.status === IN_MAKING && attempt < PATIENCE) setTimeout(drawMap, SOON * 2 ** attempt, attempt + 1);
    else {
      drawing = false;
      if (stale) redrawMap();
    }
  };
  const redrawMap = () => {
    stale = drawing;
    if (!drawing) drawMap();
  };
  let begun = false;
  let sought = ""; // The generation of the last answer that caused a load, so that it causes only one.
  const lookAtMap = () => {
    if (drawing || !find("#map [data-own]")) return;
    const newest = find("#marks svg")?.dataset.generation;
    if (begun && (!newest || newest === sought || newest === find("#map svg")?.dataset.generation)) return;
    begun = true;
    sought = newest;
    drawMap();
  };
  new MutationObserver(lookAtMap).observe(document.body, { childList: true, subtree: true });
  document.addEventListener("pincite:changed", redrawMap);

  // Export an answer as a file. It is fetched by script, so that the page can show errors.
  actions.export = async (link) => {
    find("#export")?.hidePopover();
    try {
      const answer = await fetch(link.href);
      if (!answer.ok) { toast(answer.status === 410 ? await answer.text() : "That did not work"); return; }
      const [, name] = /filename="([^"]+)"/.exec(answer.headers.get("Content-Disposition")) || [];
      const file = document.createElement("a");
      file.href = URL.createObjectURL(await answer.blob());
      file.download = name || "answer";
      file.click();
      setTimeout(() => URL.revokeObjectURL(file.href), 10000);
      say("Exported");
    } catch { toast("The server cannot be reached"); }
  };

  // The history: stored only in this browser, and erased on request.
  const LONGEST = 50;
  const former = () => kept.get("asked", []);
  const remember = (what) => {
    if (!what.question || !kept.get("history", true)) return;
    const key = permalink(what).search;
    kept.set("asked", [what, ...former().filter((each) => permalink(each).search !== key)].slice(0, LONGEST));
  };
  const listed = (what, at) => {
    const link = document.createElement("a");
    Object.assign(link, { href: permalink(what).href, textContent: what.question, dir: "auto" });
    link.dataset.act = "askAgain";
    link.dataset.at = at;
    const remove = document.createElement("button");
    Object.assign(remove, { type: "button", className: "p-tool", textContent: "×", ariaLabel: `Erase: ${what.question}` });
    remove.dataset.act = "forget";
    remove.dataset.at = at;
    const among = document.createElement("span");
    among.className = "p-among";
    const documents = what.documents.length;
    among.textContent = documents ? `in ${documents === 1 ? "one document" : `${documents} documents`}` : "";
    const row = document.createElement("li");
    row.append(link, among, remove);
    return row;
  };
  const list = () => {
    const rows = former().map(listed);
    const none = document.createElement("li");
    none.className = "p-hint";
    none.textContent = kept.get("history", true) ? "Nothing yet." : "Questions are not kept.";
    find("#history ul").replaceChildren(...(rows.length ? rows : [none]));
    find('[data-act="eraseHistory"]').hidden = !rows.length;
  };
  document.addEventListener("beforetoggle", (event) => { if (event.target.id === "history") list(); }, true);
  actions.askAgain = (link) => {
    const what = former()[link.dataset.at];
    find("#history").hidePopover();
    const here = asked();
    const same = what.write === here.write && String(what.documents) === String(here.documents);
    if (same) ask(what.question); // Otherwise its documents and writer must be selected, too.
    else location.assign(permalink(what));
  };
  actions.forget = (button) => {
    const at = Number(button.dataset.at);
    kept.set("asked", former().filter((_, n) => n !== at));
    list();
    (all("#history li .p-tool")[Math.min(at, former().length - 1)] || find("#history [data-keeps]")).focus();
  };
  actions.eraseHistory = () => {
    kept.set("asked", []);
    list();
    find("#history [data-keeps]").focus();
    say("Erased");
  };
  document.addEventListener("pincite:keeps", (event) => {
    if (event.detail !== "history") return;
    if (!kept.get("history", true)) kept.set("asked", []);
    list();
  });

  // Cancel the current answer on request, and before the next question. What comes next, "#stop" or "#go", is clicked
  // when the cancelled answer has ended: Gradio's client (6.31) loses an event that is sent while another one ends.
  const busy = () => find('#results [aria-busy="true"]');
  let next = "";
  let isNext = false; // true while the next button is clicked
  const cancelThen = (button) => { next = button; find("#cancel").click(); };
  actions.stop = () => { miss(); cancelThen("#stop"); focusOn("#results"); };
  const makeWay = (event) => {
    if (isNext) return;
    next = "";
    if (!busy()) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    cancelThen("#go");
  };
  window.pincite.answered = () => {
    if (!next) return;
    const button = find(next);
    next = "";
    isNext = true;
    button.click();
    isNext = false;
  };
  document.addEventListener("click", (event) => { if (event.target.closest?.("#go")) makeWay(event); }, true);
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && event.target.closest?.("#question")) makeWay(event);
  }, true);

  // Gradio's client (6.31) may lose one of two events that start together, a question or its end. The server's output
  // then arrives with the next event.
  const LOST = 2500;
  let missing;
  const drawn = () => all("#results section").map((section) => section.outerHTML).join("");
  const miss = () => {
    const before = drawn();
    clearTimeout(missing);
    missing = setTimeout(() => { if (drawn() === before) find("#refresh").click(); }, LOST);
  };

  document.addEventListener("pincite:ask", (event) => {
    miss();
    remember(event.detail);
    show("answer");
    fetching.abort();
    covered = "";
  });
})();
