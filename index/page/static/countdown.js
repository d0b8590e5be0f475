"use strict";
// A limit that was reached: its message counts down, and says when to try again.
(() => {
  const SECOND = 1000;

  const inWords = (seconds) => {
    const [number, unit] = seconds > 5400 ? [Math.ceil(seconds / 3600), "hour"]
      : seconds > 90 ? [Math.ceil(seconds / 60), "minute"] : [seconds, "second"];
    return `${number} ${unit}${number === 1 ? "" : "s"}`;
  };
  const ends = new WeakMap(); // when the wait of each message ends
  const countDown = () => {
    for (const node of document.querySelectorAll("[data-retry]")) {
      if (!ends.has(node)) ends.set(node, Date.now() + SECOND * Number(node.dataset.retry));
      const left = Math.ceil((ends.get(node) - Date.now()) / SECOND);
      const text = left > 0 ? `You can try again in ${inWords(left)}.` : "You can try again now.";
      if (node.textContent === text) continue;
      node.textContent = text;
      if (left <= 0 && !node.dataset.said) { node.dataset.said = "yes"; say(text); }
    }
  };
  setInterval(countDown, SECOND);
  new MutationObserver(countDown).observe(document.body, { childList: true, subtree: true });
  window.pincite.inWords = inWords;
})();
