// Peer statistics: the statements that an assessor publishes for an industry and a quarter (docs/assessment.md).
import { Malformed } from "../errors.js";
import { concat, hex, word } from "../bytes.js";
import { keccak } from "../crypto.js";
import { name32 } from "../names.js";
import { Node } from "./node.js";
import { digestOf } from "./parameters.js";
import { Fraction } from "./rational.js";

export const LEVELS = ["4-digit", "3-digit", "2-digit", "all"]; // of GB/T 4754, finest first; on the chain 1 to 4
export const LN_PLACES = 6;
const SCALE = ["mad", "mean", "median", "q1", "q3"];

/** The value at (n-1)p of sorted values, by linear interpolation. */
function quantile(ordered, p) {
  const at = new Fraction(BigInt(ordered.length - 1)).times(p);
  const below = at.whole();
  const low = ordered[Number(below)];
  const high = ordered[Math.min(Number(below) + 1, ordered.length - 1)];
  return low.plus(at.minus(new Fraction(below)).times(high.minus(low)));
}

export function median(values) {
  return quantile(values.toSorted((a, b) => a.compare(b)), new Fraction(1n, 2n));
}

/** Median absolute deviation from the median, without a factor. */
export function mad(values) {
  const middle = median(values);
  return median(values.map((value) => value.minus(middle).abs()));
}

export function parseStatistics(node) {
  const fields = node.fields(["industry", "level", "linear", "ln", "n", "period", "sums", "v"]);
  fields.v.integer(1, 1);
  const period = fields.period.fields(["quarter", "year"]);
  const sums = fields.sums.fields(["emission", "value_added"]);
  return {
    industry: fields.industry.text({ least: 1, most: 32 }),
    level: fields.level.oneOf(LEVELS),
    year: period.year.integer(1990, 9999),
    quarter: period.quarter.integer(1, 4),
    n: fields.n.integer(1, 10_000_000),
    emission: notNegative(sums.emission),
    value_added: notNegative(sums.value_added),
    linear: parseScale(fields.linear),
    ln: parseScale(fields.ln),
    id: digestOf(node.value), // its form is one: what was parsed is written the same way
  };
}

function parseScale(node) {
  const fields = node.fields(SCALE);
  const found = Object.fromEntries(SCALE.map((name) => [name, fraction(fields[name])]));
  if (found.mad.n < 0n) throw fields.mad.malformed("a negative deviation", "0 or more");
  if (found.q1.above(found.median) || found.median.above(found.q3)) {
    throw node.malformed("quartiles out of order", "q1 <= median <= q3");
  }
  return found;
}

/** A whole number or numerator/denominator in lowest terms. */
export function fraction(node) {
  const written = node.text({ least: 1, most: 2001 });
  const match = /^(-?[0-9]+)(?:\/([0-9]+))?$/.exec(written);
  if (match && !/^0+$/.test(match[2] ?? "1")) {
    const value = new Fraction(BigInt(match[1]), BigInt(match[2] ?? 1));
    if (String(value) === written) return value;
  }
  throw node.malformed("not a fraction", 'a whole number or one in lowest terms, such as "17/20"');
}

function notNegative(node) {
  const value = fraction(node);
  if (value.n < 0n) throw node.malformed("a negative sum", "0 or more");
  return value;
}

/** A statement as it was published under a revision: [STATEMENT, revision]; its `id` is that of its record. */
export function parseStatement(value) {
  const isPair = Array.isArray(value) && value.length === 2 && value[0] !== null && typeof value[0] === "object";
  if (!isPair || Array.isArray(value[0]) || typeof value[1] !== "number" || value[1] < 1) {
    throw new Malformed("a statement of peers", { expected: "[statement, revision]", found: typeof value });
  }
  const statistics = parseStatistics(new Node(value[0]));
  const numbers = [LEVELS.indexOf(statistics.level) + 1, statistics.year, statistics.quarter, value[1]];
  const id = hex(keccak(concat(name32(statistics.industry), ...numbers.map((number) => word(number)))));
  return { statistics, revision: value[1], id };
}
