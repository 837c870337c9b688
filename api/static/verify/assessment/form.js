// A published set as contracts read it: the digest of its AssessmentForm (docs/formats/acts.md).
import { sha256 } from "../../vendor/noble/hashes/sha2.js";
import { concat, hex, utf8, word } from "../bytes.js";
import { keccak } from "../crypto.js";
import { Refused } from "../errors.js";
import { name32 } from "../names.js";
import { STATUS, dayNumber } from "./parameters.js";
import { of } from "./rational.js";
import { say } from "../say.js";

const PPM = 1_000_000;
const HUNDREDTHS = 100;
const CHINA_S = 8 * 3_600; // days begin at UTC+08:00
const DAYS = ["explain-days", "inspect-days", "rectify-days", "silent-quarters", "veto-quarters"];

/** keccak256 of the form's words, in hex: number of grades, the head, the numbers, each grade's two words. */
export function formDigest(published) {
  const rows = gradeRows(published);
  const words = [rows.length, ...head(published), ...numbers(published)];
  for (const { key, least } of rows) words.push(name32(key), least);
  return hex(keccak(concat(...words.map((item) => (item instanceof Uint8Array ? item : word(item))))));
}

/** Keys of the grades, best first, with the least score in hundredths (0 where a method has none). */
function gradeRows(published) {
  if (published.kind === "code") return [];
  if (published.method === "weighted-score") {
    return published.grades.map(({ key, least }) => ({
      key,
      least: least === null ? 0n : whole(least.value.times(of(HUNDREDTHS)), key),
    }));
  }
  const bands = published.bands[published.method === "efficiency-code" ? "efficiency" : "colours"];
  return bands.map(({ key }) => ({ key, least: 0n }));
}

function head({ kind, head: { key, region, validFrom, validTo, status } }) {
  const after = validTo === "" ? 0 : (dayNumber(validTo) + 1) * 86_400 - CHINA_S;
  const from = dayNumber(validFrom) * 86_400 - CHINA_S;
  return [name32(key), kind === "code" ? 1 : 2, sha256(utf8(region)), from, after, STATUS.indexOf(status) + 1];
}

function numbers(published) {
  if (published.kind === "code") {
    const { states } = published;
    const change = states.get("clear-change").value.times(of(PPM));
    return [...DAYS.map((name) => whole(states.get(name).value, name)), whole(change, "clear-change"), 0];
  }
  const margin = published.rules.get("upgrade-margin");
  return [0, 0, 0, 0, 0, 0, margin ? whole(margin.value.times(of(HUNDREDTHS)), "upgrade-margin") : 0];
}

function whole(value, name) {
  if (value.d !== 1n || value.n < 0n) {
    throw new Refused(say`parameter ${name} on the chain`, {
      expected: "a whole number in the form's unit",
      found: String(value),
    });
  }
  return value.n;
}
