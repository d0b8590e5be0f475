"use strict";
// The Questions tab: load questions from a file, choose documents, and show the growing tables of answers.
(() => {
  const { all, find, jobs, say } = window.pincite;

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
  const fillingJobs = new Set();
  const fillRows = async (batch) => {
    const { job, rows } = batch.dataset;
    if (fillingJobs.has(job)) return;
    fillingJobs.add(job);
    try {
      const body = find("tbody", batch);
      while (body.isConnected && body.rows.length < Number(rows)) {
        const before = body.rows.length;
        const { text } = await jobs.call(`batches/${job}/rows?begin=${before}`);
        body.insertAdjacentHTML("beforeend", text);
        if (body.rows.length === before) break;
      }
    } finally {
      fillingJobs.delete(job);
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
      box.focus();
      say(`${box.value.split("\n").length} questions`);
    } else say(find("[data-say]", outcome)?.dataset.say || "");
  };
  document.addEventListener("change", (event) => {
    if (event.target.id === "p-question-file") jobs.attempt(() => readFile(event.target));
    if (event.target.matches?.("#p-choices input"))
      find("#p-within").textContent = chosenIds().length ? `${chosenIds().length} of the documents` : "all documents";
  });

  jobs.listen(showBatches);
  let hasStarted = false;
  new MutationObserver(() => {
    if (hasStarted || !find("#p-batches")) return;
    hasStarted = true;
    showBatches().catch(() => { hasStarted = false; });
  }).observe(document.documentElement, { childList: true, subtree: true });
})();
