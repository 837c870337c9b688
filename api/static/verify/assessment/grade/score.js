// The weighted score: sub-scores between knots, weighted, rounded once half-up to two places, compared, capped, held.
import { fixed, halfUp, largest, of, sum, text } from "../rational.js";
import { NOT_RATED } from "./document.js";
import { meanOf } from "./peers.js";
import { pointsAt } from "./scheme.js";
import { notRated, rated, step } from "./step.js";

const SCORE_PLACES = 2;

/** The grade of a weighted score; not rated where emission, intensity or peers are not known. */
export function rate(scheme, given) {
  const steps = [];
  const { emission, quality, gap } = emissionOf(scheme, given, steps);
  if (emission === null) return notRated(steps, gap);
  const { k, trend } = intensityOf(scheme, given, emission, steps);
  if (k === null) return notRated(steps, ["No intensity that can be compared", "无可比强度"]);
  const values = { k, trend, share: given.share, quality, neutral: given.neutral };
  const total = sum(scheme.parts.map((part) => partOf(part, values, steps)));
  const rounded = halfUp(total, SCORE_PLACES);
  const score = fixed(total, SCORE_PLACES);
  const formula = "Σ weight × points, half-up to 2 places";
  steps.push(step("score", ["Score", "总分"], formula, [], { value: total, rounded: score }));
  const reached = reachedBy(scheme, given, rounded, values, steps);
  const held = heldBy(scheme, given, rounded, reached, values, steps);
  return rated(held, reached.key, steps, { score });
}

/** Emission t of twelve months; a missing month is filled with the highest one, and the data quality falls. */
function emissionOf(scheme, given, steps) {
  const title = ["Emission of twelve months", "十二个月排放量"];
  const { emission, months, quality } = given;
  if (months === null) {
    steps.push(step("emission", title, "as reported", [["t", text(emission)]], { value: emission }));
    return { emission, quality };
  }
  const missing = 12 - months.length;
  const limit = scheme.rules.get("filled-months");
  const worse = scheme.rules.get("filled-quality");
  const known = [["months", String(months.length)], ["missing", String(missing)]];
  if (of(missing).above(limit.value) || !months.length) {
    const outcome = "too many months are missing";
    steps.push(step("emission", title, "Σ months", known, { thresholds: [limit], outcome }));
    return { emission: null, quality, gap: ["Too many months are missing", "缺失月份过多"] };
  }
  const total = sum(months).plus(of(missing).times(largest(months)));
  const outcome = missing ? "filled with the highest month" : "complete";
  const formula = "Σ months + missing × highest month";
  steps.push(step("emission", title, formula, known, { value: total, thresholds: [limit, worse], outcome }));
  return { emission: total, quality: missing && worse.value.above(quality) ? worse.value : quality };
}

/** K and trend: by value added, else by product against its benchmark, else unknown. */
function intensityOf(scheme, given, emission, steps) {
  const title = ["Carbon efficiency K", "碳效值 K"];
  const { valueAdded, product } = given;
  if (valueAdded !== null && valueAdded.n > 0n) {
    const level = emission.over(valueAdded);
    const read = [["emission", text(emission)], ["value_added", text(valueAdded)]];
    steps.push(step("intensity", ["Carbon level L", "碳水平 L"], "E / VA, t per 10^4 CNY", read, { value: level }));
    const [mean, peers] = meanOf(given.peers, scheme.rules.get("peers"));
    steps.push(peers);
    if (mean === null) return { k: null, trend: null };
    const k = level.over(mean);
    const compared = [["l", text(level)], ["mean", text(mean)]];
    steps.push(step("k", title, "L / mean of the peers", compared, { value: k }));
    return { k, trend: trendOf(level, given.intensityBefore, steps) };
  }
  if (product === null) return { k: null, trend: null };
  const k = product.intensity.over(product.benchmark);
  const read = [["intensity", text(product.intensity)], ["benchmark", text(product.benchmark)]];
  const formula = "product intensity / benchmark (no value added above zero)";
  steps.push(step("k", title, formula, read, { value: k }));
  return { k, trend: trendOf(product.intensity, product.before, steps) };
}

function trendOf(now, before, steps) {
  if (before === null) return null;
  const value = now.over(before).minus(of(1));
  const read = [["now", text(now)], ["before", text(before)]];
  steps.push(step("trend", ["Change in a year", "同比变化"], "L / L a year before − 1", read, { value }));
  return value;
}

function partOf(part, values, steps) {
  const x = values[part.variable];
  const points = x === null ? part.absent.value : pointsAt(part, x);
  const read = [[part.variable, x === null ? "unknown" : text(x)], ["weight", text(part.weight.value)]];
  const thresholds = x === null ? [part.weight, part.absent] : [part.weight];
  const knots = part.knots.map(([at, y]) => `${text(at)} → ${text(y)}`).join(", ");
  steps.push(step(part.key, part.title, `piecewise linear: ${knots}`, read, { value: points, thresholds }));
  return part.weight.value.times(points);
}

/** The best grade whose threshold the score meets and whose caps hold; the lowest under a veto. */
function reachedBy(scheme, given, rounded, values, steps) {
  const lowest = scheme.grades.at(-1);
  if (given.veto) {
    steps.push(step("veto", ["Veto", "一票否决"], "a veto is in force", [], { outcome: lowest.key }));
    return lowest;
  }
  for (const grade of scheme.grades) {
    if (grade.least === null || rounded.below(grade.least.value)) continue;
    const broken = grade.caps.filter((clause) => !clause.some((condition) => holds(condition, values)));
    const thresholds = [grade.least, ...broken.flat().map((condition) => condition.limit)];
    const outcome = broken.length ? `capped below ${grade.key}` : grade.key;
    const formula = grade.caps
      .map((clause) => clause.map((c) => `${c.variable} ${c.operator} ${text(c.limit.value)}`).join(" or "))
      .join("; ");
    const read = [["score", text(rounded)]];
    const more = { value: rounded, thresholds, outcome };
    steps.push(step(`grade-${grade.key}`, grade.title, formula || "score only", read, more));
    if (!broken.length) return grade;
  }
  return lowest;
}

function holds({ variable, operator, limit }, values) {
  const value = values[variable];
  if (value === null) return false;
  return operator === "<=" ? !value.above(limit.value) : !value.below(limit.value);
}

/** Hysteresis: up only with the margin, or when last quarter reached as much; down at once. */
function heldBy(scheme, given, rounded, reached, values, steps) {
  const { before, veto } = given;
  if (before === null || before.grade === NOT_RATED || veto) return reached;
  const order = scheme.grades.map((grade) => grade.key);
  const [held, now] = [order.indexOf(before.grade), order.indexOf(reached.key)];
  if (now >= held) return reached;
  const last = before.reached === NOT_RATED ? order.length : order.indexOf(before.reached);
  const margin = scheme.rules.get("upgrade-margin");
  let found = scheme.grades[held];
  for (let at = now; at < held; at++) {
    const { least, caps } = scheme.grades[at];
    const capsHold = caps.every((clause) => clause.some((condition) => holds(condition, values)));
    if (capsHold && (!rounded.below(least.value.plus(margin.value)) || last <= at)) {
      found = scheme.grades[at];
      break;
    }
  }
  const read = [["held", before.grade], ["reached_last_quarter", before.reached], ["reached", reached.key]];
  const formula = "up with score ≥ threshold + margin, or reached two quarters running; down at once";
  const more = { value: rounded, thresholds: [margin], outcome: found.key };
  steps.push(step("hysteresis", ["Hysteresis", "升级缓冲"], formula, read, more));
  return found;
}
