// Encodes a question with the library's own encoder, a BERT of six layers, in plain JavaScript. The weights have eight
// bits, those of tokens four; index/plugins/publish/site_index.py writes them.
import { checked } from "./index-file.js";
import { tokenize } from "./tokens.js";

/** Load the encoder of the site, about 18 MB. */
export async function loadEncoder() {
  const [about, data] = await Promise.all([
    fetch("encoder.json").then(checked).then((response) => response.json()),
    fetch("encoder.bin").then(checked).then((response) => response.arrayBuffer()),
  ]);
  return new Encoder(about, data);
}

export class Encoder {
  constructor(about, data) {
    Object.assign(this, about);
    this.data = data;
    const tokens = new TextDecoder().decode(new Uint8Array(data, ...about.sections.tokens)).split("\n");
    this.numbers = new Map(tokens.map((token, number) => [token, number]));
  }

  /** Return the vector of a text among the components of the site, of length one. */
  encode(text) {
    const tokens = tokenize(this.numbers, text, this.limit);
    let states = this.norm("embeddings.LayerNorm", tokens.map((token, place) => this.embed(token, place)));
    for (let n = 0; n < this.layers; n++) states = this.layer(`encoder.layer.${n}`, states);
    const mean = new Float32Array(this.size).map((_, n) => states.reduce((sum, state) => sum + state[n], 0));
    return unit(this.projected(mean));
  }

  floats(name, skipped = 0, length = this.sections[name][1] / 4) {
    return new Float32Array(this.data, this.sections[name][0] + 4 * skipped, length);
  }

  /** Return the rows of a section of bytes, and a factor for each. */
  rows(name, width) {
    const [offset, length] = this.sections[name];
    const count = length / (width + 4);
    return { factors: this.floats(name, 0, count), bytes: new Int8Array(this.data, offset + 4 * count, count * width) };
  }

  embed(token, place) {
    const [offset, length] = this.sections.words;
    const groups = this.size / this.group;
    const count = length / (4 + this.group / 2);
    const factors = this.floats("words", token * groups, groups);
    const halves = new Uint8Array(this.data, offset + 4 * count + (token * this.size) / 2, this.size / 2);
    const places = this.rows("places", this.size);
    return new Float32Array(this.size).map((_, n) => {
      const half = (n & 1 ? halves[n >> 1] >> 4 : halves[n >> 1] & 15) - 8;
      return half * factors[Math.floor(n / this.group)] + places.bytes[place * this.size + n] * places.factors[place];
    });
  }

  layer(name, states) {
    const attended = this.linear(`${name}.attention.output.dense`, this.attend(`${name}.attention.self`, states));
    const between = this.norm(`${name}.attention.output.LayerNorm`, added(attended, states));
    const wide = this.linear(`${name}.intermediate.dense`, between).map((row) => row.map(gelu));
    return this.norm(`${name}.output.LayerNorm`, added(this.linear(`${name}.output.dense`, wide), between));
  }

  attend(name, states) {
    const [queries, keys, values] = ["query", "key", "value"].map((part) => this.linear(`${name}.${part}`, states));
    const width = this.size / this.heads;
    return queries.map((query) => {
      const result = new Float32Array(this.size);
      for (let first = 0; first < this.size; first += width) {
        const shares = softmax(keys.map((key) => dot(query, key, first, first + width) / Math.sqrt(width)));
        values.forEach((value, n) => {
          for (let at = first; at < first + width; at++) result[at] += shares[n] * value[at];
        });
      }
      return result;
    });
  }

  linear(name, inputs) {
    const width = inputs[0].length;
    const { factors, bytes } = this.rows(`${name}.weight`, width);
    const bias = this.floats(`${name}.bias`);
    const results = inputs.map(() => new Float32Array(factors.length));
    const weights = new Float32Array(width); // A row as floats, which all inputs share.
    for (let row = 0; row < factors.length; row++) {
      for (let n = 0; n < width; n++) weights[n] = bytes[row * width + n];
      inputs.forEach((input, n) => (results[n][row] = dot(input, weights, 0, width) * factors[row] + bias[row]));
    }
    return results;
  }

  norm(name, states) {
    const [weight, bias] = [this.floats(`${name}.weight`), this.floats(`${name}.bias`)];
    return states.map((state) => {
      const mean = state.reduce((sum, value) => sum + value, 0) / this.size;
      const variance = state.reduce((sum, value) => sum + (value - mean) ** 2, 0) / this.size;
      const scale = 1 / Math.sqrt(variance + this.epsilon);
      return state.map((value, n) => (value - mean) * scale * weight[n] + bias[n]);
    });
  }

  projected(vector) {
    const basis = this.floats("basis");
    const found = new Float64Array(basis.length / this.size);
    return found.map((_, row) => vector.reduce((sum, value, n) => sum + value * basis[row * this.size + n], 0));
  }
}

/** Return the product of two vectors. Four sums at a time take a third of the time of one. Lengths are multiples of four. */
function dot(a, b, first, last) {
  let [one, two, three, four] = [0, 0, 0, 0];
  for (let n = first; n < last; n += 4) {
    one += a[n] * b[n];
    two += a[n + 1] * b[n + 1];
    three += a[n + 2] * b[n + 2];
    four += a[n + 3] * b[n + 3];
  }
  return one + two + three + four;
}

const added = (rows, others) => rows.map((row, n) => row.map((value, at) => value + others[n][at]));

function softmax(values) {
  const most = Math.max(...values);
  const powers = values.map((value) => Math.exp(value - most));
  const total = powers.reduce((sum, value) => sum + value, 0);
  return powers.map((value) => value / total);
}

/** The activation between the layers. The error function is that of Abramowitz and Stegun, 7.1.26. */
function gelu(value) {
  const x = Math.abs(value) / Math.SQRT2;
  const t = 1 / (1 + 0.3275911 * x);
  const series = ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t;
  const error = 1 - series * Math.exp(-x * x);
  return (value * (1 + (value < 0 ? -error : error))) / 2;
}

function unit(vector) {
  const length = Math.hypot(...vector) || 1;
  return vector.map((value) => value / length);
}
