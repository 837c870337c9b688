// Exact numbers of an assessment: fractions of BigInt, rounding half-up, logarithms rounded correctly; no float.
import { say } from "../say.js";

export class Fraction {
  /** In lowest terms, the denominator above zero. */
  constructor(numerator, denominator = 1n) {
    const sign = denominator < 0n ? -1n : 1n;
    const shared = denominator === 1n ? 1n : sign * gcd(numerator, denominator);
    this.n = numerator / shared;
    this.d = denominator / shared;
  }
  plus(other) {
    if (this.d === other.d) return new Fraction(this.n + other.n, this.d);
    return new Fraction(this.n * other.d + other.n * this.d, this.d * other.d);
  }
  minus(other) {
    return this.plus(new Fraction(-other.n, other.d));
  }
  times(other) {
    return new Fraction(this.n * other.n, this.d * other.d);
  }
  over(other) {
    return new Fraction(this.n * other.d, this.d * other.n);
  }
  abs() {
    return this.n < 0n ? new Fraction(-this.n, this.d) : this;
  }
  /** Below zero, zero or above: this is less than, equal to, more than the other. */
  compare(other) {
    const gap = this.n * other.d - other.n * this.d;
    return gap < 0n ? -1 : Number(gap > 0n);
  }
  above(other) {
    return this.compare(other) > 0;
  }
  below(other) {
    return this.compare(other) < 0;
  }
  equals(other) {
    return this.n === other.n && this.d === other.d;
  }
  get isZero() {
    return this.n === 0n;
  }
  /** Whole part toward zero. */
  whole() {
    return this.n / this.d;
  }
  /** As a statement of peers writes it: a whole number, or numerator/denominator. */
  toString() {
    return this.d === 1n ? String(this.n) : `${this.n}/${this.d}`;
  }
}

export const ZERO = new Fraction(0n);
export const ONE = new Fraction(1n);
export const of = (number) => new Fraction(BigInt(number));
export const sum = (values) => values.reduce((total, value) => total.plus(value), ZERO);
export const largest = (values) => values.reduce((a, b) => (b.above(a) ? b : a));

function gcd(a, b) {
  if (a < 0n) a = -a;
  if (b < 0n) b = -b;
  while (b) [a, b] = [b, a % b];
  return a;
}

const DECIMAL = /^(-?)(0|[1-9][0-9]{0,29})(?:\.([0-9]{1,18}))?$/;
const SHOWN_PLACES = 6;
const LONGEST_BITS = 13_000;

/** The exact value of a decimal string that may be negative. */
export function signed(node) {
  const match = DECIMAL.exec(node.text());
  if (match === null || match[0] === "-0") {
    throw node.malformed("not a decimal number", 'at most 30 digits, a point and 18 digits, such as "-0.35"');
  }
  const [, sign, whole, places = ""] = match;
  const value = new Fraction(BigInt(whole + places), 10n ** BigInt(places.length));
  return sign ? new Fraction(-value.n, value.d) : value;
}

/** As `signed`, and not negative; throws above `most`. */
export function decimal(node, most = null) {
  const value = signed(node);
  if (value.n < 0n) throw node.malformed("a negative number", "a decimal string from 0");
  if (most !== null && value.above(most)) throw node.malformed("a number too large", say`at most ${text(most)}`);
  return value;
}

/** As `decimal`, and not zero. */
export function positive(node) {
  const value = decimal(node);
  if (value.isZero) throw node.malformed("zero where something is divided by it", "a decimal string above 0");
  return value;
}

/** Rounded to `places` decimals; a tie goes away from zero. */
export function halfUp(value, places) {
  const scale = 10n ** BigInt(places);
  return new Fraction(scaledHalfUp(value, scale), scale);
}

function scaledHalfUp({ n, d }, scale) {
  const magnitude = (n < 0n ? -n : n) * scale;
  const whole = magnitude / d + (2n * (magnitude % d) >= d ? 1n : 0n);
  return n < 0n ? -whole : whole;
}

/** Decimal string of `value` rounded half-up, with exactly `places` decimals. */
export function fixed(value, places) {
  const scaled = scaledHalfUp(value, 10n ** BigInt(places));
  const digits = String(scaled < 0n ? -scaled : scaled).padStart(places + 1, "0");
  const sign = scaled < 0n ? "-" : "";
  return places ? `${sign}${digits.slice(0, -places)}.${digits.slice(-places)}` : sign + digits;
}

/** The shortest decimal string where one of 18 decimals is exact, else six decimals, half-up, with a mark. */
export function text(value) {
  for (let places = 0, scale = 1n; places < 19; places++, scale *= 10n) {
    if ((value.n * scale) % value.d === 0n) return fixed(value, places);
  }
  return "≈" + fixed(value, SHOWN_PLACES);
}

export function jsonOf(value) {
  if (value === null) return null;
  const short = Math.max(bitLength(value.n), bitLength(value.d)) <= LONGEST_BITS;
  return {
    denominator: short ? String(value.d) : "",
    numerator: short ? String(value.n) : "",
    shown: fixed(value, SHOWN_PLACES),
  };
}

function bitLength(number) {
  const digits = (number < 0n ? -number : number).toString(16);
  return digits === "0" ? 0 : 4 * digits.length - (Math.clz32(parseInt(digits[0], 16)) - 28);
}

/** Natural logarithm of a positive fraction, rounded half-up to `places` decimals, the last digit right. */
export function ln(value, places) {
  if (value.n <= 0n) throw new RangeError(`ln of ${value}, which is not positive`);
  if (value.equals(ONE)) return ZERO;
  for (let digits = places + 12; ; digits *= 2) {
    const scale = 10n ** BigInt(digits);
    const [scaled, error] = lnScaled(value, scale);
    const low = halfUp(new Fraction(scaled - error, scale), places);
    if (low.equals(halfUp(new Fraction(scaled + error, scale), places))) return low;
  }
}

/** Decimal logarithm, from two natural ones with 12 further digits each. */
export function log10(value, places) {
  return halfUp(ln(value, places + 12).over(ln(of(10), places + 12)), places);
}

/** ln(value)·scale, and a bound of its error: value = m·2^k with m near 1, ln m = 2 atanh((m-1)/(m+1)). */
function lnScaled({ n, d }, scale) {
  const k = bitLength(n) - bitLength(d);
  if (k >= 0) d <<= BigInt(k);
  else n <<= BigInt(-k);
  const error = 3n * BigInt(bitLength(scale) + 2) * BigInt(Math.abs(k) + 2);
  return [BigInt(k) * 2n * atanh(1n, 3n, scale) + 2n * atanh(n - d, n + d, scale), error];
}

function atanh(numerator, denominator, scale) {
  const sign = numerator < 0n ? -1n : 1n;
  numerator *= sign;
  let term = (numerator * scale) / denominator;
  let total = term;
  for (let n = 3n; term; n += 2n) {
    term = (term * numerator * numerator) / (denominator * denominator);
    total += term / n;
  }
  return sign * total;
}

export const TONNES = { g: 1n, kg: 1_000n, t: 1_000_000n };
const PER_TONNE = new Fraction(1_000_000n);

/** A value {"unit","value"} in the base unit of `units`. */
export function quantity(node, units, negative = false) {
  const fields = node.fields(["unit", "value"]);
  const unit = fields.unit.oneOf(Object.keys(units), "not a known unit here");
  const value = negative ? signed(fields.value) : decimal(fields.value);
  return value.times(new Fraction(units[unit]));
}

/** A mass of CO2e, in t. */
export const tonnes = (node) => quantity(node, TONNES).over(PER_TONNE);
