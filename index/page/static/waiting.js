"use strict";
// The time between a question and its answer. The page itself says at once that it searches, so that no older answer
// stands under a new question, and it says so if no answer can come. Each question gets a mark, which the server puts
// into the output for it: outputs for other questions stay hidden. A node of our own, #waiting, shows what is going on.
(() => {
  const { acceptUrl, actions, ask, currentQuery, find, permalink, say, texts, toast } = window.pincite;
  const root = document.documentElement;
  const [FIRST_LOOK, NEXT_LOOK, PATIENCE, PING] = [1500, 8000, 45000, 6000]; // milliseconds
  const LOADING = "load"; // the mark of the output for the question of a link

  const SEARCHING = `<section class="p-searching" aria-busy="true"><h2 class="p-eyebrow">Searching</h2>
    <div class="p-bones" aria-hidden="true"><i></i><i></i><i></i><i></i></div></section>`;
  const PROBLEM = `<section class="p-state p-problem" aria-labelledby="h-lost"><h2 id="h-lost" class="p-eyebrow"></h2>
    <p class="p-lead"></p><p class="p-hint"></p>
    <p><button type="button" class="p-button" data-act="tryAgain">${texts.TRY_AGAIN}</button></p></section>`;
  const KEPT = "Your question is kept.";
  const LOST = { title: "The connection is lost", text: `${texts.SILENT}. It may be restarting.`, hint: KEPT };
  const BUSY = { title: "The server is busy", text: texts.MANY_WAITING, hint: texts.TRY_LATER };
  const LATE = { title: "No answer yet", text: "The server can be reached, but it has not answered.", hint: KEPT };
  const FAILED = { title: texts.FAILED, text: "The server could not answer.", hint: KEPT };

  let expected = ""; // the mark of the question whose answer is awaited; empty if none is
  let awaited = null; // that question, as of `currentQuery`
  let isSent = false; // Gradio has taken the question.
  let lastSign = 0; // when the question was asked, or when the server last sent something for it
  let lastLook = 0; // when the server was last looked for
  let problem = null; // what is shown instead of an answer
  let drawn = ""; // what #waiting shows

  const draw = () => {
    const place = find("#waiting [data-own]");
    const wanted = problem ? JSON.stringify(problem) : expected && root.dataset.waiting ? SEARCHING : "";
    if (!place || (drawn === wanted && place.hasChildNodes() === Boolean(wanted))) return;
    drawn = wanted;
    place.innerHTML = problem ? PROBLEM : wanted;
    if (!problem) return;
    find("h2", place).textContent = problem.title;
    find(".p-lead", place).textContent = problem.text;
    find(".p-hint", place).textContent = problem.hint;
  };
  const begin = (mark = crypto.getRandomValues(new Uint32Array(2)).join("-")) => {
    expected = mark;
    isSent = mark === LOADING;
    problem = null;
    lastSign = lastLook = performance.now();
    root.dataset.waiting = "search";
    say("Searching");
    draw();
  };
  const end = () => {
    expected = "";
    problem = null;
    delete root.dataset.waiting;
    draw();
  };
  const fail = (reason) => {
    if (problem?.title === reason.title && problem.text === reason.text) return;
    problem = reason;
    expected = "";
    root.dataset.waiting = "lost";
    root.dataset.loaded = "";
    const link = awaited && permalink(awaited);
    if (link && link.search !== location.search) { history.pushState(null, "", link); acceptUrl(); }
    say(`${reason.title}. ${reason.text}`);
    draw();
  };

  // A question is asked: drawn at once, also while Gradio still waits for the end of the one before.
  const typed = () => (find("#question textarea")?.value || "").trim();
  const asking = () => {
    if (!typed()) return;
    awaited = { ...currentQuery(), question: typed() };
    begin();
  };
  document.addEventListener("click", (event) => { if (event.target.closest?.("#go")) asking(); }, true);
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing && event.target.closest?.("#question")) asking();
  }, true);
  // Return the mark for a question that Gradio takes now.
  const mark = (query) => {
    if (!query.question) { end(); return ""; }
    awaited = query;
    if (!expected) begin();
    isSent = true;
    return expected;
  };

  // The output of the server
  let resolveLoaded;
  const loaded = new Promise((resolve) => { resolveLoaded = resolve; });
  let isLoaded = false;
  const noticeLoad = () => {
    if (isLoaded || !find("#beginning :is(section, nav), #results [data-for]")) return;
    isLoaded = true;
    root.dataset.loaded = "";
    setTimeout(resolveLoaded, 1000); // or when the event ends: Gradio (6.31) may lose an event that is sent meanwhile
  };
  document.addEventListener("pincite:answered", () => { if (isLoaded) resolveLoaded(); });
  const noticeAnswer = () => {
    if (!expected) return;
    if (root.dataset.waiting) {
      if (find("#results [data-for]")?.dataset.for !== expected) return;
      lastSign = performance.now();
      if (find("#results .p-searching")) return;
      delete root.dataset.waiting;
      draw();
    }
    if (!find('#results [aria-busy="true"]')) expected = ""; // The answer is complete, or was stopped.
  };

  // Gradio's own messages are hidden: waiting.css. They tell that it lost the connection, or that the server refused.
  const told = new WeakMap(); // the text of each message that was handled
  const reasonOf = (text) => {
    if (!text || /connection|reconnect|errored out|fetch/i.test(text)) return LOST;
    return /busy/i.test(text) ? BUSY : { ...FAILED, text, hint: "" };
  };
  const noticeMessages = () => {
    for (const node of document.querySelectorAll('[data-testid="toast-text"]')) {
      const text = node.textContent.trim();
      if (told.get(node) === text) continue;
      told.set(node, text);
      const reason = reasonOf(text);
      if (expected || !isLoaded) fail(reason);
      else if (!problem) toast(reason === LOST ? LOST.title : reason.text);
    }
  };
  const notice = () => { noticeLoad(); noticeAnswer(); noticeMessages(); draw(); };
  new MutationObserver(notice).observe(document.body, { childList: true, subtree: true, attributeFilter: ["data-for"] });

  // Look whether the server is there, if nothing came for a while.
  const isThere = async () => {
    try { return (await fetch("healthz", { cache: "no-store", signal: AbortSignal.timeout(PING) })).status < 500; } catch { return false; }
  };
  const look = async () => {
    const now = performance.now();
    const waitsUnsent = !isSent && now - lastSign > FIRST_LOOK && lastLook === lastSign;
    if (!expected || (now - Math.max(lastSign, lastLook) < NEXT_LOOK && !waitsUnsent)) return;
    lastLook = now;
    const [before, began] = [expected, lastSign];
    const there = await isThere();
    if (expected !== before || lastSign !== began) return;
    if (!there) fail(LOST);
    else if (!isSent && now - began > NEXT_LOOK) location.assign(permalink(awaited)); // Gradio has given up.
    else if (now - began > PATIENCE && root.dataset.waiting) fail(LATE);
    else if (isSent) find("#refresh")?.click(); // Gradio (6.31) may have lost the output: it comes with the next event.
  };
  setInterval(look, 500);
  addEventListener("offline", () => { if (expected) fail(LOST); });

  actions.tryAgain = async (button) => {
    button.disabled = true;
    button.textContent = "Trying …";
    const there = await isThere();
    button.disabled = false;
    button.textContent = texts.TRY_AGAIN;
    const again = awaited || currentQuery();
    if (!there) { toast("The server still does not answer"); button.focus(); }
    else if (problem === LOST || !again.question) location.assign(permalink(again)); // Gradio needs a new page.
    else ask(again.question);
  };

  window.pincite.waits = { begin, end, mark };
  window.pincite.loaded = loaded;
  if (currentQuery().question) { awaited = currentQuery(); begin(LOADING); }
})();
