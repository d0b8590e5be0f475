"use strict";
// What the reader has kept: in this browser, or on a server with accounts in the library's folder. Every change reads the
// newest state first, and items are merged by id and revision, so that two tabs lose nothing of each other's.
(() => {
  const { find, texts } = window.pincite;
  const NAME = `pincite.kept:${new URL(".", document.baseURI).pathname}`; // Several libraries may share an origin.
  const BLOCKED = "This browser stores nothing for this page: what you keep lasts until you close it.";
  const OFFLINE = `Not stored yet. ${texts.UNREACHABLE}.`;

  let where = document.documentElement.dataset.role ? "server" : "browser"; // or "memory", if the browser stores nothing
  let memory = []; // the items, unless they are in the browser's storage
  let problem = ""; // why something is not stored, in words
  const unsent = new Map(); // changes that the server does not have yet, by id
  const channel = "BroadcastChannel" in window ? new BroadcastChannel(NAME) : null;

  // Storage belongs to the reader, and may hold anything.
  const isQuote = (quote) => ["document", "source", "title", "author", "date", "page", "heading", "quote"]
    .every((name) => typeof quote?.[name] === "string") && Number.isInteger(quote.start) && Number.isInteger(quote.end);
  const isSentence = (sentence) => typeof sentence?.text === "string" && Array.isArray(sentence.quotes);
  const isItem = (item) => typeof item?.id === "string" && Number.isInteger(item.revision) && Number.isFinite(item.position)
    && typeof item.question === "string" && typeof item.note === "string"
    && Array.isArray(item.quotes) && item.quotes.every(isQuote)
    && Array.isArray(item.sentences) && item.sentences.every(isSentence) && (item.removed || item.quotes.length > 0);
  const parsed = (text) => {
    try { return JSON.parse(text || "[]").filter(isItem); } catch { return []; }
  };

  const everything = () => {
    if (where !== "browser") return memory;
    try { return parsed(localStorage.getItem(NAME)); } catch { where = "memory"; problem = BLOCKED; return memory; }
  };
  const live = () => everything().filter((item) => !item.removed)
    .sort((a, b) => a.position - b.position || (a.id < b.id ? -1 : 1));
  const announce = () => document.dispatchEvent(new CustomEvent("pincite:kept"));

  const limits = () => find("#tray")?.dataset || {};
  const requireRoom = (items, text) => {
    const { most, bytes, full, heavy } = limits();
    if (items.filter((item) => !item.removed).length > most) throw new Error(full);
    if (new Blob([text]).size > bytes) throw new Error(heavy);
  };
  const write = (items) => {
    const removed = items.filter((item) => item.removed).slice(-limits().removed);
    const kept = [...items.filter((item) => !item.removed), ...removed];
    const text = JSON.stringify(kept);
    requireRoom(kept, text);
    if (where === "browser") {
      try { localStorage.setItem(NAME, text); return; } catch (error) {
        if (error.name === "QuotaExceededError") throw new Error("This browser has no room for more. Export what you kept, and remove some.");
        where = "memory";
        problem = BLOCKED;
      }
    }
    memory = kept;
  };

  // Change items: `edit` gets them by id and returns those that it has changed, each with a higher revision. Throws an
  // error with a message for the reader if there is no room; then nothing has changed.
  const change = (edit) => {
    const items = new Map(everything().map((item) => [item.id, item]));
    const changed = edit(items);
    for (const item of changed) { items.delete(item.id); items.set(item.id, item); }
    write([...items.values()]);
    announce();
    if (where === "server") send(changed);
  };

  const request = async (path, options = {}) => {
    const answer = await fetch(path, { cache: "no-store", ...options, headers: { "X-Pincite": "page" } });
    if (answer.status === 401) window.pincite.signedOut?.();
    if (answer.ok) return answer;
    const { message, detail, hint } = await answer.json().catch(() => ({})); // `detail` is that of a problem document
    throw Object.assign(new Error([message || detail, hint].filter(Boolean).join(" ") || `${texts.FAILED}. ${texts.TRY_LATER}`), { isAnswer: true });
  };
  const post = (path, items) => request(path, { method: "POST", body: JSON.stringify(items) });

  // On a server: the items are the server's, and above them the changes that it does not have yet.
  const accept = ({ stored, items }) => {
    if (!stored) { where = "browser"; return; } // The library's folder is read-only.
    const merged = new Map(items.filter(isItem).map((item) => [item.id, item]));
    for (const item of unsent.values()) if (!(merged.get(item.id)?.revision >= item.revision)) merged.set(item.id, item);
    memory = [...merged.values()];
  };
  const talk = async (ask) => {
    try {
      accept(await (await ask()).json());
      if (!unsent.size) problem = ""; // what is still to be sent is not stored, although the server can be reached again
      return true;
    } catch (error) {
      problem = error.isAnswer ? error.message : OFFLINE;
      return false;
    } finally { announce(); }
  };
  const send = async (changed = []) => {
    for (const item of changed) unsent.set(item.id, item);
    const sent = [...unsent.values()];
    if (!sent.length) return;
    const done = await talk(async () => {
      const answer = await post("page/kept", sent);
      for (const item of sent) if (unsent.get(item.id) === item) unsent.delete(item.id);
      return answer;
    });
    if (done) channel?.postMessage("changed");
  };
  const refresh = async () => {
    if (where !== "server") { announce(); return; }
    await talk(() => request("page/kept"));
    if (unsent.size) await send();
  };
  const forget = async () => {
    if (where === "server") {
      unsent.clear();
      if (await talk(() => request("page/kept/forget", { method: "POST" }))) channel?.postMessage("changed");
      return;
    }
    memory = [];
    try { localStorage.removeItem(NAME); } catch { /* nothing is stored */ }
    announce();
  };

  addEventListener("storage", (event) => { if (event.key === NAME || event.key === null) announce(); });
  channel?.addEventListener("message", refresh);
  document.addEventListener("visibilitychange", () => { if (!document.hidden && where === "server") refresh(); });
  if (where === "server") refresh();

  window.pincite.kept = {
    change, everything, forget, live, post, refresh, get where() { return where; }, get problem() { return problem; },
  };
})();
