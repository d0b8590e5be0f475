"use strict";
// A thread of questions: `and in 2019?`, `why?`. The server gets the earlier questions with each new one, and completes a
// question that continues them. Earlier answers move up into #thread, which is made of text nodes. A turn is
// {question, status, sentences: [{text, sources: [{document, start, end, label}]}]}. Threads last as long as the tab.
(() => {
  const { acceptUrl, actions, all, ask, currentQuery, find, permalink, say, storage, texts, updateTitle } = window.pincite;
  const [MOST_TURNS, MOST_SENT, MOST_THREADS] = [12, 6, 20];
  const NAME = "pincite.threads";

  let turns = []; // the turns before the answer that is shown
  let present = null; // the answer that is shown, as a turn
  let moves = ""; // what becomes of it: "up" when the next answer comes; "stays" if that replaces it; "" until it is asked
  let followed = false; // The question comes from the follow-up box: its thread goes on, even if it is a whole question.

  // Threads by the link of their newest question, so that a reload, Back and Forward find them again.
  const stored = () => {
    try { return JSON.parse(sessionStorage.getItem(NAME)) || {}; } catch { return {}; }
  };
  const store = () => {
    const threads = stored();
    delete threads[location.search];
    if (turns.length) threads[location.search] = turns;
    const newest = Object.entries(threads).slice(-MOST_THREADS);
    try { sessionStorage.setItem(NAME, JSON.stringify(Object.fromEntries(newest))); } catch { /* storage is blocked or full */ }
  };

  // Read the answer that is shown.
  const sourceOf = (link) => ({
    document: link.dataset.document, start: link.dataset.start, end: link.dataset.end, label: link.ariaLabel, name: link.textContent,
  });
  const sentenceOf = (said) => ({ text: find(".p-words", said)?.textContent || "", sources: all(".p-cite", said).map(sourceOf) });
  const read = () => {
    const question = find("#results .p-printed")?.textContent.trim();
    if (!question || find('#results [aria-busy="true"]')) return null;
    const status = find("#results .p-unsure") ? "unsure" : find("#results .p-answered") ? "answered" : "none";
    const said = all("#results .p-answered .p-said");
    return { question, status, link: permalink({ ...currentQuery(), question }).search, sentences: said.map(sentenceOf) };
  };

  // Draw the earlier turns.
  const element = (name, properties, ...children) => {
    const node = Object.assign(document.createElement(name), properties);
    node.append(...children);
    return node;
  };
  const citation = ({ document: id, start, end, label, name }) => {
    const link = element("a", { className: "p-cite", href: `d/${id}#${start}-${end}`, textContent: name, ariaLabel: label });
    Object.assign(link.dataset, { act: "source", document: id, start, end, place: label.replace(/^[^:]*: /, "") });
    return link;
  };
  const section = (turn) => {
    const link = element("a", { href: `${location.pathname}${turn.link}`, textContent: turn.question, dir: "auto" });
    const said = turn.sentences.flatMap(({ text, sources }) => [element("span", { className: "p-words", textContent: text }), ...sources.map(citation), " "]);
    const words = said.length ? element("p", { dir: "auto" }, ...said) : element("p", { className: "p-hint", textContent: `${texts.NO_ANSWER}.` });
    const doubt = turn.status === "unsure" ? [element("p", { className: "p-hint", textContent: `${texts.MAY_BE}:` })] : [];
    return element("section", { className: "p-turn", ariaLabel: "Earlier question" }, element("h2", {}, link), ...doubt, words);
  };
  const draw = () => find("#thread [data-own]")?.replaceChildren(...turns.map(section));

  const end = () => {
    turns = [];
    present = null;
    moves = "";
    followed = false;
    draw();
  };

  // A question is sent: return its earlier questions for the server.
  const sent = (query) => {
    if (window.pincite.isReturning) {
      turns = stored()[location.search] || [];
      moves = "stays";
      followed = true;
    } else if (!moves) {
      present = read();
      moves = present ? "up" : "stays";
    }
    if (followed && moves === "up") { turns = [...turns, present].slice(-MOST_TURNS); moves = "stays"; }
    draw();
    if (!query.question) return "";
    const earlier = moves === "up" ? [...turns, present] : turns;
    return JSON.stringify(earlier.slice(-MOST_SENT).map((turn) => turn.question));
  };

  // The answer has come: its link holds the whole question, and the turn before it moves up if the thread goes on.
  const complete = (asked, question) => {
    const url = permalink({ ...currentQuery(), question });
    history.replaceState(history.state, "", url);
    acceptUrl();
    updateTitle();
    const area = find("#question textarea");
    if (area && area.value.trim() === asked) {
      area.value = question;
      area.dispatchEvent(new Event("input", { bubbles: true }));
    }
    const past = storage.get("asked", []);
    const at = past.findIndex((query) => query.question === asked);
    if (at >= 0) storage.set("asked", past.with(at, { ...past[at], question }));
  };
  const arrive = () => {
    const understood = find("#results .p-understood");
    const isFollowUp = Boolean(understood) || followed;
    if (moves === "up" && isFollowUp) turns = [...turns, present].slice(-MOST_TURNS);
    else if (moves === "up") turns = [];
    if (understood) complete(understood.dataset.asked, find(".p-whole", understood).textContent);
    present = null;
    moves = "";
    followed = false;
    draw();
    store();
    if (turns.length && isFollowUp) find("#results").scrollIntoView({ block: "start" });
  };
  let arrived = ""; // the mark of the last answer
  const notice = () => {
    const mark = find("#results [data-for]")?.dataset.for;
    const isDone = mark && mark !== arrived && !find('#results [aria-busy="true"]') && !document.documentElement.dataset.waiting
      && find("#results section");
    if (!isDone) return;
    arrived = mark;
    if (mark === "load" && !moves) turns = stored()[location.search] || [];
    arrive();
  };
  new MutationObserver(notice).observe(document.documentElement, {
    childList: true, subtree: true, attributes: true, attributeFilter: ["data-for", "data-waiting"],
  });

  document.addEventListener("focusin", (event) => {
    if (event.target.matches("[data-follow] input")) event.target.maxLength = find("#question textarea").maxLength;
  });
  document.addEventListener("submit", (event) => {
    if (!event.target.matches?.("[data-follow]")) return;
    event.preventDefault();
    const box = find("input", event.target);
    const question = box.value.trim();
    if (!question) { box.focus(); return; }
    followed = true;
    box.value = "";
    ask(question);
  });
  actions.editQuestion = () => {
    present = read();
    moves = present ? "stays" : "";
    followed = true;
    const area = find("#question textarea");
    area.focus();
    area.select();
    area.scrollIntoView({ block: "center" });
  };
  actions.newQuestion = () => {
    end();
    moves = "stays";
    document.documentElement.dataset.waiting = "new"; // The answer above would not be that of the next question.
    history.pushState(null, "", permalink({ question: "", documents: [] }));
    acceptUrl();
    updateTitle();
    const area = find("#question textarea");
    area.value = "";
    area.dispatchEvent(new Event("input", { bubbles: true }));
    scrollTo({ top: 0 });
    area.focus();
    say(texts.NEW_QUESTION);
  };
  window.pincite.thread = { end, sent };
})();
