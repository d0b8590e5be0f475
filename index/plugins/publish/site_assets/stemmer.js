// Stems English words as the server's index does: the Porter2 algorithm, https://snowballstem.org/algorithms/english.

const VOWELS = "aeiouy";
const DOUBLES = /(?:bb|dd|ff|gg|mm|nn|pp|rr|tt)$/;
const WHOLE = new Map(Object.entries({
  skis: "ski", skies: "sky", dying: "die", lying: "lie", tying: "tie", idly: "idl", gently: "gentl", ugly: "ugli",
  early: "earli", only: "onli", singly: "singl", sky: "sky", news: "news", howe: "howe", atlas: "atlas",
  cosmos: "cosmos", bias: "bias", andes: "andes",
}));
const AFTER_PLURAL = new Set(["evening", "inning", "outing", "canning", "herring", "earring", "proceed", "exceed",
  "succeed"]);
const STEP_2 = [
  ["ational", "ate"], ["fulness", "ful"], ["iveness", "ive"], ["ization", "ize"], ["ousness", "ous"], ["biliti", "ble"],
  ["lessli", "less"], ["tional", "tion"], ["alism", "al"], ["aliti", "al"], ["ation", "ate"], ["entli", "ent"],
  ["fulli", "ful"], ["iviti", "ive"], ["ousli", "ous"], ["abli", "able"], ["alli", "al"], ["anci", "ance"],
  ["ogist", "og"], ["ator", "ate"], ["enci", "ence"], ["izer", "ize"], ["bli", "ble"], ["ogi", "og"], ["li", ""],
];
const STEP_3 = [
  ["ational", "ate"], ["tional", "tion"], ["alize", "al"], ["icate", "ic"], ["iciti", "ic"], ["ative", ""],
  ["ical", "ic"], ["ness", ""], ["ful", ""],
];
const STEP_4 = [
  "ement", "able", "ance", "ence", "ible", "ment", "ant", "ate", "ent", "ion", "ism", "iti", "ive", "ize", "ous", "al",
  "er", "ic",
];

const isVowel = (letter) => letter !== undefined && VOWELS.includes(letter);

/** Return the stem of a word in lower case. */
export function stem(word) {
  if (word.length <= 2) return word;
  if (WHOLE.has(word)) return WHOLE.get(word);
  let text = markConsonants(word.startsWith("'") ? word.slice(1) : word);
  const first = regionStart(text);
  const second = regionAfter(text, first);
  text = plural(text.replace(/'s?'?$/, ""));
  if (AFTER_PLURAL.has(text)) return text;
  text = past(text, first);
  if (/.[^aeiouy][yY]$/.test(text)) text = text.slice(0, -1) + "i";
  text = derived(text, first, second);
  return lastLetter(text, first, second).toLowerCase();
}

/** Write `Y` for a y that is a consonant: at the beginning and after a vowel. */
function markConsonants(word) {
  let marked = "";
  for (const letter of word) marked += letter === "y" && (!marked || isVowel(marked.at(-1))) ? "Y" : letter;
  return marked;
}

function regionStart(text) {
  const special = /^(?:gener|commun|arsen|past|univers|later|emerg|organ|inter)/.exec(text);
  return special ? special[0].length : regionAfter(text, 0);
}

/** Return the place after the first consonant that follows a vowel, from a place on. */
function regionAfter(text, from) {
  for (let at = from + 1; at < text.length; at++)
    if (!isVowel(text[at]) && isVowel(text[at - 1])) return at + 1;
  return text.length;
}

function plural(text) {
  if (text.endsWith("sses")) return text.slice(0, -2);
  if (/ie[ds]$/.test(text)) return text.slice(0, text.length > 4 ? -2 : -1);
  if (/[us]s$/.test(text)) return text;
  return text.endsWith("s") && hasVowel(text.slice(0, -2)) ? text.slice(0, -1) : text;
}

const hasVowel = (text) => /[aeiouy]/.test(text);

function past(text, first) {
  const eed = /eed(?:ly)?$/.exec(text);
  if (eed) return eed.index >= first ? text.slice(0, eed.index) + "ee" : text;
  const ending = /(?:ed|ing)(?:ly)?$/.exec(text);
  if (!ending || !hasVowel(text.slice(0, ending.index))) return text;
  const rest = text.slice(0, ending.index);
  if (/(?:at|bl|iz)$/.test(rest)) return rest + "e";
  if (DOUBLES.test(rest)) return /^[aeo]..$/.test(rest) ? rest : rest.slice(0, -1);
  return first >= rest.length && isShortSyllable(rest) ? rest + "e" : rest;
}

/** Whether a text ends in a short syllable. */
function isShortSyllable(text) {
  return /[^aeiouy][aeiouy][^aeiouywxY]$/.test(text) || /^[aeiouy][^aeiouy]$/.test(text) || text.endsWith("past");
}

function derived(text, first, second) {
  text = replaced(text, STEP_2, (ending, at) => {
    if (at < first) return false;
    if (ending === "ogi") return text[at - 1] === "l";
    return ending !== "li" || /[cdeghkmnrt]/.test(text[at - 1] ?? "");
  });
  text = replaced(text, STEP_3, (ending, at) => at >= (ending === "ative" ? second : first));
  const ending = STEP_4.find((end) => text.endsWith(end));
  const at = text.length - (ending?.length ?? 0);
  const removed = ending && at >= second && (ending !== "ion" || /[st]/.test(text[at - 1] ?? ""));
  return removed ? text.slice(0, at) : text;
}

/** Replace the longest of these endings, if it is allowed there. */
function replaced(text, endings, isAllowed) {
  const found = endings.find(([ending]) => text.endsWith(ending));
  if (!found) return text;
  const at = text.length - found[0].length;
  return isAllowed(found[0], at) ? text.slice(0, at) + found[1] : text;
}

function lastLetter(text, first, second) {
  const at = text.length - 1;
  if (text.endsWith("l")) return at >= second && text[at - 1] === "l" ? text.slice(0, -1) : text;
  if (!text.endsWith("e")) return text;
  const rest = text.slice(0, -1);
  return at >= second || (at >= first && !isShortSyllable(rest)) ? rest : text;
}
