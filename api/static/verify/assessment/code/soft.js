// Soft rules: each gives points; red needs six from two families at least. S10 to S13 order the inspector's queue only.
import { Fraction, ONE, ZERO, halfUp, largest, ln, log10, of, sum, text } from "../rational.js";
import { LN_PLACES, mad, median } from "../statistics.js";
import { insufficient, kept, measure, outcome, silent, soft } from "./outcome.js";

const YEAR = 4;
const BENFORD_PLACES = 12;

const int = (p, name) => Number(p.get(name).value.whole());

/** S01: equal consecutive non-zero values, by month (of three significant digits) or by quarter of an hour. */
export function frozen({ series }, p) {
  return series === null ? silent("series") : soft(series.map((one) => longestRun(one, p)), int(p, "points"));
}

function longestRun({ path, name, interval, values }, p) {
  const monthly = interval === "month";
  const digits = monthly ? int(p, "digits") : 0;
  const runs = [];
  for (const value of values) {
    if (runs.length && runs.at(-1).value.equals(value)) runs.at(-1).n += 1;
    else runs.push({ n: 1, value });
  }
  // the longest, and of equals the largest value
  const longer = (a, b) => b.n > a.n || (b.n === a.n && b.value.above(a.value));
  const counted = runs.filter(({ value }) => !value.isZero && significant(value) >= digits);
  const longest = counted.reduce((a, b) => (longer(a, b) ? b : a), { n: 0, value: ZERO });
  const limit = p.get(monthly ? "months" : "readings");
  const inputs = [["name", name], ["repeated", text(longest.value)], ["run", String(longest.n)]];
  return measure(path, inputs, of(longest.n), limit, !of(longest.n).below(limit.value));
}

/** Significant digits of a decimal, zeros at its ends not counted. */
function significant(value) {
  return String(value.times(new Fraction(10n ** 18n)).n).replace(/^0+|0+$/g, "").length;
}

/** S02: |ln(E_t/E_{t-4}) - ln(P_t/P_{t-4})|, each logarithm to 6 decimals. */
export function yearOnYear(document, p) {
  if (document.history === null) return silent("history");
  const [now, before] = [quarterAt(document, 0), quarterAt(document, YEAR)];
  if (!now || !before) return insufficient("the quarter and the one a year before");
  if ([now.emission, now.output, before.emission, before.output].some((value) => value.isZero)) {
    return insufficient("emission and output above zero in both quarters");
  }
  const grown = ln(now.emission.over(before.emission), LN_PLACES);
  const value = grown.minus(ln(now.output.over(before.output), LN_PLACES)).abs();
  const inputs = [
    ["emission", `${text(before.emission)} → ${text(now.emission)}`],
    ["output", `${text(before.output)} → ${text(now.output)}`],
  ];
  return twoSteps(now.path, inputs, value, p);
}

/** More points above the higher threshold, fewer above the lower one. */
function twoSteps(at, inputs, value, p) {
  for (const [high, points] of [["high", "points-high"], ["low", "points-low"]]) {
    const limit = p.get(high);
    if (value.above(limit.value)) return outcome("points", int(p, points), [measure(at, inputs, value, limit, true)]);
  }
  return outcome("passed", 0, [measure(at, inputs, value, p.get("low"), false)]);
}

/** S03: modified z = 0.6745 (x - median) / MAD with x = ln(intensity). */
export function peerScore({ peers }, p) {
  if (peers === null) return silent("peers");
  const { n, ln: scale } = peers.statistics;
  if (of(n).below(p.get("peers").value)) return fewPeers(n, p);
  if (scale.mad.isZero) return insufficient("peers that differ: their MAD is zero");
  const x = lnIntensity(peers);
  const value = p.get("factor").value.times(x.minus(scale.median)).over(scale.mad).abs();
  const inputs = [["x", text(x)], ["median", text(scale.median)], ["mad", text(scale.mad)], ["n", String(n)]];
  const most = p.get("most");
  return soft([measure(peers.path, inputs, value, most, value.above(most.value))], int(p, "points"));
}

/** S04: x below Q1 - k IQR or above Q3 + k IQR with x = ln(intensity): how many IQR it lies outside. */
export function fence({ peers }, p) {
  if (peers === null) return silent("peers");
  const { n, ln: scale } = peers.statistics;
  const width = scale.q3.minus(scale.q1);
  if (of(n).below(p.get("peers").value)) return fewPeers(n, p);
  if (width.isZero) return insufficient("peers that differ: their quartiles are equal");
  const x = lnIntensity(peers);
  const value = largest([scale.q1.minus(x), x.minus(scale.q3), ZERO]).over(width);
  const inputs = [["x", text(x)], ["q1", text(scale.q1)], ["q3", text(scale.q3)], ["n", String(n)]];
  return twoSteps(peers.path, inputs, value, p);
}

const fewPeers = (n, p) => insufficient(`${text(p.get("peers").value)} peers; there are ${n}`);
const lnIntensity = ({ emission, valueAdded }) => ln(emission.over(valueAdded), LN_PLACES);

/** S05: |r| > 3 x 1.4826 x MAD(r) in the quarter, r the residuals of a robust STL made by the named software. */
export function seasonalResidual({ residuals }, p) {
  if (residuals === null) return silent("residuals");
  const most = p.get("most");
  const measures = [];
  for (const { path, name, period, software, values } of residuals) {
    const least = p.get("least").value;
    if (of(values.length).below(least)) {
      return insufficient(`${text(least)} residuals; there are ${values.length}`);
    }
    const spread = p.get("scale").value.times(mad(values));
    const current = largest(values.slice(period === 12 ? -3 : -1).map((value) => value.abs()));
    if (spread.isZero) return insufficient("residuals that differ: their MAD is zero");
    const value = current.over(spread);
    const inputs = [["name", name], ["residual", text(current)], ["spread", text(spread)], ["software", software]];
    measures.push(measure(path, inputs, value, most, value.above(most.value)));
  }
  return soft(measures, int(p, "points"));
}

/** S06: kWh per unit of output, and emission per kWh, against the own median of the 8 quarters before. */
export function energyRatio(document, p) {
  if (document.history === null) return silent("history");
  const count = int(p, "quarters");
  const quarters = Array.from({ length: Math.max(count + 1, 0) }, (_, back) => quarterAt(document, back));
  const known = quarters.filter((q) => q && q.electricity !== null && !q.electricity.isZero && !q.output.isZero);
  if (known.length <= count) return insufficient(`electricity and output of the quarter and the ${count} before`);
  const ratios = [
    ["kWh / output", (q) => q.electricity.over(q.output)],
    ["t / kWh", (q) => q.emission.over(q.electricity)],
  ];
  const measures = [];
  for (const [name, ratio] of ratios) {
    const own = median(known.slice(1).map(ratio));
    if (own.isZero) return insufficient("a median above zero");
    measures.push(againstMedian(known[0].path, name, ratio(known[0]), own, p.get("most")));
  }
  return soft(measures, int(p, "points"));
}

/** S07: ratio of two methods against the own median of 8 quarters, in the quarter and in the one before. */
export function twoMethods({ methods, lastQuarter }, p) {
  if (methods === null) return silent("methods");
  const [count, periods] = [int(p, "quarters"), int(p, "periods")];
  const wanted = Array.from({ length: Math.max(count + periods, 0) }, (_, back) => lastQuarter - back);
  const measures = [];
  for (const { path, name, ratios } of methods) {
    if (wanted.some((quarter) => !ratios.has(quarter))) {
      return insufficient(`both methods in the last ${count + periods} quarters`);
    }
    const own = median(wanted.slice(periods).map((quarter) => ratios.get(quarter)));
    if (own.isZero) return insufficient("a median above zero");
    const latest = wanted.slice(0, periods).map((quarter) => ratios.get(quarter));
    const found = latest.map((ratio) => againstMedian(path, name, ratio, own, p.get("most")));
    measures.push(found.reduce((a, b) => (b.value.below(a.value) ? b : a))); // all periods must lie outside
  }
  return soft(measures, int(p, "points"));
}

function againstMedian(at, name, ratio, own, most) {
  const value = ratio.over(own).minus(ONE).abs();
  const inputs = [["name", name], ["ratio", text(ratio)], ["median", text(own)]];
  return measure(at, inputs, value, most, value.above(most.value));
}

/** S08: t a year per 10^4 CNY lent lies in the band of real disclosures. */
export function lendingYield({ lending }, p) {
  if (lending === null) return silent("lending");
  const measures = lending.map(({ path, id, reduction, amount }) => {
    const value = reduction.over(amount);
    const isLow = value.below(p.get("low").value);
    const inputs = [["id", id], ["reduction", text(reduction)], ["amount", text(amount)]];
    return measure(path, inputs, value, p.get(isLow ? "low" : "high"), isLow || value.above(p.get("high").value));
  });
  return soft(measures, int(p, "points"));
}

/** S09: filings sent again in the quarter. */
export function resubmissions({ resubmissions: given }, p) {
  if (given === null) return silent("resubmissions");
  const count = of(given);
  const least = p.get("least");
  const one = measure("$.resubmissions", [["count", text(count)]], count, least, !count.below(least.value));
  return soft([one], int(p, "points"));
}

/** S10: mean absolute deviation of first digits from log10(1 + 1/d); of portfolios, never of one firm. */
export function firstDigits({ digits }, p) {
  const counts = digits?.first ?? null;
  if (counts === null) return silent("digits.first");
  const n = counts.reduce((total, count) => total + BigInt(count), 0n);
  if (new Fraction(n).below(p.get("least").value)) return fewDigits(n, p);
  const distances = counts.map((count, at) => {
    const expected = log10(ONE.plus(new Fraction(1n, BigInt(at + 1))), BENFORD_PLACES);
    return new Fraction(BigInt(count), n).minus(expected).abs();
  });
  const value = halfUp(sum(distances).over(of(9)), BENFORD_PLACES);
  return ofDigits("$.digits.first", n, value, p);
}

/** S11: chi-square of the last digits against equal shares, 9 degrees of freedom. */
export function lastDigits({ digits }, p) {
  const counts = digits?.last ?? null;
  if (counts === null) return silent("digits.last");
  const n = counts.reduce((total, count) => total + BigInt(count), 0n);
  if (new Fraction(n).below(p.get("least").value)) return fewDigits(n, p);
  const expected = new Fraction(n, 10n);
  const squares = counts.map((count) => {
    const gap = of(count).minus(expected);
    return gap.times(gap).over(expected);
  });
  return ofDigits("$.digits.last", n, sum(squares), p);
}

const fewDigits = (n, p) => insufficient(`${text(p.get("least").value)} values; there are ${n}`);

function ofDigits(at, n, value, p) {
  const most = p.get("most");
  return soft([measure(at, [["n", String(n)]], value, most, value.above(most.value))], int(p, "points"));
}

/** S12: the score lies above the percentile of the training that the document names. */
export const isolationForest = (document, p) => byModel(document, p, "isolation-forest");

/** S13: the reconstruction error likewise. */
export const reconstruction = (document, p) => byModel(document, p, "reconstruction");

function byModel({ models }, p, model) {
  const measures = (models ?? [])
    .filter((one) => one.model === model)
    .map(({ path, score, threshold }) => {
      const inputs = [["model", model], ["score", text(score)], ["percentile", text(threshold)]];
      return measure(path, inputs, score, null, score.above(threshold));
    });
  return measures.length ? soft(kept(measures), int(p, "points")) : silent(`models (${model})`);
}

function quarterAt({ history, lastQuarter }, back) {
  return history.find((quarter) => quarter.at === lastQuarter - back);
}
