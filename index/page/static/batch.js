"use strict";
// The Questions tab: load questions from a file, choose documents, and show the growing tables of answers and matrices.
(() => {
  const { actions, all, ask, find, jobs, say, texts } = window.pincite;

  let batchRequests = 0;
  const showBatches = async () => {
    const place = find("#p-batches");
    if (!place) return;
    const request = ++batchRequests;
    const { text } = await jobs.call(`batches?mine=${jobs.myJobs()}`);
    if (request !== batchRequests) return;
    jobs.redraw(place, text);
    jobs.announce(place);
    for (const batch of all("details[open][data-job]", place)) await fillRows(batch);
  };

  // Rows are only added; existing rows never change.
  const filling = new Map(); // the running work on each job
  const fillRows = (batch) => {
    const { job } = batch.dataset;
    if (!filling.has(job)) filling.set(job, addRows(batch).finally(() => filling.delete(job)));
    return filling.get(job);
  };
  const addRows = async (batch) => {
    const body = find("tbody", batch);
    while (body.isConnected && body.rows.length < Number(batch.dataset.rows)) {
      const before = body.rows.length;
      const { text } = await jobs.call(`batches/${batch.dataset.job}/rows?begin=${before}`);
      body.insertAdjacentHTML("beforeend", text);
      if (body.rows.length === before) break;
      batch.dispatchEvent(new CustomEvent("pincite:rows", { bubbles: true })); // matrix.js keeps them in order
    }
  };
  document.addEventListener("toggle", (event) => {
    if (event.target.matches?.("#p-batches details[open]")) jobs.attempt(() => fillRows(event.target));
    if (event.target.matches?.(".p-within[open]")) jobs.attempt(showChoices);
  }, true);

  // Choose documents. The chosen ones are sent with the request and returned first, checked.
  let choiceRequests = 0;
  const chosenIds = () => all("#p-choices input:checked").map((box) => box.value);
  const showChoices = async () => {
    const words = find("#p-choose").value;
    const request = ++choiceRequests;
    const { text } = await jobs.call(`choices?${new URLSearchParams({ words, chosen: chosenIds() })}`);
    if (request === choiceRequests) jobs.redraw(find("#p-choices"), text);
  };
  let inputTimer;
  document.addEventListener("input", (event) => {
    if (event.target.id !== "p-choose") return;
    clearTimeout(inputTimer);
    inputTimer = setTimeout(() => jobs.attempt(showChoices), 200);
  });

  // The question of a row leads to its whole answer. Back returns to the row: its place is stored with the page's entry.
  actions.rowAnswer = (link) => {
    const { job } = link.closest("[data-job]").dataset;
    const query = new URLSearchParams(link.search);
    const row = { job, n: link.dataset.row, top: link.getBoundingClientRect().top };
    history.replaceState({ ...history.state, row }, "");
    const isNarrowed = query.has("in") || find("#pills input:checked, #listed .token");
    if (isNarrowed) location.assign(link.href); else ask(query.get("q"));
  };
  // Hold the row for a moment at its place on the screen, unless the reader does something: what is above it may still grow.
  const HOLD_MS = 800;
  const hold = (link, top) => {
    const until = performance.now() + HOLD_MS;
    let isLeft = false;
    for (const name of ["wheel", "touchstart", "pointerdown", "keydown"])
      addEventListener(name, () => { isLeft = true; }, { passive: true, once: true });
    const step = () => {
      if (isLeft || !link.checkVisibility()) return;
      if (document.activeElement !== link) link.focus({ preventScroll: true });
      const by = Math.round(link.getBoundingClientRect().top - top);
      if (by) scrollBy({ top: by, behavior: "instant" });
      if (performance.now() < until) requestAnimationFrame(step);
    };
    step();
  };
  let isReturning = false;
  const returnToRow = async () => {
    const { row } = history.state || {};
    const batch = row ? find(`#p-batches [data-job="${CSS.escape(row.job)}"]`) : null;
    if (isReturning || !batch?.parentElement.checkVisibility()) return; // sections.js opens the section, and the observer below comes again.
    isReturning = true;
    try {
      batch.open = true;
      await fillRows(batch);
      const link = find(`[data-row="${CSS.escape(row.n)}"]`, batch);
      if (link) hold(link, row.top);
    } catch { /* The server is unreachable: the reader stays where the browser put them. */ }
    history.replaceState({ ...history.state, row: undefined }, "");
    isReturning = false;
  };
  addEventListener("popstate", () => requestAnimationFrame(returnToRow));

  // The other columns of a loaded table go back with the questions. An emptied box forgets them.
  const keepTable = ({ table }) => {
    if (!table) return;
    const place = find("#p-loaded");
    const field = document.createElement("input");
    Object.assign(field, { type: "hidden", name: "table", value: table });
    place.append(field);
    const hint = find("p", place) || place.appendChild(document.createElement("p"));
    hint.className = "p-hint";
    const names = [...new Set(all("input", place).flatMap((input) => JSON.parse(input.value)[1]))];
    hint.textContent = `${names.length === 1 ? "This column comes" : "These columns come"} back in the downloads: ${names.join(", ")}`;
  };
  document.addEventListener("input", (event) => {
    if (event.target.id === "p-questions" && !event.target.value.trim()) find("#p-loaded").replaceChildren();
  });

  const readFile = async (input) => {
    const [file] = input.files;
    if (!file) return;
    const box = find("#p-questions");
    const outcome = find("#p-batch-outcome");
    const { text } = await jobs.call(`questions?${new URLSearchParams({ name: file.name })}`, { method: "POST", body: file });
    input.value = ""; // So that the same file can be chosen again after a fix.
    const template = document.createElement("template");
    template.innerHTML = text;
    const questions = find("#p-read", template.content);
    jobs.redraw(outcome, questions ? "" : text);
    if (questions) {
      box.value = [box.value.trim(), questions.content.textContent].filter(Boolean).join("\n");
      keepTable(questions.dataset);
      box.focus();
      say(`${box.value.split("\n").length} questions`);
    } else say(find("[data-say]", outcome)?.dataset.say || "");
  };
  document.addEventListener("change", (event) => {
    if (event.target.id === "p-question-file") jobs.attempt(() => readFile(event.target));
    if (event.target.matches?.("#p-choices input"))
      find("#p-within").textContent = chosenIds().length ? `${chosenIds().length} of the documents` : texts.ALL_DOCUMENTS.toLowerCase();
  });

  jobs.listen(showBatches);
  let hasStarted = false;
  new MutationObserver(() => {
    if (history.state?.row) returnToRow();
    if (hasStarted || !find("#p-batches")) return;
    hasStarted = true;
    showBatches().catch(() => { hasStarted = false; });
  }).observe(document.documentElement, { childList: true, subtree: true });
})();
