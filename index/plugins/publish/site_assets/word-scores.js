// Scores passages by the question's words: BM25 of the passage, and of the passage with both neighbours, as the server's
// index computes it (tantivy's constants; the share of the neighbours is in index.json, as `ranking`).

const SATURATION = 1.2;
const LENGTH_SHARE = 0.75;

/** Return what all questions need: the lengths of passages, alone and with their neighbours. */
export function prepareFields(index) {
  const { contextShare } = index.ranking;
  return [
    { share: 1 - contextShare, reach: 0, ...measured(index, 0) },
    { share: contextShare, reach: 1, ...measured(index, 1) },
  ];
}

function measured(index, reach) {
  const lengths = index.passages.map(({ id }) => around(index, id, reach).reduce((sum, n) => sum + index.lengths[n], 0));
  const mean = lengths.reduce((sum, length) => sum + length, 0) / lengths.length;
  return { norms: lengths.map((length) => SATURATION * (1 - LENGTH_SHARE + (LENGTH_SHARE * rounded(length)) / mean)) };
}

/** Return a passage and its neighbours in the same document. */
function around({ passages }, id, reach) {
  return [id - 1, id, id + 1].filter(
    (n) => Math.abs(n - id) <= reach && passages[n]?.document === passages[id].document,
  );
}

/** Return a length as tantivy stores it in a byte: exact up to 40, then with a leading digit of three bits. */
function rounded(length) {
  if (length <= 40) return length;
  const step = 2 ** (Math.floor(Math.log2((length - 24) / 8)));
  return 24 + Math.floor((length - 24) / step) * step;
}

/** Return the BM25 score of each passage; 0 for a passage without any of the terms, which may be repeated. */
export function wordScores(index, fields, terms) {
  const scores = new Float64Array(index.passages.length);
  const times = new Map();
  for (const term of terms) times.set(term, (times.get(term) ?? 0) + 1);
  for (const [term, repeated] of times) {
    const own = countsOf(index, term);
    for (const { share, reach, norms } of fields) {
      const counts = reach ? spread(index, own) : own;
      const weight = share * repeated * (1 + SATURATION) * rarity(index.passages.length, counts.size);
      for (const [id, count] of counts) scores[id] += (weight * count) / (count + norms[id]);
    }
  }
  return scores;
}

/** Return the inverse document frequency of each term among the passages. */
export function rarities(index, terms) {
  return new Map(terms.map((term) => [term, rarity(index.passages.length, countsOf(index, term).size)]));
}

const rarity = (total, count) => Math.log(1 + (total - count + 0.5) / (count + 0.5));

function countsOf(index, term) {
  const found = new Map();
  const { sentences, counts } = index.postings.get(term) ?? { sentences: [], counts: [] };
  sentences.forEach((sentence, n) => {
    const id = index.sentences[sentence].passage;
    found.set(id, (found.get(id) ?? 0) + counts[n]);
  });
  return found;
}

/** Add to each passage the counts of its neighbours. */
function spread(index, own) {
  const found = new Map();
  for (const [id, count] of own) for (const n of around(index, id, 1)) found.set(n, (found.get(n) ?? 0) + count);
  return found;
}
