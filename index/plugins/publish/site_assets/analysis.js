// Splits texts into words and terms exactly as the server does: lower case, without accents, stemmed. See
// index/text/words.py, whose rules these are.
import { stem } from "./stemmer.js";

const IDEOGRAPH = "\\u3040-\\u30ff\\u3400-\\u4dbf\\u4e00-\\u9fff\\uf900-\\ufaff";
const WORD = new RegExp(`[${IDEOGRAPH}]|(?:(?![${IDEOGRAPH}])[\\p{L}\\p{N}\\p{M}])+`, "gu");
const COMPOUND = /[\p{L}\p{N}\p{M}_]+(?:[-.'’][\p{L}\p{N}\p{M}_]+)*/gu;
const PART = /[\p{L}\p{M}]+|\p{N}+/gu;
const POSSESSIVE = /['’]s(?![\p{L}\p{N}_])/gu;
const LONGEST = 100; // bytes
const STOP_WORDS = new Set((
  "a an and are as at be been but by can could did do does for from get gets got had has have how if in into is it its " +
  "of on or shall should so such than that the their them then there these they this to was were what when where which " +
  "who whom whose why will with would"
).split(" "));
/** Letters that have no accent to remove, but a form in plain Latin letters. */
const PLAIN = new Map(Object.entries({
  æ: "ae", ǽ: "ae", ǣ: "ae", œ: "oe", ø: "o", ǿ: "o", ł: "l", đ: "d", ð: "d", þ: "th", ß: "ss", ħ: "h", ı: "i", ŋ: "n",
  ŧ: "t", ĸ: "q", ŀ: "l", ĳ: "ij", ŉ: "n", ƒ: "f", ə: "a", ɓ: "b", ɖ: "d", ɗ: "d", ɛ: "e", ǝ: "e", ƙ: "k", ɲ: "n",
  ɔ: "o", ʋ: "v", ƴ: "y", ɨ: "i", ƥ: "p", ƭ: "t", ʉ: "u", ƶ: "z", "’": "'", "‘": "'",
}));
const known = new Map();

/** Return a word in lower case and without the accents of Latin letters. */
export function fold(word) {
  const lower = word.toLowerCase();
  if (/^[\x00-\x7f]*$/.test(lower)) return lower;
  let folded = "";
  for (const letter of lower) {
    const base = letter.normalize("NFKD").replace(/\p{M}/gu, "");
    folded += PLAIN.get(letter) ?? (/^[a-z0-9]+$/.test(base) ? base : PLAIN.get(base) ?? letter);
  }
  return folded;
}

const split = (text) => text.normalize("NFC").match(WORD) ?? [];

/** Return the words of a text, not stemmed. */
export const words = (text) => split(text).map(fold);

/** Return the terms of a text, with repetition. A code such as `IL6` also has the terms of its parts. */
export const terms = (text) => split(text).flatMap(forms);

function forms(word) {
  let found = known.get(word);
  if (!found) {
    const parts = word.match(PART) ?? [];
    found = (parts.length > 1 ? [word, ...parts] : [word]).map(fold).filter(isShort).map(stem);
    known.set(word, found);
  }
  return found;
}

const isShort = (word) => new TextEncoder().encode(word).length < LONGEST;

/** Return the words of a question as they are written; stop words are left out, unless it has no other words. */
export function questionWords(question) {
  const found = question.replace(POSSESSIVE, "").match(COMPOUND) ?? [];
  const content = found.filter((word) => !STOP_WORDS.has(word.toLowerCase()));
  return content.length ? content : found;
}

/** Return the terms to search for, with repetition. */
export const questionTerms = (question) => questionWords(question).flatMap(terms);
