"use strict";
// Files that are dropped anywhere on the page are added to the library, as those that are dropped on its drop zone. The hint
// over the whole window is in drop.html. Text that is dragged is left to the browser.
(() => {
  const { find, open, toast } = window.pincite;
  const root = document.documentElement;
  const GONE = 500; // Milliseconds without a dragover after which the files have left the window.
  const MAX_FILES = 2000;
  const PATIENCE = 10000;

  const hint = () => find(".p-drop");
  const hasFiles = (event) => [...(event.dataTransfer?.types || [])].includes("Files");
  const isOwnDropZone = (event) => event.target.closest?.("#files, input[type=file]");
  const refusal = () => {
    if (hint()?.dataset.readOnly) return hint().dataset.readOnly;
    return root.dataset.role === "reader" ? hint()?.dataset.readers : "";
  };

  let timer;
  const hide = () => { clearTimeout(timer); hint()?.classList.remove("on"); };
  const show = () => {
    if (!hint()) return;
    find(".p-drop-words").textContent = refusal() || hint().dataset.words;
    hint().classList.add("on");
    clearTimeout(timer);
    timer = setTimeout(hide, GONE);
  };
  document.addEventListener("dragover", (event) => {
    if (!hasFiles(event)) return;
    if (isOwnDropZone(event)) { hide(); return; }
    event.preventDefault();
    event.dataTransfer.dropEffect = refusal() ? "none" : "copy";
    show();
  });
  document.addEventListener("dragleave", (event) => { if (!event.relatedTarget) hide(); });

  // Folders are read with everything in them, except hidden files. Entries must be taken before the event ends.
  const filesOf = async (entry, found) => {
    if (!entry || entry.name.startsWith(".") || found.length >= MAX_FILES) return found;
    if (entry.isFile) { found.push(await new Promise((take, fail) => entry.file(take, fail))); return found; }
    const reader = entry.createReader();
    for (let some; (some = await new Promise((take, fail) => reader.readEntries(take, fail))).length;) {
      for (const child of some) await filesOf(child, found);
    }
    return found;
  };
  const collect = async (transfer) => {
    const entries = [...transfer.items].map((item) => (item.kind === "file" ? item.webkitGetAsEntry?.() : null));
    const plain = [...transfer.files];
    if (!entries.some((entry) => entry?.isDirectory)) return plain;
    const found = [];
    for (const entry of entries) await filesOf(entry, found);
    return found;
  };

  // Gradio draws the drop zone when the section is first opened, and while it sends files, the zone is gone.
  const drawn = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  const fileInput = async () => {
    for (const until = performance.now() + PATIENCE; performance.now() < until; await drawn()) {
      if (find("#files input[type=file]")) { await drawn(); return find("#files input[type=file]"); }
    }
    return null;
  };
  const send = async (files) => {
    open("library");
    const input = await fileInput();
    if (!input) { toast("Other files are still being sent. Drop these again in a moment."); return; }
    const transfer = new DataTransfer();
    for (const file of files) transfer.items.add(file);
    input.files = transfer.files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
    toast(files.length === 1 ? `Adding ${files[0].name}` : `Adding ${files.length} files`);
    find("#p-jobs")?.focus({ preventScroll: true });
  };
  document.addEventListener("drop", async (event) => {
    hide();
    if (!hasFiles(event) || isOwnDropZone(event)) return;
    event.preventDefault();
    if (refusal()) { toast(refusal()); return; }
    try {
      const files = await collect(event.dataTransfer);
      if (files.length) await send(files); else toast("There are no files in it.");
    } catch { toast("These files cannot be read. Choose them in the Library."); }
  });
})();
