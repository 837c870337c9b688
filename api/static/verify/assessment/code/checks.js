// The closed list of checks: the function behind each, the parameters it reads, the words its explanation may use.
import { Unknown, quoted } from "../../errors.js";
import * as hard from "./hard.js";
import * as soft from "./soft.js";
import { say } from "../../say.js";

const P = { points: "points" };
const TWO = { high: "amount", low: "amount", "points-high": "points", "points-low": "points" };
const GAPS = { large: "amount", most: "amount", "most-large": "amount" };
const DIGITS = { least: "count", most: "amount", ...P };
const PEERS = { peers: "count" };
const OWN = { most: "amount", quarters: "quarters", ...P };
const LAB = ["month", "sampled", "received", "tested", "reported", "months_tested_that_day", "original_code"];
const RATIO = ["name", "ratio", "median"];
const MODEL = ["model", "score", "percentile"];

// name: [function, its parameters and what each may be, words]; none that gives points: a hard rule
const CHECKS = {
  "missing-data": [
    ...[hard.missingData, { grace: "days", months: "count" }, ["annual_report", "due", "months_missing", "months"]],
  ],
  integrity: [hard.integrity, {}, ["id", "anchored", "computed", "signature", "key"]],
  reuse: [hard.reuse, { places: "count" }, ["kind", "number", "places"]],
  arithmetic: [hard.arithmetic, { most: "amount" }, ["name", "reported", "recomputed"]],
  factors: [hard.factors, {}, ["id", "used", "allowed"]],
  purchases: [hard.purchases, GAPS, ["name", "reported", "invoiced"]],
  "lab-dates": [hard.labDates, {}, LAB],
  meters: [hard.meters, {}, ["id", "register", "step", "most"]],
  loans: [hard.loans, { shares: "positive", tolerance: "amount" }, ["id", "found", "expected"]],
  proceeds: [hard.proceeds, {}, ["id", "catalogue", "item", "listed", "traced"]],
  frozen: [soft.frozen, { digits: "count", months: "count", ...P, readings: "count" }, ["name", "repeated", "run"]],
  "year-on-year": [soft.yearOnYear, TWO, ["emission", "output"]],
  "peer-score": [
    ...[soft.peerScore, { factor: "positive", most: "amount", ...PEERS, ...P }, ["x", "median", "mad", "n"]],
  ],
  fence: [soft.fence, { ...TWO, ...PEERS }, ["x", "q1", "q3", "n"]],
  "seasonal-residual": [
    ...[soft.seasonalResidual, { least: "count", most: "amount", ...P, scale: "positive" }],
    ["name", "residual", "spread", "software"],
  ],
  "energy-ratio": [soft.energyRatio, OWN, RATIO],
  "two-methods": [soft.twoMethods, { ...OWN, periods: "quarters" }, RATIO],
  "lending-yield": [soft.lendingYield, { high: "amount", low: "amount", ...P }, ["id", "reduction", "amount"]],
  resubmissions: [soft.resubmissions, { least: "count", ...P }, ["count"]],
  "first-digits": [soft.firstDigits, DIGITS, ["n"]],
  "last-digits": [soft.lastDigits, DIGITS, ["n"]],
  "isolation-forest": [soft.isolationForest, P, MODEL],
  reconstruction: [soft.reconstruction, P, MODEL],
};

/** The check of this name; Unknown for one of another build. */
export function checkOf(name) {
  if (!Object.hasOwn(CHECKS, name)) {
    throw new Unknown(say`check ${quoted(name)}`, { expected: say`one of ${Object.keys(CHECKS).join(", ")}`, found: name });
  }
  const [run, parameters, words] = CHECKS[name];
  const points = Object.keys(parameters).filter((one) => parameters[one] === "points");
  return { name, run, parameters, words, points, isHard: !points.length };
}
