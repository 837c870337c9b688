// Verdicts: what each step found, and what follows for the whole.
import { LedgerError, Unknown, sentence } from "./errors.js";

export const finding = (reason, verdict = "valid") => ({ reason, verdict });
export const undecided = (reason) => finding(reason, "indeterminate");
export const notApplicable = (reason) => finding(reason, "not applicable");

/** Run one step: what this build does not know leaves it undecided, any other failure makes it invalid. */
export async function judge(number, name, check) {
  try {
    const found = await check();
    return { number, name, verdict: found.verdict, reason: found.reason };
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error;
    return { number, name, verdict: error instanceof Unknown ? "indeterminate" : "invalid", reason: sentence(error) };
  }
}

export function verdictOf(steps) {
  const found = new Set(steps.map((step) => step.verdict));
  if (found.has("invalid")) return "INVALID";
  return found.has("indeterminate") ? "INDETERMINATE" : "VALID";
}
