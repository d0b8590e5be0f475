"use strict";
// Copying as rich text and as plain text: an answer with its numbered notes, or a quote with its reference, each with the
// page's link. The markup is made of text nodes, so no words of a document become markup.
(() => {
  const { actions, find, permalink, texts, toast } = window.pincite;

  const oneLine = (text) => text.replace(/\s+/g, " ").trim();
  const element = (tag, text = "", attributes = {}) => {
    const node = document.createElement(tag);
    node.textContent = text;
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    return node;
  };
  const serialised = (...nodes) => {
    const box = document.createElement("div");
    box.append(...nodes);
    return box.innerHTML;
  };

  // The reference of a quote as on its card: without the document's name as its first heading.
  const nameOf = ({ title, source }) => title || source.split(/[/\\]/).pop() || source;
  const readAs = ({ recognised }) => { // how words were read that were recognised in a picture
    if (recognised === null || recognised === undefined) return "";
    const { low, recognised: clear, doubtful } = find("#tray").dataset;
    return recognised < Number(low) ? doubtful : clear;
  };
  const place = (quote) => {
    const { page, heading, paragraph, place: named = "", cell = "" } = quote;
    const name = nameOf(quote);
    const below = heading === name || heading.startsWith(`${name} > `) ? heading.slice(name.length).replace(/^ > /, "") : heading;
    const section = below && !named.includes(`“${below.split(" > ").pop()}”`) && `§ ${below}`;
    return [page && `p. ${page}`, named, section, cell || (paragraph && `¶ ${paragraph}`), readAs(quote)].filter(Boolean).join(", ");
  };
  // The words of a cell come after its headers.
  const wordsOf = ({ headers = [], quote }) => oneLine(headers.length ? `${headers.join(" · ")}: ${quote}` : quote);
  const reference = (quote) =>
    [quote.author, quote.date ? `${nameOf(quote)} (${quote.date})` : nameOf(quote), place(quote)].filter(Boolean).join(", ");
  const linkTo = ({ document: id, start, end }) => new URL(`d/${id.slice(0, 12)}/${start}-${end}`, document.baseURI).href;

  // A sentence of the answer that is a quotation gets quotation marks; then its note need not repeat the quote.
  const isIn = (text, quote) => wordsOf(quote).includes(oneLine(text).replace(/^[…\s]+|[…\s]+$/g, ""));
  const said = ({ text, quotes, remark }, all) => {
    const words = quotes.some((at) => isIn(text, all[at])) ? `“${oneLine(text)}”` : oneLine(text);
    return remark ? `${words} (${remark})` : words;
  };
  const marks = ({ quotes }) => quotes.map((at) => `[${at + 1}]`).join("");
  const isShown = (quote, sentences) => sentences.some(({ text }) => oneLine(text) === wordsOf(quote));
  const noteOf = (quote, sentences) => ({
    reference: reference(quote), quote: isShown(quote, sentences) ? "" : `“${wordsOf(quote)}”`, link: linkTo(quote),
  });

  const answerText = ({ caution, sentences, quotes }, notes, link) => [
    ...(caution ? [caution, ""] : []),
    sentences.map((sentence) => [said(sentence, quotes), marks(sentence)].filter(Boolean).join(" ")).join(" "), "",
    ...notes.map((note, at) => `[${at + 1}] ${note.reference}${note.quote && `: ${note.quote}`}`), "",
    link,
  ].join("\n");
  const answerHtml = ({ caution, question, sentences, quotes }, notes, link) => {
    const text = element("p");
    for (const sentence of sentences) {
      text.append(said(sentence, quotes));
      if (sentence.quotes.length) text.append(element("sup", marks(sentence)));
      text.append(" ");
    }
    const list = element("ol");
    for (const note of notes) {
      const entry = element("li");
      entry.append(element("a", note.reference, { href: note.link }), note.quote && `: ${note.quote}`);
      list.append(entry);
    }
    const source = element("p");
    source.append(element("a", question || link, { href: link }));
    return serialised(...(caution ? [element("p", caution)] : []), text, list, source);
  };

  const quoteText = (words, named, link) => `“${oneLine(words)}”\n${named}\n${link}`;
  const quoteHtml = (words, named, link) => {
    const source = element("p");
    source.append(element("a", named, { href: link }));
    return serialised(element("blockquote", `“${oneLine(words)}”`), source);
  };

  // Write both types: with the Clipboard API, or with the old method where it is missing or not allowed.
  const writeOld = (html, text) => {
    const fill = (event) => {
      event.clipboardData.setData("text/html", html);
      event.clipboardData.setData("text/plain", text);
      event.preventDefault();
      event.stopImmediatePropagation();
    };
    const area = element("textarea", "x", { class: "p-sr" }); // Something must be selected, or browsers copy nothing.
    const focused = document.activeElement;
    (find("dialog:modal") || document.body).append(area); // Text behind a dialog cannot be selected.
    area.select();
    document.addEventListener("copy", fill, true);
    const done = document.execCommand("copy");
    document.removeEventListener("copy", fill, true);
    area.remove();
    focused?.focus({ preventScroll: true });
    return done;
  };
  const copyRich = async (html, text, message) => {
    let done = true;
    try {
      const blobs = { "text/html": html, "text/plain": text };
      for (const [type, data] of Object.entries(blobs)) blobs[type] = new Blob([data], { type });
      await navigator.clipboard.write([new ClipboardItem(blobs)]);
    } catch { done = writeOld(html, text); }
    toast(done ? message : "This browser does not let the page copy");
  };
  const copyQuote = (words, named, link, message = texts.QUOTE_COPIED) =>
    copyRich(quoteHtml(words, named, link), quoteText(words, named, link), message);

  const keptOf = (node) => JSON.parse(node.closest("[data-kept]").dataset.kept);
  Object.assign(actions, {
    copyAnswer: (target) => {
      const answer = keptOf(target);
      const notes = answer.quotes.map((quote) => noteOf(quote, answer.sentences));
      const link = permalink().href;
      return copyRich(answerHtml(answer, notes, link), answerText(answer, notes, link), "Answer and references copied");
    },
    quote: (target) => {
      const [quote] = keptOf(target).quotes;
      return copyQuote(wordsOf(quote), reference(quote), linkTo(quote));
    },
  });
  Object.assign(window.pincite, { copyQuote, element, keptOf, linkTo, oneLine, reference, wordsOf });
})();
