// The account's menu in the header: who is signed in, the libraries that they may read, sign-out. Only a server with
// accounts sets `data-role`.
(() => {
  if (!document.documentElement.dataset.role) return;
  const place = () => document.getElementById("p-account");

  const fill = async () => {
    const answer = await fetch("page/account").catch(() => null);
    if (answer?.ok) place().innerHTML = await answer.text();
  };

  // The session has ended. The page stays as it is, because the reader may be in the middle of a question.
  let isOut = false;
  window.pincite.signedOut = () => {
    if (isOut || !place()) return;
    isOut = true;
    const link = Object.assign(document.createElement("a"), { className: "p-quiet p-edged", href: "", textContent: "Sign in" });
    place().replaceChildren(link);
    window.pincite.toast("You are signed out. Sign in again to go on.");
  };

  // Gradio builds the header after this script has run.
  const waiting = new MutationObserver(() => {
    if (!place()) return;
    waiting.disconnect();
    fill();
  });
  waiting.observe(document.documentElement, { childList: true, subtree: true });
})();
