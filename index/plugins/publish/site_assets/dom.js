// Makes elements from text. No part of the page is ever made from markup, so a document cannot add any.

/** Return an element with these attributes and children; null children are left out. */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) if (value !== undefined) element.setAttribute(name, value);
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
  return element;
}

/** Return a name that cannot change the direction of the text around it. */
export const isolated = (text) => make("bdi", {}, text);

/** Return the parts of a line with a dot between them; empty ones are left out. */
export function dotted(...parts) {
  return parts.filter(Boolean).flatMap((part, n) => (n ? [" · ", isolated(part)] : [isolated(part)]));
}

export const counted = (number, word) => `${number.toLocaleString("en")} ${word}${number === 1 ? "" : "s"}`;

/** Return the address of a web page that a document was read from; undefined for anything else. */
export function webAddress(source) {
  return /^https?:\/\//i.test(source) && URL.canParse(source) ? source : undefined;
}
