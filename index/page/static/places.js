"use strict";
// A place in a document, {document, start, end, n}: read from the page and the URL; its content comes from the server. In the URL
// it is #d=DOCUMENT:START-END; a link to it is d/DOCUMENT#START-END, which redirects to ?d=DOCUMENT#START-END.
(() => {
  const { all, find, texts } = window.pincite;
  const WHOLE = { start: null, end: null }; // The whole document.

  const shortId = (id) => (/^[0-9a-f]{64}$/.test(id) ? id.slice(0, 12) : id);
  const span = ({ start, end }) => (start === null ? "" : `${start}-${end}`);
  const urlParts = (place) => [encodeURIComponent(shortId(place.document)), span(place)].filter(Boolean);
  const isSame = (a, b) => shortId(a.document) === shortId(b.document) && span(a) === span(b);

  // Return the place of a citation, a card, a row of the library, or a badge of the map.
  const of = ({ dataset }) => {
    const card = dataset.document ? null : find(`.p-card[data-n="${CSS.escape(dataset.n || "")}"]`);
    const { document: id, start, end, n } = card?.dataset || dataset;
    return { document: id, n, ...(start === end ? WHOLE : { start: Number(start), end: Number(end) }) };
  };
  const read = () => {
    const linked = new URLSearchParams(location.search).get("d");
    const [, id, start, end] = (linked ? /^()#(\d+)-(\d+)$/ : /^#d=([^:]+)(?::(\d+)-(\d+))?$/).exec(location.hash) || [];
    try {
      const document = linked || decodeURIComponent(id || "");
      return document ? { document, ...(start ? { start: Number(start), end: Number(end) } : WHOLE) } : null;
    } catch { return null; } // An invalid percent sign.
  };

  const link = (place) => new URL(`d/${urlParts(place).join("/")}`, document.baseURI).href;

  // Load the content: a fragment that the server has escaped, or a problem. Its image URLs are relative to the fragment.
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
  // Load the blocks of text before or after the shown ones.
  const EARLIER = 4000; // Characters by which the previous window starts earlier.
  const more = async (place, blocks, back, signal) => {
    const at = Number(back ? blocks[0].dataset.start : blocks.at(-1).dataset.end);
    const from = back ? Math.max(0, at - EARLIER) : at;
    const { view, problem } = await fetchView({ ...place, start: from, end: from }, signal);
    if (!view) throw problem;
    const fresh = [];
    let pending = []; // The label of a page belongs to the page's first block.
    for (const node of find(".p-text", view).children) {
      pending.push(node);
      if (!node.dataset.start) continue;
      if (back ? node.dataset.end <= at : node.dataset.start >= at) fresh.push(...pending);
      pending = [];
    }
    return { fresh, hasMore: fresh.length > 0 && (back ? "before" : "after") in view.dataset };
  };
  const SILENCE = {
    title: texts.SILENT,
    hint: `It may be restarting, or the connection is lost. ${texts.TRY_LATER}`,
    again: true,
  };
  const problemOf = async (response) => {
    const problem = await response.json().catch(() => ({}));
    const hint = [problem.detail, problem.hint].filter(Boolean).join(" ");
    if (response.status === 404) return {
      title: texts.NOT_IN_LIBRARY,
      hint: "It was removed, or replaced by another version. Ask again to get an answer from the current documents.",
    };
    if (response.status < 500) return { title: problem.title || "This source cannot be shown", hint };
    return { title: "The server could not show this source", hint: hint || texts.TRY_LATER, again: true };
  };

  // An opened source makes an entry of the history, so that Back closes it; further ones take its place, and one that comes back
  // with its section makes none.
  const rewrite = (method, state, hash) => {
    const url = new URL(location.href);
    url.searchParams.delete("d");
    url.hash = hash;
    history[method](state, "", hash ? url : url.href.replace(/#$/, ""));
    window.pincite.acceptUrl();
  };
  const remember = (place, isBack, section) => {
    const push = !isBack && !read();
    const state = { ...(push ? { source: true } : history.state), section };
    rewrite(push ? "pushState" : "replaceState", state, `d=${urlParts(place).join(":")}`);
  };
  const home = () => history.state?.section || "ask"; // The section of the page in which the source of this URL was opened.
  const forget = (back) => {
    if (back && history.state?.source) history.back();
    else if (read()) rewrite("replaceState", { ...history.state, source: false }, "");
  };

  window.pincite.places = { fetch: fetchView, forget, home, isSame, link, more, of, read, remember };
})();
