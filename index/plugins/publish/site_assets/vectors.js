// Encodes a question as the weighted mean of its words' vectors, and compares it with passages and sentences.
import { terms } from "./analysis.js";

/** Return the vector of a question, of length one; null if no word of it has a vector. */
export function encode({ words, dimensions }, question) {
  const sum = new Float64Array(dimensions);
  let total = 0;
  for (const term of terms(question)) {
    const number = words.numbers.get(term);
    if (number === undefined) continue;
    total += words.weights[number];
    addWord(sum, words, number);
  }
  if (!total) return null;
  const mean = sum.map((value, n) => value / total + words.bias[n]);
  const length = Math.hypot(...mean) || 1;
  return mean.map((value) => value / length);
}

function addWord(sum, { weights, factors, halves }, number) {
  const factor = weights[number] * factors[number];
  const bytes = sum.length / 2;
  for (let n = 0; n < bytes; n++) {
    const byte = halves[number * bytes + n];
    sum[2 * n] += factor * ((byte & 15) - 8);
    sum[2 * n + 1] += factor * ((byte >> 4) - 8);
  }
}

/** Return the cosine of a question with each of these rows, from `first` to `last`; zeros without a question. */
export function cosines(question, { factors, rows }, first, last) {
  const found = new Float64Array(last - first);
  if (!question) return found;
  for (let row = first; row < last; row++) {
    let sum = 0;
    for (let n = 0, at = row * question.length; n < question.length; n++, at++) sum += question[n] * rows[at];
    found[row - first] = sum * factors[row];
  }
  return found;
}
