// What a rule finds: measures, and a verdict over them.
import { jsonOf } from "../rational.js";

const SHOWN_MEASURES = 20;

/** One thing measured; `inputs` as [name, text] pairs, `value` a fraction or null, `threshold` a parameter or null. */
export const measure = (at, inputs, value, threshold, breached) => ({ at, inputs, value, threshold, breached });

export const measureJson = ({ at, breached, inputs, threshold, value }) => ({
  at,
  breached,
  inputs: Object.fromEntries(inputs),
  threshold: threshold === null ? null : threshold.name,
  value: jsonOf(value),
});

export const outcome = (verdict, points = 0, measures = [], need = "") => ({ verdict, points, measures, need });

/** Failed if any measure is breached. */
export function hard(measures) {
  return outcome(measures.some(({ breached }) => breached) ? "failed" : "passed", 0, kept(measures));
}

/** `points` if any measure is breached. */
export function soft(measures, points) {
  const breached = measures.some((one) => one.breached);
  return outcome(breached ? "points" : "passed", breached ? points : 0, kept(measures));
}

/** The section was not given. */
export const silent = (section) => outcome("silent", 0, [], section);

/** There is too little for the rule. */
export const insufficient = (need) => outcome("insufficient", 0, [], need);

/** The breached ones, else the one nearest to its threshold; at most 20. */
export function kept(measures) {
  const breached = measures.filter((one) => one.breached);
  if (breached.length) return breached.slice(0, SHOWN_MEASURES);
  const numbered = measures.filter(({ value }) => value !== null);
  if (numbered.length) return [numbered.reduce((a, b) => (b.value.above(a.value) ? b : a))];
  return measures.slice(0, 1);
}
