"use strict";
// A source belongs to the section of the page in which it was opened. In another section it would cover the controls, so it
// waits there, however the section was reached, and comes back with its own section.
(() => {
  const { all, places } = window.pincite;
  const panels = () => all('#sections > [role="tabpanel"]');
  const sectionOf = (node) => node?.closest('#sections > [role="tabpanel"]')?.id; // The panes of an answer are panels, too.
  const current = () => panels().find((panel) => panel.firstElementChild?.checkVisibility())?.id;
  let home = "ask"; // The section of the open source.
  let away = null; // The source that waits: {place, opener, home}.
  let source = null; // How the source viewer leaves and enters.

  const follow = () => {
    const here = current();
    if (!here) return;
    if (here !== home) {
      const left = source.leave();
      away = left ? { ...left, home } : away;
    } else if (away?.home === here) {
      const left = away;
      away = null;
      source.enter(left);
    }
  };
  window.pincite.sourceSections = {
    home: () => home,
    // Return whether a place may be shown now; `opener` is the element that was clicked, if any. Otherwise it waits.
    admits: (place, opener) => {
      if (opener) home = sectionOf(opener) || "ask";
      away = !current() || current() === home ? null : { place, opener: null, home };
      return !away;
    },
    begin: () => { home = places.home(); }, // The source comes from the URL.
    forget: () => { away = null; },
    start: (viewer) => {
      source = viewer;
      home = places.home();
      const observer = new MutationObserver(follow);
      for (const panel of panels()) observer.observe(panel, { attributeFilter: ["style"] });
    },
  };
})();
