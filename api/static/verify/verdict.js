// Verdicts: what each step found, and what follows for the whole.
import { LedgerError, Unknown, sentence } from "./errors.js";

/** A step with its reason in English; `said` is the same as it can be translated: a Said, a string, or the error. */
function stepOf(number, name, verdict, reason, said) {
  return Object.defineProperty({ number, name, verdict, reason }, "said", { value: said }); // not part of the JSON
}

export const finding = (reason, verdict = "valid") => ({ reason, verdict });
export const undecided = (reason) => finding(reason, "indeterminate");
export const notApplicable = (reason) => finding(reason, "not applicable");

/** Run one step: what this build does not know leaves it undecided, any other failure makes it invalid. */
export async function judge(number, name, check) {
  try {
    const found = await check();
    return stepOf(number, name, found.verdict, String(found.reason), found.reason);
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error;
    const verdict = error instanceof Unknown ? "indeterminate" : "invalid";
    return stepOf(number, name, verdict, sentence(error), error);
  }
}

export function verdictOf(steps) {
  const found = new Set(steps.map((step) => step.verdict));
  if (found.has("invalid")) return "INVALID";
  return found.has("indeterminate") ? "INDETERMINATE" : "VALID";
}

/** The answer of checks in the order of their step names; `progress` hears the number of each before it runs. */
export async function answerOf(names, checks, subject, progress = () => {}) {
  const steps = [];
  for (const [at, name] of names.entries()) {
    progress(at + 1);
    steps.push(await judge(at + 1, name, checks[at]));
  }
  return { error: null, steps, subject, v: 1, verdict: verdictOf(steps) };
}

/** The answer where step 1 failed: what is not of its form is invalid, what this build does not know undecided. */
export function unread(names, error, rest) {
  if (!(error instanceof LedgerError)) throw error;
  const steps = names.map((name, at) => {
    const verdict = at || error instanceof Unknown ? "indeterminate" : "invalid";
    return stepOf(at + 1, name, verdict, at ? rest : sentence(error), at ? rest : error);
  });
  return { error: null, steps, subject: {}, v: 1, verdict: verdictOf(steps) };
}
