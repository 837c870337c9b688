// What an assessor files of a code or a grade, and the commitments that it carries.
import { sha256 } from "../../vendor/noble/hashes/sha2.js";
import { concat, hex, utf8 } from "../bytes.js";
import { Malformed } from "../errors.js";
import * as jcs from "../jcs.js";

export const COLOURS = ["green", "red", "grey"]; // on the chain 1, 2, 3
export const SALT_BYTES = 16;
const COMMIT = "carbonledger/assessment/v1\0";

/** SHA-256 of the commitment of a document (a JSON value, in its canonical form) with a salt; in hex. */
export const commitment = (salt, document) => hex(sha256(concat(utf8(COMMIT), salt, utf8(jcs.encode(document)))));

/** Ids of rules as the chain's bits: Hn is bit n−1, Sn bit 31+n. */
export function reasonsMask(rules) {
  return rules.reduce((mask, rule) => {
    const number = /^[HS][0-9]+$/.test(rule) ? Number(rule.slice(1)) : 0;
    if (number < 1 || number > 32) {
      throw new Malformed("a reason", { expected: "H01 to H32 or S01 to S32", found: rule });
    }
    return mask | (1n << BigInt(rule[0] === "H" ? number - 1 : 31 + number));
  }, 0n);
}

/** Inverse of `reasonsMask`, ascending. */
export function reasonsOf(mask) {
  return Array.from({ length: 64 }, (_, at) => at)
    .filter((at) => (mask >> BigInt(at)) & 1n)
    .map((at) => `${at < 32 ? "H" : "S"}${String((at % 32) + 1).padStart(2, "0")}`);
}
