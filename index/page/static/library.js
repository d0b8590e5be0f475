"use strict";
// The Library tab. Long work is a job on the server, which this page only polls: after a reload it finds its jobs by
// their stored ids. The routes under page/ return rendered fragments, which go into elements that Gradio does not patch.
(() => {
  const { actions, all, find, libraryChanged, say, storage, texts, toast } = window.pincite;
  const root = document.documentElement;
  const base = new URL("../", document.currentScript.src);
  const MAX_JOBS = 20;
  const PACE = { working: 700, others: 2000, idle: 3000, lost: 10000 };
  const LIST_PACE = 2000;
  const PAGE_PACE = { busy: 10000, idle: 2000 }; // for the view of the library outside the list, which is slower to draw and less urgent

  // The header proves that the request is from this page: a form on another site cannot send it.
  const call = async (path, options = {}) => {
    const headers = { "X-Pincite": "page" };
    const response = await fetch(new URL(`page/${path}`, base), { ...options, headers });
    if (response.status === 401) window.pincite.signedOut?.();
    if (!response.ok && !response.headers.get("Content-Type")?.startsWith("text/html")) throw new Error(response.status);
    return { job: response.headers.get("X-Job"), text: await response.text() };
  };
  const SILENCE = `${texts.SILENT}. ${texts.TRY_LATER}`;
  const attempt = async (work) => { try { await work(); } catch { toast(SILENCE); } };
  const post = (path, values = {}) => call(path, { method: "POST", body: new URLSearchParams(values) });

  // This browser's jobs, newest first. If storage is blocked, they last until the page is closed.
  let unsaved = [];
  const myJobs = () => storage.get("jobs", unsaved);
  const storeJobs = (ids) => { unsaved = ids.slice(0, MAX_JOBS); storage.set("jobs", unsaved); };

  // Update in place: existing nodes keep their focus and open state. Rows are matched by data-key; a node with data-own
  // belongs to other code and is skipped.
  const KEPT_ATTRIBUTES = new Set(["open", "aria-busy"]);
  const patch = (old, fresh) => {
    for (const { name } of [...old.attributes])
      if (!KEPT_ATTRIBUTES.has(name) && !fresh.hasAttribute(name)) old.removeAttribute(name);
    for (const { name, value } of fresh.attributes)
      if (!KEPT_ATTRIBUTES.has(name) && old.getAttribute(name) !== value) old.setAttribute(name, value);
    if (!old.hasAttribute("data-own")) patchChildren(old, fresh);
  };
  const patchChildren = (old, fresh) => {
    const keyed = new Map([...old.children].filter((node) => node.dataset.key).map((node) => [node.dataset.key, node]));
    let at = old.firstChild;
    for (const node of [...fresh.childNodes]) {
      const key = node.dataset?.key;
      const match = key ? keyed.get(key) : at && !at.dataset?.key && at.nodeName === node.nodeName ? at : null;
      if (!match) { old.insertBefore(node, at); continue; }
      if (match === at) at = at.nextSibling; else old.insertBefore(match, at);
      if (match.nodeType !== Node.ELEMENT_NODE) { if (match.data !== node.data) match.data = node.data; }
      else patch(match, node);
    }
    while (at) { const next = at.nextSibling; at.remove(); at = next; }
  };
  const redraw = (place, html) => {
    const focused = place.contains(document.activeElement) ? document.activeElement : null;
    const row = focused?.parentElement.closest("[data-key]");
    const neighbour = row?.nextElementSibling || row?.previousElementSibling;
    const fresh = document.createElement("template");
    fresh.innerHTML = html;
    patchChildren(place, fresh.content);
    if (!focused || document.activeElement === focused) return;
    // If the focused node was moved or removed, focus its counterpart in the next row, else the heading.
    const counterpart = neighbour?.isConnected && find(`[data-act="${focused.dataset.act}"]`, neighbour);
    const successor = focused.isConnected ? focused : counterpart || find("[tabindex='-1']", place) || place;
    successor.focus({ preventScroll: true });
  };

  // The list.
  const view = { words: "", column: "name", falling: "", page: "1" };
  const removals = new Set(); // documents that are being removed
  let listRequests = 0;
  const showDocuments = async () => {
    const place = find("#p-shelf");
    if (!place) return;
    const request = ++listRequests;
    const { text } = await call(`documents?${new URLSearchParams(view)}`);
    if (request !== listRequests) return;
    redraw(place, text);
    const { documents, column, page } = find(".p-shelf", place)?.dataset || {};
    if (!documents) return;
    Object.assign(view, { column, page });
    find(".p-finder").hidden = Number(documents) <= Number(place.dataset.few);
    find("#p-order").value = column;
    for (const row of all("tr[data-key]", place)) row.setAttribute("aria-busy", String(removals.has(row.dataset.key)));
  };
  const changeView = (changes) => { Object.assign(view, changes); return attempt(showDocuments); };
  Object.assign(actions, {
    sort: (target) => changeView({ column: target.dataset.column, falling: target.dataset.falling, page: "1" }),
    turn: async (target) => {
      await changeView({ page: target.dataset.page });
      const heading = find("#h-shelf");
      heading.focus({ preventScroll: true });
      heading.scrollIntoView({ block: "start" });
      say(`Documents ${find(".p-pager span").textContent}`);
    },
  });
  let filterTimer;
  document.addEventListener("input", (event) => {
    if (event.target.id !== "p-filter") return;
    clearTimeout(filterTimer);
    filterTimer = setTimeout(async () => {
      await changeView({ words: event.target.value, page: "1" });
      const { matched } = find(".p-shelf")?.dataset || {};
      if (matched) say(`${matched} found`);
    }, 200);
  });
  document.addEventListener("change", (event) => {
    if (event.target.id === "p-order") changeView({ column: event.target.value, falling: "", page: "1" });
  });

  // Removing.
  let removalId = "";
  const show = (html, place = find("#p-outcome")) => {
    if (!place) return;
    redraw(place, html);
    const { tell, say: message } = find("[data-tell], [data-say]", place)?.dataset || {};
    // In a long list, the message above it is out of view.
    if (tell || message) (place.getBoundingClientRect().bottom < 0 ? toast : say)(tell || message);
  };
  const failed = (place) => show(`<p class="p-lead">${SILENCE}</p>`, place);
  Object.assign(actions, {
    remove: (target) => {
      removalId = target.dataset.id;
      find("#removal-name").textContent = target.dataset.name;
      find("#removal").showModal();
    },
    spare: () => find("#removal").close(), // The browser returns the focus to the button.
    removing: async () => {
      const identity = removalId;
      find("#removal").close();
      removals.add(identity);
      find(`tr[data-key="${CSS.escape(identity)}"]`)?.setAttribute("aria-busy", "true");
      try {
        show((await call(`documents/${identity}`, { method: "DELETE" })).text);
      } catch {
        failed();
      }
      removals.delete(identity);
      await attempt(showDocuments);
      poll();
    },
    clear: () => { find("#p-outcome").replaceChildren(); find("#h-shelf")?.focus({ preventScroll: true }); },
  });

  // Refuse a file that is too large before it is sent, with a reason; Gradio would show "Error" and stop the other files,
  // too.
  const refuseLarge = (large) => {
    const problem = find("#p-too-large").content.cloneNode(true);
    const names = large.map((file) => file.name).join(", ");
    find("bdi", problem).textContent = names;
    find("#p-outcome").replaceChildren(problem);
    say(`${texts.TOO_LARGE}: ${names}`);
  };
  let isResending = false;
  const checkSizes = (event, files) => {
    const maxBytes = Number(find("#p-too-large")?.dataset.bytes);
    const large = files.filter((file) => file.size > maxBytes);
    if (!large.length) { if (!isResending) find("#p-outcome")?.replaceChildren(); return; }
    event.preventDefault();
    event.stopImmediatePropagation();
    const rest = new DataTransfer();
    for (const file of files) if (!large.includes(file)) rest.items.add(file);
    const input = find("#files input[type=file]");
    input.files = rest.files;
    isResending = true;
    if (rest.files.length) input.dispatchEvent(new Event("change", { bubbles: true }));
    isResending = false;
    refuseLarge(large);
  };
  document.addEventListener("change", (event) => {
    if (event.target.matches?.("#files input")) checkSizes(event, [...event.target.files]);
  }, true);
  document.addEventListener("drop", (event) => {
    if (!event.target.closest?.("#files")) return;
    checkSizes(event, [...event.dataTransfer.files]);
    // Gradio does not see this drop and would keep its drag-over style.
    if (event.defaultPrevented) event.target.dispatchEvent(new DragEvent("dragleave", { bubbles: true }));
  }, true);

  // Uploads.
  const announced = new Map(); // the announced state of each job
  const announce = (place) => {
    for (const { dataset } of all("[data-state]", place)) {
      const { job, state, tell } = dataset;
      // Do not announce jobs that ended before this page was opened.
      if (announced.get(job) !== state && (announced.has(job) || "running" in dataset)) say(tell);
      announced.set(job, state);
    }
  };
  let jobRequests = 0;
  const showJobs = async () => {
    const place = find("#p-jobs");
    if (!place) return;
    const request = ++jobRequests;
    const { text } = await call(`jobs?mine=${myJobs()}`);
    if (request !== jobRequests) return; // A newer request is running.
    redraw(place, text);
    announce(place);
  };
  const listeners = []; // batch.js adds one
  const showAll = () => Promise.all([showJobs(), ...listeners.map((listener) => listener())]);
  const followed = new Set(myJobs()); // also those whose report the reader has closed
  const follow = (job) => {
    if (!job || followed.has(job)) return;
    followed.add(job);
    storeJobs([job, ...myJobs().filter((id) => id !== job)]);
    announced.set(job, "");
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
      storeJobs(myJobs().filter((id) => id !== target.dataset.job));
      const selectors = target.closest("#batch") ? ["#p-batches summary", "#p-questions"] : ["#p-jobs h2", "#h-shelf"];
      await attempt(showAll);
      selectors.map((selector) => find(selector)).find(Boolean)?.focus({ preventScroll: true });
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
      if (job) { follow(job); if (!form.hasAttribute("data-keep")) form.reset(); }
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
  const isAsking = () => Boolean(find('#results [aria-busy="true"], #pills :focus, #listed :focus'));
  const catchUp = async (pagePace) => {
    const now = performance.now();
    if (due.jobs) { await showAll(); due.jobs = false; }
    if (due.list && now - last.list > LIST_PACE) { await showDocuments(); due.list = false; last.list = now; }
    if (due.page && now - last.page > pagePace && !isAsking()) { libraryChanged(); due.page = false; last.page = now; }
  };
  let timer;
  let isPolling = false;
  let pollAgain = false;
  const fetchState = async () => {
    const before = myJobs();
    const state = JSON.parse((await call(`state?mine=${before}`)).text);
    const isNews = seen.generation !== null && state.generation !== seen.generation;
    due.list ||= isNews;
    due.page ||= isNews;
    due.jobs ||= state.jobs !== seen.jobs;
    Object.assign(seen, { generation: state.generation, jobs: state.jobs });
    state.begun.forEach(follow); // The event with its id may be lost, or arrive later.
    const forgotten = before.filter((id) => !state.known.includes(id));
    if (forgotten.length) storeJobs(myJobs().filter((id) => !forgotten.includes(id)));
    const busy = state.working || state.others;
    await catchUp(busy ? PAGE_PACE.busy : PAGE_PACE.idle);
    if (state.working || due.list || (due.page && !busy)) return "working";
    return state.others ? "others" : "idle";
  };
  const poll = async () => {
    if (isPolling) { pollAgain = true; return; }
    clearTimeout(timer);
    isPolling = true;
    let pace = "lost";
    try { if (!document.hidden) pace = await fetchState(); } catch { /* The server is unreachable: poll less often. */ }
    isPolling = false;
    root.toggleAttribute("data-lost", pace === "lost" && !document.hidden);
    if (pollAgain) { pollAgain = false; poll(); } else if (!document.hidden) timer = setTimeout(poll, PACE[pace]);
  };
  document.addEventListener("visibilitychange", poll);

  // Detect new markup of Gradio: a tab, which is created when it is first opened and is filled then; and the mark of an
  // upload's job. A chained event would not be reliable: Gradio's client (6.31) may lose one of two events in quick
  // succession.
  let isFilling = false;
  let startedJob = "";
  const fillTab = async () => {
    isFilling = true;
    try { await Promise.all([showDocuments(), showJobs()]); } catch { /* The next poll fills it. */ }
    isFilling = false;
  };
  new MutationObserver(() => {
    if (!isFilling && find("#p-shelf:empty")) fillTab();
    const mark = find("#outcome [data-begun]")?.dataset.begun || "";
    if (mark !== startedJob) follow((startedJob = mark));
  }).observe(root, { childList: true, subtree: true, attributes: true, attributeFilter: ["data-begun"] });

  // Used by batch.js, too.
  window.pincite.jobs = { announce, attempt, call, listen: (listener) => listeners.push(listener), myJobs, redraw };
  poll();
})();
