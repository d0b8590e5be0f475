"use strict";
// The pages of a PDF in the source viewer. They open at the cited sentence, as large as text; the reader can zoom, drag, and
// see the whole page. A figure shows a part of a page, in thousandths of its sides; `scale` is in pixels per point.
(() => {
  const { actions, all, find } = window.pincite;
  const LEGIBLE = [14, 27]; // Least and greatest height of a marked line, in pixels. The least yields to the width of the line.
  const STEP = 1.25;
  const [SMALLEST, LARGEST] = [0.25, 12];
  const WHOLE = "0,0,1000,1000";
  const MOST_PIXELS = 4e6; // Pixels of one picture; beyond, only what is in view is drawn more finely.
  const [NARROWEST, WIDEST, ROUND] = [200, 3000, 50];
  const AHEAD = 0.2; // What is drawn around the view, as a part of its size.
  const SETTLED = 140; // Milliseconds without movement.
  const THIRD = 0.28; // Where the sentence begins, as a part of the height.
  const SMALLEST_PRINT = 8; // Pixels; where a whole line is smaller, the text is the better view.
  const EDGE = 0.001; // What a part loses to rounding.
  const MARGIN = 6; // Pixels beside a marked line.
  const CONTROLS = 60; // Pixels at the bottom, below the buttons for zooming.

  const body = () => find("#viewer-body");
  const pages = () => find("#viewer-pages");
  const isShown = () => find("#viewer").dataset.as === "page" && figures().length > 0;
  const figures = () => all(".p-page", pages());
  const visible = () => figures().filter((figure) => figure.checkVisibility());
  let scale = 1;
  let fit = ""; // "sentence" or "page" until the reader zooms.

  const edges = (text) => text.split(",").map((edge) => Number(edge) / 1000);
  const size = ({ dataset }) => [Number(dataset.width), Number(dataset.height)];

  // Lay a figure out: the frame is as large as its part, and the sheet with the rectangles as large as the page.
  const place = (figure, part) => {
    const [left, top, right, bottom] = edges(part);
    const [width, height] = size(figure);
    figure.dataset.shown = part;
    for (const [name, value] of Object.entries({ w: width * (right - left), h: height * (bottom - top) }))
      figure.style.setProperty(`--${name}`, value);
    Object.assign(find(".p-sheet", figure).style, {
      left: `${(-100 * left) / (right - left)}%`, top: `${(-100 * top) / (bottom - top)}%`,
      width: `${100 / (right - left)}%`, height: `${100 / (bottom - top)}%`,
    });
  };
  const partOf = (figure) => (fit === "page" || pages().dataset.fit === "page" ? WHOLE : figure.dataset.part);
  const room = () => body().clientWidth - parseFloat(getComputedStyle(body()).paddingLeft) * 2;

  // The marked lines, in points, as far as they are within the shown parts. `before` and `after` are from the middle of a part,
  // because parts are centred on each other.
  const marked = () => figures().flatMap((figure) => {
    const [width, height] = size(figure);
    const [left, top, right, bottom] = edges(figure.dataset.part);
    return all(".p-rect", figure).map(({ style }) => {
      const [x, y, w, h] = [style.left, style.top, style.width, style.height].map((share) => parseFloat(share) / 100);
      return { x, y, w, h, middle: ((left + right) / 2 - x) * width };
    }).filter(({ x, y, w, h }) => x + w > left + EDGE && x < right - EDGE && y + h > top + EDGE && y < bottom - EDGE)
      .map(({ w, h, middle }) => ({ before: middle, after: w * width - middle, width: w * width, height: h * height }));
  });
  // Scales: at which a marked line is legible and, within these limits, its column fills the width; or the page does.
  const thickness = (lines) => lines.map(({ width, height }) => Math.min(width, height)).sort((a, b) => a - b)[lines.length >> 2];
  const widest = () => Math.max(...figures().map((figure) => {
    const [left, , right] = edges(figure.dataset.part);
    return (right - left) * size(figure)[0];
  }));
  const legible = () => {
    const lines = marked();
    const filling = room() / widest();
    if (!lines.length) return filling;
    const height = thickness(lines);
    const most = (name) => Math.max(...lines.map((line) => line[name]));
    const complete = Math.min( // The largest scale at which each marked line is in view as a whole.
      (room() - 2 * MARGIN) / (most("before") + most("after")), (body().clientHeight - CONTROLS) / most("height"),
    );
    return Math.min(complete, Math.max(filling, LEGIBLE[0] / height), LEGIBLE[1] / height);
  };
  // The pixels that the panel lacks to show the column of the words with legible lines.
  const lacking = () => {
    const lines = marked();
    return lines.length ? (LEGIBLE[0] / thickness(lines)) * widest() + 2 * MARGIN - room() : 0;
  };
  const isSmallPrint = () => isShown() && fit === "sentence" && marked().length > 0 && thickness(marked()) * scale < SMALLEST_PRINT;
  const whole = () => room() / Math.max(...figures().map((figure) => size(figure)[0]));
  const setScale = (next) => {
    scale = Math.min(LARGEST, Math.max(SMALLEST, next));
    pages().style.setProperty("--zoom", scale);
  };

  // Keep the point under the pointer, or the middle of the view, in its place.
  const zoom = (next, x, y) => {
    if (!isShown()) return;
    const frame = body().getBoundingClientRect();
    [x, y] = [x ?? frame.left + frame.width / 2, y ?? frame.top + frame.height / 2];
    const figure = visible().findLast((each) => each.getBoundingClientRect().top <= y) || visible()[0];
    const before = find(".p-cut", figure).getBoundingClientRect();
    const [across, down] = [(x - before.left) / before.width, (y - before.top) / before.height];
    setScale(next);
    const after = find(".p-cut", figure).getBoundingClientRect();
    body().scrollBy(after.left + across * after.width - x, after.top + down * after.height - y);
    press("");
    settle();
  };
  const press = (name) => {
    fit = name;
    for (const each of ["sentence", "page"]) find(`[data-act="page-${each}"]`).setAttribute("aria-pressed", each === name);
  };
  const toSentence = () => {
    const pins = all(".p-rect", pages()).filter(isWithin);
    if (!pins.length) { body().scrollTo(0, 0); return; }
    const boxes = pins.map((node) => node.getBoundingClientRect());
    const [top, right, bottom] = [Math.min(...boxes.map((box) => box.top)), ...["right", "bottom"].map((side) => Math.max(...boxes.map((box) => box[side])))];
    const { left: start, top: above } = body().getBoundingClientRect();
    const { clientWidth: width, clientHeight: height } = body();
    const begin = Math.max(MARGIN, Math.min(height * THIRD, height - CONTROLS - (bottom - top))); // All lines are in view, if there is room.
    const column = pins[0].closest(".p-cut").getBoundingClientRect().left;
    body().scrollTop += top - above - begin;
    body().scrollLeft += Math.max(column - start, right - start - width) + (column < right - width ? MARGIN : -MARGIN);
  };
  const isWithin = (rect) => {
    const [cut, own] = [rect.closest(".p-cut").getBoundingClientRect(), rect.getBoundingClientRect()];
    return own.bottom > cut.top + 1 && own.top < cut.bottom - 1 && own.right > cut.left + 1 && own.left < cut.right - 1;
  };
  const layOut = (name) => {
    if (!isShown()) return;
    pages().dataset.fit = name;
    press(name);
    const seen = new Set();
    for (const figure of figures()) {
      figure.toggleAttribute("data-again", seen.has(figure.dataset.page));
      seen.add(figure.dataset.page);
      place(figure, partOf(figure));
    }
    setScale(name === "page" ? whole() : legible());
    toSentence();
    sharpen();
  };

  // Pictures: as fine as the screen. One that would be too large is drawn coarsely, and finely where the reader looks.
  const source = (figure, part, width) => {
    const url = new URL(figure.dataset.address);
    url.search = new URLSearchParams({ part, width: Math.min(WIDEST, Math.max(NARROWEST, Math.ceil(width / ROUND) * ROUND)) });
    return url.href;
  };
  const finest = (figure, part) => { // Width in pixels of a picture of this part.
    const [left, top, right, bottom] = edges(part);
    const [width, height] = [size(figure)[0] * (right - left), size(figure)[1] * (bottom - top)];
    const wanted = scale * devicePixelRatio;
    return [width * Math.min(wanted, Math.sqrt(MOST_PIXELS / (width * height)), WIDEST / width), width * wanted];
  };
  const swap = async (figure, href, image) => {
    if (image.dataset.wanted === href) return;
    image.dataset.wanted = href;
    const next = new Image();
    next.src = href;
    try { await next.decode(); } catch { if (!image.naturalWidth && image.isConnected) document.dispatchEvent(new CustomEvent("pincite:undrawn")); return; }
    if (image.dataset.wanted === href) image.src = href;
  };
  const sharpen = () => {
    if (!isShown()) return;
    for (const figure of visible()) {
      const frame = find(".p-cut", figure).getBoundingClientRect();
      const view = body().getBoundingClientRect();
      if (frame.bottom < view.top - view.height || frame.top > view.bottom + view.height) continue;
      const [affordable, wanted] = finest(figure, figure.dataset.shown);
      const coarse = find("img", figure);
      const loaded = coarse.dataset.part === figure.dataset.shown ? Number(coarse.dataset.pixels) : 0;
      if (affordable > loaded * 1.1) {
        Object.assign(coarse.dataset, { part: figure.dataset.shown, pixels: affordable });
        swap(figure, source(figure, figure.dataset.shown, affordable), coarse);
      }
      refine(figure, frame, view, wanted > Math.max(affordable, loaded) * 1.1);
    }
  };
  const refine = (figure, frame, view, needed) => {
    let fine = find(".p-fine", figure);
    if (!needed || frame.bottom < view.top || frame.top > view.bottom) { fine?.remove(); return; }
    const [left, top, right, bottom] = edges(figure.dataset.shown);
    const share = (from, to, low, high) => [0, 1].map((end) => {
      const [a, b] = [(Math.max(from, low) - from) / (to - from), (Math.min(to, high) - from) / (to - from)];
      return Math.min(1, Math.max(0, end ? b + AHEAD * (b - a) : a - AHEAD * (b - a)));
    });
    const [across, down] = [share(frame.left, frame.right, view.left, view.right), share(frame.top, frame.bottom, view.top, view.bottom)];
    const round = (low, high, [a, b]) => [Math.floor(1000 * (low + a * (high - low))), Math.ceil(1000 * (low + b * (high - low)))];
    const [[l, r], [t, b]] = [round(left, right, across), round(top, bottom, down)];
    const part = `${l},${t},${r},${b}`;
    if (!fine) {
      fine = Object.assign(document.createElement("img"), { className: "p-fine", alt: "" });
      find("img", figure).after(fine);
    }
    const href = source(figure, part, finest(figure, part)[0]);
    if (fine.dataset.wanted === href) return;
    const shown = new Image();
    fine.dataset.wanted = shown.src = href;
    shown.decode().then(() => {
      if (fine.dataset.wanted !== href) return;
      fine.src = href;
      Object.assign(fine.style, {
        left: `${(100 * (l / 1000 - left)) / (right - left)}%`, width: `${(r - l) / 10 / (right - left)}%`,
        top: `${(100 * (t / 1000 - top)) / (bottom - top)}%`, height: `${(b - t) / 10 / (bottom - top)}%`,
      });
    }, () => fine.remove());
  };
  let timer;
  const settle = () => { clearTimeout(timer); timer = setTimeout(sharpen, SETTLED); };

  const fill = (nodes) => {
    for (const figure of nodes) {
      const image = find("img", figure);
      figure.dataset.address = image.src;
      image.removeAttribute("src");
      place(figure, figure.dataset.part);
    }
    delete pages().dataset.fit;
    pages().replaceChildren(...nodes);
    pages().toggleAttribute("data-several", nodes.length > 1);
  };
  const more = async (back) => { // The page before or after the shown ones.
    const list = visible();
    const beside = back ? list[0] : list.at(-1);
    const page = beside.cloneNode(true);
    const number = Number(page.dataset.page) + (back ? -1 : 1);
    const image = find("img", page);
    find(".p-fine", page)?.remove();
    all(".p-rect", page).forEach((node) => node.remove());
    page.dataset.address = page.dataset.address.replace(/\d+(?=\.png)/, number);
    Object.assign(page.dataset, { page: number, more: "", part: WHOLE });
    image.alt = `Page ${number} of the file`;
    find(".p-pagebreak span", page).textContent = `page ${number}`;
    image.removeAttribute("data-part");
    image.src = source(page, WHOLE, finest(page, WHOLE)[0]);
    await image.decode();
    page.dataset.height = (size(page)[0] * image.naturalHeight) / image.naturalWidth;
    place(page, WHOLE);
    return () => { if (back) beside.before(page); else beside.after(page); pages().toggleAttribute("data-several", true); };
  };
  const numbers = () => (pages().dataset.fit === "page" ? visible().map((figure) => Number(figure.dataset.page)) : []);

  Object.assign(actions, {
    "page-in": () => zoom(scale * STEP),
    "page-out": () => zoom(scale / STEP),
    "page-sentence": () => { layOut("sentence"); changed(); },
    "page-page": () => { layOut("page"); changed(); },
  });
  const changed = () => document.dispatchEvent(new CustomEvent("pincite:pages"));

  // Mouse: drag, and zoom by the wheel with Ctrl, as a trackpad's pinch does. Touch: the browser scrolls; two fingers zoom.
  let grip = null;
  document.addEventListener("pointerdown", (event) => {
    if (event.pointerType !== "mouse" || event.button || !isShown() || !event.target.closest?.("#viewer-pages")) return;
    grip = { x: event.clientX, y: event.clientY, id: event.pointerId };
    pages().setPointerCapture(event.pointerId);
    pages().dataset.held = "";
    event.preventDefault();
    body().focus({ preventScroll: true });
  });
  document.addEventListener("pointermove", (event) => {
    if (event.pointerId !== grip?.id) return;
    body().scrollBy(grip.x - event.clientX, grip.y - event.clientY);
    Object.assign(grip, { x: event.clientX, y: event.clientY });
  });
  for (const name of ["pointerup", "pointercancel"]) document.addEventListener(name, () => { grip = null; delete pages()?.dataset.held; });
  document.addEventListener("wheel", (event) => {
    if (!event.ctrlKey || !event.target.closest?.("#viewer-body") || !isShown()) return;
    event.preventDefault();
    zoom(scale * Math.exp(-event.deltaY / (event.deltaMode ? 10 : 240)), event.clientX, event.clientY);
  }, { passive: false });
  let pinch = null;
  const fingers = ({ touches: [a, b] }) => ({
    x: (a.clientX + b.clientX) / 2, y: (a.clientY + b.clientY) / 2, apart: Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY) || 1,
  });
  document.addEventListener("touchstart", (event) => {
    pinch = event.touches.length === 2 && isShown() && event.target.closest?.("#viewer-body") ? { ...fingers(event), scale } : null;
  }, { passive: true });
  document.addEventListener("touchmove", (event) => {
    if (!pinch || event.touches.length !== 2) return;
    event.preventDefault();
    const now = fingers(event);
    zoom(pinch.scale * (now.apart / pinch.apart), now.x, now.y);
    body().scrollBy(pinch.x - now.x, pinch.y - now.y);
    Object.assign(pinch, { x: now.x, y: now.y });
  }, { passive: false });
  document.addEventListener("touchend", () => { pinch = null; });
  document.addEventListener("scroll", (event) => { if (event.target.id === "viewer-body" && isShown()) settle(); }, true);
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !event.target.closest?.("#viewer") || !isShown()) return;
    const act = { "+": "page-in", "=": "page-in", "-": "page-out", 0: "page-sentence" }[event.key];
    if (act) { event.preventDefault(); actions[act](); }
  });
  const print = (words, reference) => { // The open quotation is printed after the answer; the viewer itself is not.
    find("#printed-quote").textContent = words;
    find("#printed-reference").textContent = reference;
    find("#printed").hidden = !words;
  };
  const isWide = () => body().scrollWidth > body().clientWidth + 1; // The arrow keys then move the page.

  window.pincite.pageView = { fill, isFitted: () => isShown() && Boolean(fit), isSmallPrint, isWide: () => isShown() && isWide(), lacking, layOut, more, numbers, print };
})();
