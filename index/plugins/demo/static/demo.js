"use strict";
// The notice of a demo: what the visitor's private library holds, the time left, and deleting it.
(() => {
  const { actions, find, inWords, say, texts } = window.pincite;
  const SECOND = 1000;

  const LOOK_SECONDS = 20;
  const BYTES = 1e6;
  let end = 0; // when the private library is deleted; 0 without one
  let documents = 0;
  const isDemo = () => Boolean(find(".p-demo"));
  const show = () => {
    const state = find("#p-demo-state");
    if (!state || !end) return;
    const left = Math.max(0, Math.round((end - Date.now()) / SECOND));
    const what = documents === 1 ? "your document" : documents ? `your ${documents} documents` : "what you added";
    const text = `Only you can see ${what}. Without another visit, everything of yours is deleted in ${inWords(left)}.`;
    if (state.textContent !== text) state.textContent = text;
  };
  const look = async () => {
    if (!isDemo() || document.hidden) return;
    try {
      const answer = await fetch("v1/visitor", { cache: "no-store" });
      if (!answer.ok) return;
      const state = await answer.json();
      const isGone = end && state.seconds_left === null;
      documents = state.documents;
      end = state.seconds_left === null ? 0 : Date.now() + SECOND * state.seconds_left;
      find('[data-act="forgetMe"]').hidden = !end;
      const room = find("#p-demo-room");
      if (room) room.textContent = `${state.documents} of ${state.max_documents} files, ${(state.bytes / BYTES).toFixed(1)} of ${state.max_bytes / BYTES} MB, ${state.pages} of ${state.max_pages} pages.`;
      if (isGone) { find("#p-demo-state").textContent = "Your documents have been deleted."; say("Your documents have been deleted."); }
      show();
    } catch { /* The next look finds out. */ }
  };
  setInterval(look, LOOK_SECONDS * SECOND);
  setInterval(show, SECOND);
  document.addEventListener("pincite:changed", look);
  document.addEventListener("visibilitychange", look);
  let hasLooked = false;
  new MutationObserver(() => { if (isDemo() && !hasLooked) { hasLooked = true; look(); } }).observe(document.body, { childList: true, subtree: true });

  Object.assign(actions, {
    forgetMe: () => find("#forget").showModal(),
    stayHere: () => find("#forget").close(),
    forgetting: async () => {
      find("#forget").close();
      const answer = await fetch("v1/visitor", { method: "DELETE" }).catch(() => null);
      if (answer?.ok) location.assign(new URL("./", document.baseURI));
      else say(`${texts.FAILED}. ${texts.TRY_LATER}`);
    },
  });
})();
