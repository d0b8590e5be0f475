// Ranks the passages of the site for a question, as index/search/fusion.py does, without the models that need a server.
// The constants of the ranking are in index.json (`ranking`), where the server's program writes its own.
import { questionTerms, terms } from "./analysis.js";
import { weigh } from "./evidence.js";
import { cosines, encode } from "./vectors.js";
import { prepareFields, rarities, wordScores } from "./word-scores.js";

const PASSAGES_PER_DOCUMENT = 3;
/** A question is near if its best cosine and this share of its best overlap reach a sum. Of questions that their documents
 *  answer, 97 % do by words, and of questions on something else 3 %; by the encoder, 97 % and less than 1 % (SQuAD, Cranfield
 *  and the sample questions). */
const NEAR = { words: { overlap: 0.6, least: 0.72 }, encoder: { overlap: 0.2, least: 0.55 } };
const NEAR_HITS = 5;
/** A sentence that has nearly all words of a question is near, although no word may have a vector. */
const WHOLE_OVERLAP = 0.95;
const RARE = 0.9;
/** The least strength of a sentence that mentions a subject, if words alone encode the question: it agrees best with the server's coverage. */
const LEAST_STRENGTH_BY_WORDS = 0.5;

/** Searches an index. */
export class Ranking {
  constructor(index) {
    this.index = index;
    this.fields = prepareFields(index);
    this.encoder = undefined;
    this.most = 1 + index.ranking.evidenceShare * (1 + index.ranking.overlapShare);
  }

  /** Whether questions are encoded by the library's encoder, or by the vectors of words alone. */
  get means() {
    return this.encoder ? "encoder" : "words";
  }

  /** Return up to `limit` passages, best first, and whether any of them is near to the question. */
  search(text, limit) {
    const question = this.understand(text);
    if (!question.terms.length) return { hits: [], isNear: false };
    const sides = this.sides(question);
    const ids = candidates(sides, this.index.ranking.candidates);
    const first = sorted(ids, this.fuse(sides, ids)).slice(0, this.index.ranking.weighedCandidates);
    const hits = this.reordered(this.weighed(question, sides, first)).slice(0, limit);
    return { hits, isNear: isNear(hits, NEAR[this.means]) };
  }

  /** Return the best hit of each document that mentions a question, best first. */
  cover(text) {
    const question = this.understand(text);
    if (!question.terms.length) return [];
    const sides = this.sides(question);
    const ids = this.index.passages.map(({ id }) => id);
    const perDocument = new Map();
    const best = sorted(ids, this.fuse(sides, ids)).filter((id) => {
      const { document } = this.index.passages[id];
      perDocument.set(document, (perDocument.get(document) ?? 0) + 1);
      return perDocument.get(document) <= PASSAGES_PER_DOCUMENT;
    });
    const first = new Map();
    for (const hit of this.weighed(question, sides, best))
      if (!first.has(hit.passage.document)) first.set(hit.passage.document, hit);
    const { leastStrength, leastOverlap } = this.index.ranking;
    const least = this.encoder ? leastStrength : LEAST_STRENGTH_BY_WORDS;
    return [...first.values()].filter(({ evidence }) => evidence.best >= least || evidence.overlap >= leastOverlap);
  }

  understand(text) {
    const found = questionTerms(text);
    const known = rarities(this.index, [...new Set(found)]);
    const sets = new Map([...known.keys()].map((term) => [term, new Set(this.index.postings.get(term)?.sentences)]));
    return {
      terms: found,
      rarities: known,
      holds: (term, sentence) => Number(sets.get(term).has(sentence)),
      vector: this.encoder ? this.encoder.encode(text) : encode(this.index, text),
    };
  }

  /** Return the scores of all passages by meaning and by words. */
  sides(question) {
    return {
      meaning: cosines(question.vector, this.index.passageVectors, 0, this.index.passages.length),
      words: wordScores(this.index, this.fields, question.terms),
    };
  }

  /** Return these passages as hits, scored by their sentences, too; best first. */
  weighed(question, { meaning, words }, ids) {
    const evidence = new Map(ids.map((id) => [id, weigh(this.index, question, this.index.passages[id])]));
    const { sentenceShare, evidenceShare } = this.index.ranking;
    const near = { words, meaning: Float64Array.from(meaning) };
    for (const id of ids)
      near.meaning[id] = (1 - sentenceShare) * meaning[id] + sentenceShare * evidence.get(id).cosine;
    const fused = this.fuse(near, ids);
    const scores = new Map(ids.map((id) => [id, (fused.get(id) + evidenceShare * evidence.get(id).best) / this.most]));
    return sorted(ids, scores).map((id) => this.hit(id, scores.get(id), evidence.get(id)));
  }

  /** Return the weighted sum of both scores, each as a share of the best. */
  fuse({ meaning, words }, ids) {
    const { denseShare } = this.index.ranking;
    const best = (scores) => ids.reduce((most, id) => Math.max(most, scores[id]), 1e-6);
    const [bestMeaning, bestWords] = [best(meaning), best(words)];
    return new Map(ids.map((id) => [
      id,
      (denseShare * Math.max(meaning[id], 0)) / bestMeaning + ((1 - denseShare) * words[id]) / bestWords,
    ]));
  }

  /** Let the hits of one document exchange scores, so that those with the best pins come first. */
  reordered(hits) {
    const byDocument = new Map(hits.map(({ passage }) => [passage.document, []]));
    for (const hit of hits) byDocument.get(hit.passage.document).push(hit);
    const rank = ({ score, evidence }) => score * this.most + this.index.ranking.placeShare * evidence.claim;
    const exchanged = [...byDocument.values()].flatMap((same) =>
      [...same].sort((a, b) => rank(b) - rank(a)).map((hit, n) => ({ ...hit, score: same[n].score })));
    return exchanged.sort((a, b) => b.score - a.score);
  }

  hit(id, score, evidence) {
    const passage = this.index.passages[id];
    return { passage, score, evidence, pin: evidence.pin ?? passage };
  }

  /** Whether no passage has a word that should be in an answer: a name, a number or a rare word. */
  isAbsent(word, text) {
    const found = terms(word);
    const { numbers, weights, rarest } = this.index.words;
    const isRare = (term) => !numbers.has(term) || (weights[numbers.get(term)] / 255) * rarest >= RARE;
    const isName = /^\p{Lu}/u.test(word) && !text.trim().startsWith(word);
    const isTold = word.length > 1 && (isName || /\p{N}/u.test(word) || isRare(found[0]));
    return isTold && found.length > 0 && !found.some((term) => this.index.postings.has(term));
  }
}

/** Return the passages that are among the first by meaning or by words. */
function candidates({ meaning, words }, most) {
  const ids = Array.from(meaning.keys());
  const firstBy = (scores) => [...ids].sort((a, b) => scores[b] - scores[a]).slice(0, most);
  return [...new Set([...firstBy(meaning), ...firstBy(words).filter((id) => words[id] > 0)])];
}

const sorted = (ids, scores) => [...ids].sort((a, b) => scores.get(b) - scores.get(a));

function isNear(hits, { overlap, least }) {
  const first = hits.slice(0, NEAR_HITS);
  const best = (score) => Math.max(0, ...first.map(({ evidence }) => evidence[score]));
  return best("cosine") + overlap * best("overlap") >= least || best("overlap") >= WHOLE_OVERLAP;
}
