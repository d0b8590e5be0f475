"use strict";
// Suggested questions are made on the server while the page is already in use. They are put below the question as soon as
// they are there; until then, and if there are none, the place is empty.
(() => {
  const { find } = window.pincite;
  const [TRIES, FIRST_DELAY, GROWTH] = [10, 400, 1.6];
  const ACCEPTED = 202;
  const place = () => find("#beginning .p-idle[data-waiting] [data-own]:empty");

  let attempt = 0;
  let timer = 0;
  const plan = () => {
    if (timer || attempt >= TRIES || !place()) return;
    timer = setTimeout(load, FIRST_DELAY * GROWTH ** attempt);
    attempt += 1;
  };
  const load = async () => {
    const answer = await fetch("page/suggestions").catch(() => null);
    const html = answer?.ok && answer.status !== ACCEPTED ? await answer.text() : "";
    if (html && place()) place().innerHTML = html;
    if (answer?.status !== ACCEPTED) attempt = TRIES;
    timer = 0;
    plan();
  };
  document.addEventListener("pincite:changed", () => { attempt = 0; });
  new MutationObserver(plan).observe(document.documentElement, { childList: true, subtree: true });
})();
