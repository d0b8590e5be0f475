// Loads the compact index of the site. index/plugins/publish/site_index.py writes it and describes its sections.

/** Return the index, ready to search. */
export async function loadIndex() {
  const [about, data] = await Promise.all([
    fetch("index.json").then(checked).then((response) => response.json()),
    fetch("index.bin").then(checked).then((response) => response.arrayBuffer()),
  ]);
  return decode(about, data);
}

/** Return a response, unless it says that the file is not there. */
export function checked(response) {
  if (!response.ok) throw new Error(`${response.url} answered ${response.status}`);
  return response;
}

export function decode(about, data) {
  const bytes = (name) => new Uint8Array(data, ...about.sections[name]);
  const vocabulary = new TextDecoder().decode(bytes("terms")).split("\n");
  const places = readPassages(numbers(bytes("passages")), about);
  return {
    ...about,
    vocabulary,
    ...places,
    ...readPostings(numbers(bytes("postings")), vocabulary, places),
    words: {
      numbers: new Map(vocabulary.slice(0, about.words).map((term, number) => [term, number])),
      weights: bytes("weights"),
      rarest: about.rarest,
      factors: new Float32Array(data, about.sections.words[0], about.words),
      halves: new Uint8Array(data, about.sections.words[0] + 4 * about.words, (about.words * about.dimensions) / 2),
      bias: new Float32Array(data, about.sections.bias[0], about.dimensions),
    },
    passageVectors: readRows(data, about.sections["passage-vectors"], about.passages),
    sentenceVectors: readRows(data, about.sections["sentence-vectors"], about.sentences),
  };
}

function readRows(data, [offset, length], rows) {
  return { factors: new Float32Array(data, offset, rows), rows: new Int8Array(data, offset + 4 * rows, length - 4 * rows) };
}

/** Return a function that reads one number after the other. */
function numbers(bytes) {
  let at = 0;
  return () => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++];
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
}

function readPassages(next, about) {
  const passages = [];
  const sentences = [];
  for (let id = 0; id < about.passages; id++) {
    const [document, start, length, count] = [next(), next(), next(), next()];
    passages.push({ id, document, start, end: start + length, first: sentences.length, count });
    let at = start;
    for (let n = 0; n < count; n++) {
      const gap = next();
      const begin = at + (gap >> 1);
      at = begin + next();
      sentences.push({ passage: id, start: begin, end: at, isPinnable: Boolean(gap & 1) });
    }
  }
  return { passages, sentences };
}

/** Return for each term its sentences and its counts there; and the lengths of all passages, in terms. */
function readPostings(next, vocabulary, { passages, sentences }) {
  const postings = new Map();
  const lengths = new Float64Array(passages.length);
  for (const term of vocabulary) {
    const [found, counts] = [[], []];
    for (let left = next(), sentence = -1; left > 0; left--) {
      const step = next();
      sentence += step >> 1;
      found.push(sentence);
      counts.push(step & 1 ? next() : 1);
      lengths[sentences[sentence].passage] += counts.at(-1);
    }
    if (found.length) postings.set(term, { sentences: found, counts });
  }
  return { postings, lengths };
}
