// Sums of exact amounts and the one rounding at their end: the same as carbonledger/accounting/sums.py.
import { Refused } from "./errors.js";
import { SCALE, checked } from "./methods.js";

export const DENOMINATOR = 12n * SCALE ** 3n;
export const MODES = ["floor", "ceiling", "half-up", "half-even"];
export const MASSES = { g: 1n, kg: 1_000n, "10kg": 10_000n, t: 1_000_000n };
const LARGEST_MULTIPLE = 1n << 255n;

/** The row of a rounding table as one byte on the chain. */
export function rowNumber(row) {
  const masses = Object.keys(MASSES);
  return 1 + masses.length * MODES.indexOf(row.mode) + masses.indexOf(row.unit);
}

export function emptySum() {
  return { whole: 0n, rests: [] };
}
export function add(sum, { numerator, divisor }) {
  sum.whole = checked(sum.whole + numerator / divisor);
  const rest = numerator % divisor;
  if (rest) sum.rests.push([rest, divisor]);
}

/** One amount in whole grams, rounded by a row. */
export function roundedAmount({ numerator, divisor }, row) {
  const rest = numerator % divisor;
  return grams(numerator / divisor, 2n * rest >= divisor, rest !== 0n, row);
}

/** added - subtracted in whole grams, rounded by a row. */
export function difference(added, subtracted, row) {
  const low = added.whole - checked(subtracted.whole + BigInt(subtracted.rests.length));
  const high = checked(added.whole + BigInt(added.rests.length)) - subtracted.whole;
  if (high < 0n || (high === 0n && added.rests.length)) throw negative();
  if (low >= 0n && (low === high || grams(low, false, false, row) === grams(high, false, false, row))) {
    return grams(low, false, false, row);
  }
  const plus = collected(added.rests);
  const minus = collected(subtracted.rests);
  const both = [[plus.numerator, plus.denominator], [minus.denominator - minus.numerator, minus.denominator]];
  const rest = collected(both.filter(([numerator]) => numerator));
  const whole = added.whole + plus.carry + rest.carry - (subtracted.whole + minus.carry + 1n);
  if (whole < 0n) throw negative();
  return grams(whole, 2n * rest.numerator >= rest.denominator, rest.numerator !== 0n, row);
}

function collected(rests) {
  let [carry, numerator, denominator] = [0n, 0n, 1n];
  for (const [rest, divisor] of rests) {
    const shared = gcd(rest, divisor);
    const [top, bottom] = [rest / shared, divisor / shared];
    const multiple = (denominator / gcd(denominator, bottom)) * bottom;
    if (multiple >= LARGEST_MULTIPLE) {
      throw new Refused("fractions that cannot be summed exactly", { expected: "a common denominator below 2^255" });
    }
    numerator = numerator * (multiple / denominator) + top * (multiple / bottom);
    denominator = multiple;
    if (numerator >= denominator) {
      carry += 1n;
      numerator -= denominator;
    }
  }
  return { carry, numerator, denominator };
}

function grams(whole, half, inexact, row) {
  const step = DENOMINATOR * MASSES[row.unit];
  const quotient = whole / step;
  const rest = whole % step;
  const nearest = 2n * rest + (half ? 1n : 0n) >= step;
  let up = false;
  if (row.mode === "ceiling") up = rest > 0n || inexact;
  else if (row.mode === "half-up") up = nearest;
  else if (row.mode === "half-even") up = 2n * rest === step && !inexact ? quotient % 2n === 1n : nearest;
  const found = (quotient + (up ? 1n : 0n)) * MASSES[row.unit];
  if (found >> 256n) throw new Refused("the emission is too large", { expected: "below 2^256 g" });
  return found;
}

/** numerator / denominator as a whole number, by a mode. */
export function divide(numerator, denominator, mode) {
  const quotient = numerator / denominator;
  const rest = numerator % denominator;
  if (mode === "floor" || !rest) return quotient;
  const half = 2n * rest - denominator;
  const up = { ceiling: true, "half-up": half >= 0n, "half-even": half > 0n || (half === 0n && quotient % 2n === 1n) };
  return quotient + (up[mode] ? 1n : 0n);
}

function gcd(a, b) {
  while (b) [a, b] = [b, a % b];
  return a;
}
function negative() {
  return new Refused("the total is negative", {
    expected: "exports and deductions that are not above what was emitted and bought",
  });
}
