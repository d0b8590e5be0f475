"use strict";
// The Questions tab: load questions from a file, choose documents, and show the growing tables of answers.
(() => {
  const { all, find, jobs, say } = window.pincite;

  let looked = 0;
  const showBatches = async () => {
    const place = find("#p-batches");
    if (!place) return;
    const look = ++looked;
    const { text } = await jobs.call(`batches?mine=${jobs.mine()}`);
    if (look !== looked) return;
    jobs.redraw(place, text);
    jobs.announce(place);
    for (const batch of all("details[open][data-job]", place)) await fill(batch);
  };

  // Rows are only added; existing rows never change.
  const filling = new Set();
  const fill = async (batch) => {
    const { job, rows } = batch.dataset;
    if (filling.has(job)) return;
    filling.add(job);
    try {
      const body = find("tbody", batch);
      while (body.isConnected && body.rows.length < Number(rows)) {
        const before = body.rows.length;
        const { text } = await jobs.call(`batches/${job}/rows?begin=${before}`);
        body.insertAdjacentHTML("beforeend", text);
        if (body.rows.length === before) break;
      }
    } finally {
      filling.delete(job);
    }
  };
  document.addEventListener("toggle", (event) => {
    if (event.target.matches?.("#p-batches details[open]")) jobs.tried(() => fill(event.target));
    if (event.target.matches?.(".p-within[open]")) jobs.tried(choose);
  }, true);

  // Choose documents. The chosen ones are sent with the request and returned first, checked.
  let turn = 0;
  const chosen = () => all("#p-choices input:checked").map((box) => box.value);
  const choose = async () => {
    const words = find("#p-choose").value;
    const mine = ++turn;
    const { text } = await jobs.call(`choices?${new URLSearchParams({ words, chosen: chosen() })}`);
    if (mine === turn) jobs.redraw(find("#p-choices"), text);
  };
  let typing;
  document.addEventListener("input", (event) => {
    if (event.target.id !== "p-choose") return;
    clearTimeout(typing);
    typing = setTimeout(() => jobs.tried(choose), 200);
  });

  const read = async (input) => {
    const [file] = input.files;
    if (!file) return;
    const box = find("#p-questions");
    const outcome = find("#p-batch-outcome");
    const { text } = await jobs.call(`questions?${new URLSearchParams({ name: file.name })}`, { method: "POST", body: file });
    input.value = ""; // So that the same file can be chosen again after a fix.
    const holder = document.createElement("template");
    holder.innerHTML = text;
    const read = find("#p-read", holder.content);
    jobs.redraw(outcome, read ? "" : text);
    if (read) {
      box.value = [box.value.trim(), read.content.textContent].filter(Boolean).join("\n");
      box.focus();
      say(`${box.value.split("\n").length} questions`);
    } else say(find("[data-say]", outcome)?.dataset.say || "");
  };
  document.addEventListener("change", (event) => {
    if (event.target.id === "p-question-file") jobs.tried(() => read(event.target));
    if (event.target.matches?.("#p-choices input"))
      find("#p-within").textContent = chosen().length ? `${chosen().length} of the documents` : "all documents";
  });

  jobs.listen(showBatches);
  let begun = false;
  new MutationObserver(() => {
    if (begun || !find("#p-batches")) return;
    begun = true;
    showBatches().catch(() => { begun = false; });
  }).observe(document.documentElement, { childList: true, subtree: true });
})();
