// The closed list of checks: the function behind each, the parameters it reads, the words its explanation may use.
import { Unknown, quoted } from "../../errors.js";
import * as hard from "./hard.js";
import * as soft from "./soft.js";
import { say } from "../../say.js";

const TWO = ["points-high", "points-low"];
const HISTORY = ["name", "ratio", "median"];
const MODEL = ["model", "score", "percentile"];
const LAB = ["month", "sampled", "received", "tested", "reported", "months_tested_that_day", "original_code"];

// name: [function, parameters, words, the parameters that give points (none for a hard rule)]
const CHECKS = {
  "missing-data": [hard.missingData, ["grace", "months"], ["annual_report", "due", "months_missing", "months"], []],
  integrity: [hard.integrity, [], ["id", "anchored", "computed", "signature", "key"], []],
  reuse: [hard.reuse, ["places"], ["kind", "number", "places"], []],
  arithmetic: [hard.arithmetic, ["most"], ["name", "reported", "recomputed"], []],
  factors: [hard.factors, [], ["id", "used", "allowed"], []],
  purchases: [hard.purchases, ["large", "most", "most-large"], ["name", "reported", "invoiced"], []],
  "lab-dates": [hard.labDates, [], LAB, []],
  meters: [hard.meters, [], ["id", "register", "step", "most"], []],
  loans: [hard.loans, ["shares", "tolerance"], ["id", "found", "expected"], []],
  proceeds: [hard.proceeds, [], ["id", "catalogue", "item", "listed", "traced"], []],
  frozen: [soft.frozen, ["digits", "months", "points", "readings"], ["name", "repeated", "run"], ["points"]],
  "year-on-year": [soft.yearOnYear, ["high", "low", ...TWO], ["emission", "output"], TWO],
  "peer-score": [soft.peerScore, ["factor", "most", "peers", "points"], ["x", "median", "mad", "n"], ["points"]],
  fence: [soft.fence, ["high", "low", "peers", ...TWO], ["x", "q1", "q3", "n"], TWO],
  "seasonal-residual": [
    ...[soft.seasonalResidual, ["least", "most", "points", "scale"], ["name", "residual", "spread", "software"]],
    ["points"],
  ],
  "energy-ratio": [soft.energyRatio, ["most", "points", "quarters"], HISTORY, ["points"]],
  "two-methods": [soft.twoMethods, ["most", "periods", "points", "quarters"], HISTORY, ["points"]],
  "lending-yield": [soft.lendingYield, ["high", "low", "points"], ["id", "reduction", "amount"], ["points"]],
  resubmissions: [soft.resubmissions, ["least", "points"], ["count"], ["points"]],
  "first-digits": [soft.firstDigits, ["least", "most", "points"], ["n"], ["points"]],
  "last-digits": [soft.lastDigits, ["least", "most", "points"], ["n"], ["points"]],
  "isolation-forest": [soft.isolationForest, ["points"], MODEL, ["points"]],
  reconstruction: [soft.reconstruction, ["points"], MODEL, ["points"]],
};

/** The check of this name; Unknown for one of another build. */
export function checkOf(name) {
  if (!Object.hasOwn(CHECKS, name)) {
    throw new Unknown(say`check ${quoted(name)}`, { expected: say`one of ${Object.keys(CHECKS).join(", ")}`, found: name });
  }
  const [run, parameters, words, points] = CHECKS[name];
  return { name, run, parameters, words, points, isHard: !points.length };
}
