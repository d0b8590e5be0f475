"use strict";
// The Library tab. Long work is a job on the server, which this page only polls: after a reload it finds its jobs by
// their stored ids. The routes under page/ return rendered fragments, which go into elements that Gradio does not patch.
(() => {
  const { actions, all, changed, find, kept, say, toast } = window.pincite;
  const root = document.documentElement;
  const base = new URL("../", document.currentScript.src);
  const MOST_KEPT = 20;
  const PACE = { working: 700, others: 2000, idle: 3000, lost: 10000 };
  const LIST_PACE = 2000;
  const PAGE_PACE = { busy: 10000, idle: 2000 }; // for the view of the library outside the list, which is slower to draw and less urgent

  // The header proves that the request is from this page: a form on another site cannot send it.
  const call = async (path, options = {}) => {
    const headers = { "X-Pincite": "page" };
    const response = await fetch(new URL(`page/${path}`, base), { ...options, headers });
    if (!response.ok && !response.headers.get("Content-Type")?.startsWith("text/html")) throw new Error(response.status);
    return { job: response.headers.get("X-Job"), text: await response.text() };
  };
  const SILENCE = "The server does not answer. Try again in a moment.";
  const tried = async (work) => { try { await work(); } catch { toast(SILENCE); } };
  const post = (path, values = {}) => call(path, { method: "POST", body: new URLSearchParams(values) });

  // This browser's jobs, newest first. If storage is blocked, they last until the page is closed.
  let unsaved = [];
  const mine = () => kept.get("jobs", unsaved);
  const keep = (ids) => { unsaved = ids.slice(0, MOST_KEPT); kept.set("jobs", unsaved); };

  // Update in place: existing nodes keep their focus and open state. Rows are matched by data-key; a node with data-own
  // belongs to other code and is skipped.
  const LEFT_ALONE = new Set(["open", "aria-busy"]);
  const adopt = (old, fresh) => {
    for (const { name } of [...old.attributes])
      if (!LEFT_ALONE.has(name) && !fresh.hasAttribute(name)) old.removeAttribute(name);
    for (const { name, value } of fresh.attributes)
      if (!LEFT_ALONE.has(name) && old.getAttribute(name) !== value) old.setAttribute(name, value);
    if (!old.hasAttribute("data-own")) mend(old, fresh);
  };
  const mend = (old, fresh) => {
    const keyed = new Map([...old.children].filter((node) => node.dataset.key).map((node) => [node.dataset.key, node]));
    let at = old.firstChild;
    for (const node of [...fresh.childNodes]) {
      const key = node.dataset?.key;
      const match = key ? keyed.get(key) : at && !at.dataset?.key && at.nodeName === node.nodeName ? at : null;
      if (!match) { old.insertBefore(node, at); continue; }
      if (match === at) at = at.nextSibling; else old.insertBefore(match, at);
      if (match.nodeType !== Node.ELEMENT_NODE) { if (match.data !== node.data) match.data = node.data; }
      else adopt(match, node);
    }
    while (at) { const next = at.nextSibling; at.remove(); at = next; }
  };
  const redraw = (place, html) => {
    const held = place.contains(document.activeElement) ? document.activeElement : null;
    const row = held?.parentElement.closest("[data-key]");
    const beside = row?.nextElementSibling || row?.previousElementSibling;
    const fresh = document.createElement("template");
    fresh.innerHTML = html;
    mend(place, fresh.content);
    if (!held || document.activeElement === held) return;
    // If the focused node was moved or removed, focus its counterpart in the next row, else the heading.
    const like = beside?.isConnected && find(`[data-act="${held.dataset.act}"]`, beside);
    const heir = held.isConnected ? held : like || find("[tabindex='-1']", place) || place;
    heir.focus({ preventScroll: true });
  };

  // The list.
  const wish = { words: "", column: "name", falling: "", page: "1" };
  const going = new Set(); // documents that are being removed
  let asked = 0;
  const showShelf = async () => {
    const place = find("#p-shelf");
    if (!place) return;
    const turn = ++asked;
    const { text } = await call(`documents?${new URLSearchParams(wish)}`);
    if (turn !== asked) return;
    redraw(place, text);
    const { documents, column, page } = find(".p-shelf", place)?.dataset || {};
    if (!documents) return;
    Object.assign(wish, { column, page });
    find(".p-finder").hidden = Number(documents) <= Number(place.dataset.few);
    find("#p-order").value = column;
    for (const row of all("tr[data-key]", place)) row.setAttribute("aria-busy", String(going.has(row.dataset.key)));
  };
  const turnTo = (changes) => { Object.assign(wish, changes); return tried(showShelf); };
  Object.assign(actions, {
    sort: (target) => turnTo({ column: target.dataset.column, falling: target.dataset.falling, page: "1" }),
    turn: async (target) => {
      await turnTo({ page: target.dataset.page });
      const heading = find("#h-shelf");
      heading.focus({ preventScroll: true });
      heading.scrollIntoView({ block: "start" });
      say(`Documents ${find(".p-pager span").textContent}`);
    },
  });
  let typing;
  document.addEventListener("input", (event) => {
    if (event.target.id !== "p-filter") return;
    clearTimeout(typing);
    typing = setTimeout(async () => {
      await turnTo({ words: event.target.value, page: "1" });
      const { matched } = find(".p-shelf")?.dataset || {};
      if (matched) say(`${matched} found`);
    }, 200);
  });
  document.addEventListener("change", (event) => {
    if (event.target.id === "p-order") turnTo({ column: event.target.value, falling: "", page: "1" });
  });

  // Removing.
  let doomed = "";
  const show = (html, place = find("#p-outcome")) => {
    if (!place) return;
    redraw(place, html);
    const { tell, say: said } = find("[data-tell], [data-say]", place)?.dataset || {};
    // In a long list, the message above it is out of view.
    if (tell || said) (place.getBoundingClientRect().bottom < 0 ? toast : say)(tell || said);
  };
  const failed = (place) => show(`<p class="p-lead">${SILENCE}</p>`, place);
  Object.assign(actions, {
    remove: (target) => {
      doomed = target.dataset.id;
      find("#removal-name").textContent = target.dataset.name;
      find("#removal").showModal();
    },
    keep: () => find("#removal").close(), // The browser returns the focus to the button.
    removing: async () => {
      const identity = doomed;
      find("#removal").close();
      going.add(identity);
      find(`tr[data-key="${CSS.escape(identity)}"]`)?.setAttribute("aria-busy", "true");
      try {
        show((await call(`documents/${identity}`, { method: "DELETE" })).text);
      } catch {
        failed();
      }
      going.delete(identity);
      await tried(showShelf);
      poll();
    },
    clear: () => { find("#p-outcome").replaceChildren(); find("#h-shelf")?.focus({ preventScroll: true }); },
  });

  // Refuse a file that is too large before it is sent, with a reason; Gradio would show "Error" and stop the other files,
  // too.
  const refuse = (large) => {
    const problem = find("#p-too-large").content.cloneNode(true);
    const named = large.map((file) => file.name).join(", ");
    find("bdi", problem).textContent = named;
    find("#p-outcome").replaceChildren(problem);
    say(`Too large to be added: ${named}`);
  };
  let sifting = false;
  const sift = (event, files) => {
    const most = Number(find("#p-too-large")?.dataset.bytes);
    const large = files.filter((file) => file.size > most);
    if (!large.length) { if (!sifting) find("#p-outcome")?.replaceChildren(); return; }
    event.preventDefault();
    event.stopImmediatePropagation();
    const rest = new DataTransfer();
    for (const file of files) if (!large.includes(file)) rest.items.add(file);
    const input = find("#files input[type=file]");
    input.files = rest.files;
    sifting = true;
    if (rest.files.length) input.dispatchEvent(new Event("change", { bubbles: true }));
    sifting = false;
    refuse(large);
  };
  document.addEventListener("change", (event) => {
    if (event.target.matches?.("#files input")) sift(event, [...event.target.files]);
  }, true);
  document.addEventListener("drop", (event) => {
    if (!event.target.closest?.("#files")) return;
    sift(event, [...event.dataTransfer.files]);
    // Gradio does not see this drop and would keep its drag-over style.
    if (event.defaultPrevented) event.target.dispatchEvent(new DragEvent("dragleave", { bubbles: true }));
  }, true);

  // Uploads.
  const told = new Map(); // the announced state of each job
  const announce = (place) => {
    for (const { dataset } of all("[data-state]", place)) {
      const { job, state, tell } = dataset;
      // Do not announce jobs that ended before this page was opened.
      if (told.get(job) !== state && (told.has(job) || "running" in dataset)) say(tell);
      told.set(job, state);
    }
  };
  let looked = 0;
  const showJobs = async () => {
    const place = find("#p-jobs");
    if (!place) return;
    const look = ++looked;
    const { text } = await call(`jobs?mine=${mine()}`);
    if (look !== looked) return; // A newer request is running.
    redraw(place, text);
    announce(place);
  };
  const listeners = []; // batch.js adds one
  const showAll = () => Promise.all([showJobs(), ...listeners.map((listener) => listener())]);
  const known = new Set(mine()); // Jobs that this page already follows.
  const watch = (job) => {
    if (!job) return;
    known.add(job);
    keep([job, ...mine().filter((id) => id !== job)]);
    told.set(job, "");
    poll();
  };
  Object.assign(actions, {
    cancel: async (target) => {
      const { job, file } = target.dataset;
      const place = find(target.closest("#batch") ? "#p-batch-outcome" : "#p-outcome");
      try { show((await post(`jobs/${job}/cancel`, file ? { file } : {})).text, place); } catch { failed(place); }
      poll();
    },
    dismiss: async (target) => {
      keep(mine().filter((id) => id !== target.dataset.job));
      const heirs = target.closest("#batch") ? ["#p-batches summary", "#p-questions"] : ["#p-jobs h2", "#h-shelf"];
      await tried(showAll);
      heirs.map((heir) => find(heir)).find(Boolean)?.focus({ preventScroll: true });
    },
  });

  // Forms: web address, folder, questions. Each starts a job or shows an error.
  document.addEventListener("submit", async (event) => {
    const form = event.target.closest?.("form[data-send]");
    if (!form) return;
    event.preventDefault();
    if (form.getAttribute("aria-busy") === "true") return;
    form.setAttribute("aria-busy", "true");
    const place = find(form.dataset.answer || "#p-outcome");
    try {
      const { job, text } = await post(form.dataset.send, new FormData(form));
      show(text, place);
      if (job) { watch(job); if (!form.hasAttribute("data-keep")) form.reset(); }
    } catch {
      failed(place);
    }
    form.removeAttribute("aria-busy");
  });

  // Changes by others are found by polling a small state every few seconds while the page is visible. An open stream
  // would permanently use one of the six connections that a browser opens to a host.
  const seen = { generation: null, jobs: null };
  const due = { list: false, page: false, jobs: false };
  const last = { list: 0, page: 0 };
  const busyAsking = () => Boolean(find(".p-searching, #pills :focus, #listed :focus"));
  const catchUp = async (pagePace) => {
    const now = performance.now();
    if (due.jobs) { await showAll(); due.jobs = false; }
    if (due.list && now - last.list > LIST_PACE) { await showShelf(); due.list = false; last.list = now; }
    if (due.page && now - last.page > pagePace && !busyAsking()) { changed(); due.page = false; last.page = now; }
  };
  let timer;
  let polling = false;
  let again = false;
  const ask = async () => {
    const before = mine();
    const state = JSON.parse((await call(`state?mine=${before}`)).text);
    const isNews = seen.generation !== null && state.generation !== seen.generation;
    due.list ||= isNews;
    due.page ||= isNews;
    due.jobs ||= state.jobs !== seen.jobs;
    Object.assign(seen, { generation: state.generation, jobs: state.jobs });
    state.begun.filter((id) => !known.has(id)).forEach(watch); // The event with its id was lost.
    const forgotten = before.filter((id) => !state.known.includes(id));
    if (forgotten.length) keep(mine().filter((id) => !forgotten.includes(id)));
    const busy = state.working || state.others;
    await catchUp(busy ? PAGE_PACE.busy : PAGE_PACE.idle);
    if (state.working || due.list || (due.page && !busy)) return "working";
    return state.others ? "others" : "idle";
  };
  const poll = async () => {
    if (polling) { again = true; return; }
    clearTimeout(timer);
    polling = true;
    let pace = "lost";
    try { if (!document.hidden) pace = await ask(); } catch { /* The server is unreachable: poll less often. */ }
    polling = false;
    root.toggleAttribute("data-lost", pace === "lost" && !document.hidden);
    if (again) { again = false; poll(); } else if (!document.hidden) timer = setTimeout(poll, PACE[pace]);
  };
  document.addEventListener("visibilitychange", poll);

  // Detect new markup of Gradio: a tab, which is created when it is first opened and is filled then; and the mark of an
  // upload's job. A chained event would not be reliable: Gradio's client (6.31) may lose one of two events in quick
  // succession.
  let filling = false;
  let begun = "";
  const fill = async () => {
    filling = true;
    try { await Promise.all([showShelf(), showJobs()]); } catch { /* The next poll fills it. */ }
    filling = false;
  };
  new MutationObserver(() => {
    if (!filling && find("#p-shelf:empty")) fill();
    const mark = find("#outcome [data-begun]")?.dataset.begun || "";
    if (mark !== begun) watch((begun = mark));
  }).observe(root, { childList: true, subtree: true, attributes: true, attributeFilter: ["data-begun"] });

  // Used by batch.js, too.
  window.pincite.jobs = { announce, call, listen: (listener) => listeners.push(listener), mine, redraw, tried };
  poll();
})();
