"use strict";
// A place in a document, {document, start, end, n}: on the page, in the address, and what stands there. In the address
// it is #d=DOCUMENT:START-END; a link to it is d/DOCUMENT#START-END, which leads to ?d=DOCUMENT#START-END.
(() => {
  const { all, find } = window.pincite;
  const WHOLE = { start: null, end: null }; // No place in it, but the document.

  const short = (id) => (/^[0-9a-f]{64}$/.test(id) ? id.slice(0, 12) : id);
  const span = ({ start, end }) => (start === null ? "" : `${start}-${end}`);
  const named = (place) => [encodeURIComponent(short(place.document)), span(place)].filter(Boolean);
  const same = (a, b) => short(a.document) === short(b.document) && span(a) === span(b);

  // What a citation, a card or a row of the library names; a badge of the map, which names its card.
  const of = ({ dataset }) => {
    const card = dataset.document ? null : find(`.p-card[data-n="${CSS.escape(dataset.n || "")}"]`);
    const { document: id, start, end, n } = card?.dataset || dataset;
    return { document: id, n, ...(start === end ? WHOLE : { start: Number(start), end: Number(end) }) };
  };
  const read = () => {
    const led = new URLSearchParams(location.search).get("d");
    const [, id, start, end] = (led ? /^()#(\d+)-(\d+)$/ : /^#d=([^:]+)(?::(\d+)-(\d+))?$/).exec(location.hash) || [];
    try {
      const document = led || decodeURIComponent(id || "");
      return document ? { document, ...(start ? { start: Number(start), end: Number(end) } : WHOLE) } : null;
    } catch { return null; } // A stray per cent sign.
  };

  const link = (place) => new URL(`d/${named(place).join("#")}`, document.baseURI).href;

  // What stands there: a fragment that the server has escaped, or a problem. It names its images relative to itself.
  const fetchView = async ({ document: id, start, end }, signal) => {
    try {
      const query = `start=${start || 0}&end=${end || 0}`;
      const response = await fetch(`v1/documents/${encodeURIComponent(id)}/view?${query}`, { signal });
      if (!response.ok) return { problem: await problemOf(response) };
      const template = document.createElement("template");
      template.innerHTML = await response.text();
      for (const image of all("img", template.content)) image.src = new URL(image.getAttribute("src"), response.url);
      return { view: find(".p-view", template.content), problem: SILENCE };
    } catch { return { problem: SILENCE }; }
  };
  const SILENCE = {
    title: "The server does not answer",
    hint: "It may be starting anew, or the connection is gone. Try again in a moment.",
    again: true,
  };
  const problemOf = async (response) => {
    const told = await response.json().catch(() => ({}));
    const hint = [told.detail, told.hint].filter(Boolean).join(" ");
    if (response.status === 404) return {
      title: "This document is not in the library",
      hint: "It was removed, or replaced by another version. Ask again, to be answered from what is there now.",
    };
    if (response.status < 500) return { title: told.title || "This source cannot be shown", hint };
    return { title: "The server could not show this source", hint: hint || "Try again in a moment.", again: true };
  };

  // Where the source lies above everything, the way back closes it; beside an answer it leads to the former question.
  const rewrite = (how, state, hash) => {
    const url = new URL(location.href);
    url.searchParams.delete("d");
    url.hash = hash;
    history[how](state, "", hash ? url : url.href.replace(/#$/, ""));
    window.pincite.settle();
  };
  const remember = (place, above) => {
    const push = above && !read();
    rewrite(push ? "pushState" : "replaceState", push ? { source: true } : history.state, `d=${named(place).join(":")}`);
  };
  const forget = (back) => {
    if (back && history.state?.source) history.back();
    else if (read()) rewrite("replaceState", null, "");
  };

  window.pincite.places = { fetch: fetchView, forget, link, of, read, remember, same };
})();
