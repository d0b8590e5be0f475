// Starts the page: loads the index, and shows what the address asks for, now and whenever it changes.
import { questionWords } from "./analysis.js";
import { makeAddress, readAddress } from "./address.js";
import { counted, isolated, make } from "./dom.js";
import { loadEncoder } from "./encoder.js";
import { checked, loadIndex } from "./index-file.js";
import { Ranking } from "./ranking.js";
import { coverage, passagesFound, preparedAnswer, views } from "./results.js";
import { showOnMap } from "./map.js";
import { closeSource, openSource } from "./viewer.js";

const HITS = 10;
const LOST = "The document of this link is not on this page.";
const results = document.getElementById("results");
const field = document.getElementById("question");
const say = (text) => (document.getElementById("status").textContent = text);
let shown = "";
let turns = 0;
let addressed = ""; // The question of the address that is in the field; what was typed since then stays.

// A question may be asked before the index is there: it is then in the address.
field.form.addEventListener("submit", (event) => {
  event.preventDefault();
  location.hash = makeAddress({ question: field.value.trim() });
});
field.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  field.form.requestSubmit();
});

async function start() {
  const [index, answers] = await Promise.all([loadIndex(), fetch("answers.json").then(checked).then((r) => r.json())]);
  const site = { index, ranking: new Ranking(index), answers: new Map(answers.map((answer) => [key(answer.question), answer])), means: "words" };
  document.getElementById("documents").replaceChildren(...documentList(index));
  addEventListener("hashchange", () => show(site));
  await show(site);
}

/** Two spellings of a question are one question. */
const key = (question) => question.toLowerCase().replace(/[\s?.!]+/g, " ").trim();

async function show(site, { again = false } = {}) {
  const asked = readAddress(site.index.documents);
  const wanted = JSON.stringify([asked.question, asked.view]);
  if (wanted !== shown) {
    shown = wanted;
    if (asked.question !== addressed) field.value = addressed = asked.question;
    document.documentElement.classList.toggle("asked", Boolean(asked.question));
    const turn = ++turns;
    const [content, found] = await contentFor(site, asked);
    if (turn !== turns) return; // The reader has asked something else meanwhile, or the encoder has ranked again.
    if (again && isInUse()) return;
    results.replaceChildren(...content.flat().filter(Boolean));
    showOnMap(site.index, found);
    if (site.means !== "words") setMeans(site, site.means); // It may have changed meanwhile.
    document.title = asked.question ? `${asked.question} · ${site.index.title}` : site.index.title;
  }
  if (asked.document === undefined) closeSource();
  else await openSource(site.index, asked.document, asked.span, makeAddress(asked));
  if (asked.isLost) say(LOST);
}

/** Return what the page shows, and the passages found, which the map shows. */
async function contentFor(site, asked) {
  if (!asked.question) {
    return [[examples(site), asked.isLost ? make("p", { class: "note" }, LOST) : null], []];
  }
  const { question, view } = asked;
  const answer = site.answers.get(key(question));
  const choice = views(asked, answer ? "Answer" : "Passages");
  if (view === "coverage") {
    const hits = site.ranking.cover(question);
    improve(site);
    say(`${counted(hits.length, "document")} mention the subject.`);
    return [[choice, meansLine(site), await coverage(site.index, question, hits)], hits.map(({ passage }) => passage)];
  }
  if (answer) {
    say(`${site.index.texts.ANSWER_READY}. ${counted(answer.citations.length, "source")}.`);
    return [[choice, await preparedAnswer(site.index, question, answer)], answer.status === "abstained" ? [] : answer.passages];
  }
  const found = site.ranking.search(question, HITS);
  improve(site);
  say(found.isNear ? `${counted(found.hits.length, "passage")} found.` : "Nothing near was found.");
  const absent = questionWords(question).filter((word) => site.ranking.isAbsent(word, question));
  const shown = found.isNear ? found.hits : found.hits.slice(0, 1);
  const passages = await passagesFound(site.index, question, { ...found, absent });
  return [[choice, meansLine(site), passages], shown.map(({ passage }) => passage)];
}

function examples({ answers, index: { texts } }) {
  if (!answers.size) return null;
  return make("section", { class: "examples", "aria-labelledby": "h-examples" },
    make("h2", { class: "eyebrow", id: "h-examples" }, texts.EXAMPLES),
    make("ul", {}, [...answers.values()].map(({ question }) =>
      make("li", {}, make("a", { href: makeAddress({ question }), dir: "auto" }, question)))));
}

function documentList({ documents }) {
  return [
    make("h2", { class: "eyebrow" }, counted(documents.length, "document")),
    make("ul", {}, documents.map((info) => make("li", {},
      make("a", { href: makeAddress({ info }) }, isolated(info.name)),
      info.date ? make("span", { class: "year" }, info.date.slice(0, 4)) : null))),
  ];
}

const MEANS = {
  words: "Ranked by words and their vectors.",
  loading: "A first ranking. The library’s encoder (18 MB) is loading, and then ranks again.",
  encoder: "Ranked with the library’s own encoder.",
  failed: "Ranked by words and their vectors: the library’s encoder could not be loaded.",
};

/** Return a line that says how the passages were ranked; it has a button for visitors who save data. */
function meansLine(site) {
  const line = make("p", { class: "means", id: "means" }, MEANS[site.means]);
  if (!site.index.hasEncoder || site.means !== "words") return line;
  const button = make("button", { type: "button", class: "link" }, "Load the library’s encoder (18 MB)");
  button.addEventListener("click", () => load(site));
  line.append(" ", button);
  return line;
}

/** Load the encoder after the first question, unless the visitor saves data or the connection is slow. */
function improve(site) {
  const { saveData, effectiveType } = navigator.connection ?? {};
  const isSlow = saveData || /2g|3g/.test(effectiveType ?? "");
  if (site.index.hasEncoder && site.means === "words" && !isSlow) load(site);
}

async function load(site) {
  setMeans(site, "loading");
  try {
    site.ranking.encoder = await loadEncoder();
  } catch {
    setMeans(site, "failed");
    return;
  }
  setMeans(site, "encoder");
  if (isInUse()) return;
  shown = "";
  await show(site, { again: true });
}

/** What is being read does not move: the next question is ranked with the encoder. */
const isInUse = () => results.contains(document.activeElement) || document.getElementById("viewer").open;

function setMeans(site, means) {
  site.means = means;
  document.documentElement.dataset.means = means;
  document.getElementById("means")?.replaceChildren(MEANS[means]);
}

/** Keep the files of the site in the browser, where it allows that, so that the page works offline. */
function keepForOffline() {
  if (!navigator.serviceWorker) return;
  const policy = window.trustedTypes?.createPolicy("worker", { createScriptURL: () => "worker.js" });
  navigator.serviceWorker.register(policy ? policy.createScriptURL("") : "worker.js").catch(() => {}); // It works online.
}

try {
  await start();
} catch (error) {
  results.replaceChildren(make("p", { class: "problem" }, `The page could not load its files: ${error.message}. Reload it to try again.`));
  throw error;
}
keepForOffline();
