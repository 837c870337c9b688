// The statement of a month, and its commitment (docs/formats/rule-set.md).
import { Malformed, quoted } from "./errors.js";
import { be, hex, isHex, utf8 } from "./bytes.js";
import { sha256 } from "./crypto.js";
import * as jcs from "./jcs.js";

export function parseStatement(raw) {
  const value = jcs.decode(raw);
  if (!isStatement(value)) {
    throw new Malformed("month statement", {
      expected: "the fields of docs/formats/rule-set.md",
      found: quoted(value, 120),
    });
  }
  return {
    member: value.member,
    year: value.year,
    month: value.month,
    lines: value.lines.map(({ code, item, quantity }) => ({ code, item, quantity: BigInt(quantity) })),
    manifests: value.manifests,
    manuals: value.manuals,
    origin: value.log.origin,
    size: value.log.size,
    root: value.log.root,
  };
}

/** Commitment of a statement's bytes under a 16-byte salt: hex. */
export async function commitment(raw, salt) {
  return hex(await sha256(utf8("carbonledger/month/v1\0"), salt, be(raw.length, 4), raw));
}

const count = (value) => typeof value === "number" && value >= 0;
const ascending = (items, order) => items.every((item, at) => !at || order(items[at - 1], item) < 0);

function isStatement(value) {
  return (
    has(value, ["lines", "log", "manifests", "manuals", "member", "month", "v", "year"]) &&
    has(value.log, ["origin", "root", "size"]) &&
    typeof value.log.origin === "string" &&
    isHex(value.log.root, 32) &&
    count(value.log.size) &&
    isHex(value.member, 32) &&
    typeof value.year === "number" &&
    typeof value.month === "number" &&
    value.month >= 1 &&
    value.month <= 12 &&
    value.v === 1 &&
    Array.isArray(value.lines) &&
    value.lines.every(isLine) &&
    ascending(value.lines, (a, b) => order(a.code, b.code) || order(a.item, b.item)) &&
    Array.isArray(value.manifests) &&
    value.manifests.every(count) &&
    ascending(value.manifests, (a, b) => a - b) &&
    Array.isArray(value.manuals) &&
    value.manuals.every(count) &&
    ascending(value.manuals, (a, b) => a - b)
  );
}

function isLine(line) {
  return (
    has(line, ["code", "item", "quantity"]) &&
    typeof line.code === "string" &&
    isHex(line.item, 32) &&
    typeof line.quantity === "string" &&
    /^(0|[1-9][0-9]{0,4299})$/.test(line.quantity)
  );
}

function has(value, names) {
  if (value === null || typeof value !== "object" || Array.isArray(value)) return false;
  return Object.keys(value).sort().join() === names.join();
}

function order(a, b) {
  return a < b ? -1 : Number(a > b); // codes compare as UTF-8 bytes do, but for surrogates, which no line has
}
