// The bundle of a code or a grade, strictly (docs/formats/assessment.md). The set is not read here: its checks may be
// unknown.
import { Malformed, quoted } from "../errors.js";
import { MAX_BYTES, parseChain } from "../bundle.js";
import { ascending, hexBytes, list, object } from "../form.js";
import * as jcs from "../jcs.js";
import { SALT_BYTES } from "./filing.js";
import { parseStatement } from "./statistics.js";
import { say } from "../say.js";

export const KINDS = ["code", "grade"];
/** The record that a bundle is about, and the field of it that names the set. */
export const RECORD_OF = { code: "assessment", grade: "grade" };
export const SET_OF = { code: "ruleSetId", grade: "schemeId" };
const MOST_STATEMENTS = 64;

export function parseAssessment(bytes) {
  if (bytes.length > MAX_BYTES) {
    throw new Malformed("the bundle", { expected: say`at most ${MAX_BYTES} bytes`, found: bytes.length });
  }
  const names = ["chain", "inputs", "kind", "salt", "set", "statistics", "v"];
  const v = object(jcs.decodeObject(bytes), "the bundle of an assessment", names);
  if (v.v !== 1) throw new Malformed("version of the bundle", { expected: 1, found: quoted(v.v) });
  if (!KINDS.includes(v.kind)) {
    throw new Malformed("kind of the bundle", { expected: "code or grade", found: quoted(v.kind) });
  }
  const statistics = list(v.statistics, "statistics", MOST_STATEMENTS).map(parseStatement);
  ascending(statistics, (a, b) => (a.id < b.id ? -1 : Number(a.id > b.id)), "statistics", "sorted by id, each once");
  return {
    kind: v.kind,
    salt: hexBytes(v.salt, "salt", SALT_BYTES),
    inputs: someObject(v.inputs, "inputs"),
    set: someObject(v.set, "set"),
    statistics,
    chain: v.chain === null ? null : parseChain(v.chain),
  };
}

function someObject(value, what) {
  if (value === null || typeof value !== "object" || Array.isArray(value)) {
    throw new Malformed(what, { expected: "an object", found: typeof value });
  }
  return value;
}
