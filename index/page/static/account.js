// The account's menu in the header: who is signed in, the libraries that they may read, sign-out. Only a server with
// accounts sets `data-role`.
(() => {
  const { role } = document.documentElement.dataset;
  if (!role) return;

  const show = async () => {
    const place = document.getElementById("p-account");
    if (!place || place.dataset.filled) return Boolean(place);
    place.dataset.filled = "yes";
    const answer = await fetch("page/account").catch(() => null);
    if (answer?.ok) place.innerHTML = await answer.text();
    return true;
  };

  // Gradio builds the header after this script has run.
  const waiting = new MutationObserver(() => {
    if (document.getElementById("p-account")) { waiting.disconnect(); show(); }
  });
  waiting.observe(document.documentElement, { childList: true, subtree: true });
})();
