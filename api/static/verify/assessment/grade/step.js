// Steps of the explain record of a grade, and what a method answers.
import { parameterJson } from "../parameters.js";
import { jsonOf } from "../rational.js";
import { NOT_RATED } from "./document.js";

export const NOT_RATED_TITLE = { en: "Not rated", zh: "未评级" };

/** One step as in the result; `inputs` as [name, text] pairs, `title` as [English, Chinese]. */
export function step(key, title, formula, inputs, { value = null, rounded = null, thresholds = [], outcome = "" } = {}) {
  return {
    formula,
    inputs: Object.fromEntries(inputs),
    key,
    outcome,
    rounded,
    thresholds: thresholds.map(parameterJson),
    title: Array.isArray(title) ? { en: title[0], zh: title[1] } : title,
    value: jsonOf(value),
  };
}

export const rated = ({ key, title }, reached, steps, marks = {}) => ({ grade: key, title, reached, steps, marks });

/** Unknown is not the lowest grade. */
export function notRated(steps, why, marks = {}) {
  steps.push(step("not-rated", why, "", [], { outcome: NOT_RATED }));
  return rated({ key: NOT_RATED, title: NOT_RATED_TITLE }, NOT_RATED, steps, marks);
}
