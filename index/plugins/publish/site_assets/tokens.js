// Splits a text into the tokens of the encoder: words without accents, and parts of words (WordPiece).

const LONGEST = 100;
const PUNCTUATION = /[\p{P}$+<=>^`|~]/u;
const IDEOGRAPH = /[\u4e00-\u9fff\u3400-\u4dbf\u{20000}-\u{2a6df}\uf900-\ufaff]/u;

/** Return the numbers of a text's tokens, with the special tokens around them; at most `limit`. */
export function tokenize(numbers, text, limit) {
  const found = normalized(text).split(/\s+/).filter(Boolean).flatMap((word) => pieces(numbers, word));
  return [numbers.get("[CLS]"), ...found.slice(0, limit - 2), numbers.get("[SEP]")];
}

/** Return the text in lower case, without accents and controls, and with spaces around punctuation and ideographs. */
function normalized(text) {
  let clean = "";
  for (const letter of text.normalize("NFD").toLowerCase().normalize("NFD")) {
    if (/\s/u.test(letter)) clean += " ";
    else if (PUNCTUATION.test(letter) || IDEOGRAPH.test(letter)) clean += ` ${letter} `;
    else if (!/[\p{Mn}\p{C}]/u.test(letter)) clean += letter;
  }
  return clean;
}

/** Return the longest known parts of a word, from its beginning. */
function pieces(numbers, word) {
  const unknown = [numbers.get("[UNK]")];
  const letters = Array.from(word);
  if (letters.length > LONGEST) return unknown;
  const found = [];
  for (let start = 0, end; start < letters.length; start = end) {
    for (end = letters.length; end > start; end--) {
      const piece = numbers.get((start ? "##" : "") + letters.slice(start, end).join(""));
      if (piece !== undefined) {
        found.push(piece);
        break;
      }
    }
    if (end === start) return unknown;
  }
  return found;
}
