// Scores the sentences of a passage for a question: how near they are, and how well they serve as evidence. The rules are
// those of index/search/evidence.py, and so are the constants in index.json (`ranking`).
import { cosines } from "./vectors.js";

/** Return the evidence of a passage: its best sentences, and how strong they are. */
export function weigh(index, question, passage) {
  const { overlapShare, pinOverlapShare } = index.ranking;
  const sentences = index.sentences.slice(passage.first, passage.first + passage.count);
  const terms = [...question.rarities.keys()];
  const held = sentences.map((_, n) => terms.map((term) => question.holds(term, passage.first + n)));
  const near = cosines(question.vector, index.sentenceVectors, passage.first, passage.first + passage.count);
  const rarities = [...question.rarities.values()];
  const overlaps = held.map((row) => share(row, rarities));
  const strengths = overlaps.map((overlap, n) => near[n] + overlapShare * overlap);
  const claims = overlaps.map((overlap, n) => near[n] + pinOverlapShare * overlap);
  return summary(sentences, near, overlaps, strengths, claims, 1 + overlapShare);
}

function summary(sentences, near, overlaps, strengths, claims, most) {
  const places = sentences.map((_, n) => n);
  const pins = places.filter((n) => sentences[n].isPinnable).sort((a, b) => claims[b] - claims[a]);
  return {
    cosine: Math.max(...near),
    overlap: Math.max(...overlaps),
    best: Math.min(Math.max(...strengths, 0), most),
    claim: pins.length ? claims[pins[0]] : Math.min(...claims),
    pin: pins.length ? sentences[pins[0]] : undefined,
  };
}

/** Return the part of the weights that the held terms have, in [0, 1]. */
function share(row, weights) {
  let [sum, total] = [0, 0];
  row.forEach((has, n) => ((sum += has * weights[n]), (total += weights[n])));
  return sum / Math.max(total, 1e-9);
}
