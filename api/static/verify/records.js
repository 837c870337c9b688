// Records that the contracts keep, and the one digest word of each (docs/formats/records.md).
// In a record bytes are hex, numbers BigInt, bool true or false.
import { Malformed, Unknown, quoted } from "./errors.js";
import { compare, concat, hex, isHex, unhex, utf8, word } from "./bytes.js";
import { keccak } from "./crypto.js";
import { KINDS } from "./kinds.js";
import { say } from "./say.js";

export { KINDS };
export const ZERO = "0".repeat(64);

export const currentId = (member, year) => hex(keccak(unhex(member), word(year)));

/** recordKey of a kind and id (hex): bytes. */
export const recordKey = (kind, id) => keccak(tagOf(kind), unhex(id));

/** Storage slot of a record: mapping at slot 0. */
export const slotOf = (kind, id) => keccak(recordKey(kind, id), word(0n));

function tagOf(kind) {
  return keccak(utf8(`carbonledger/record/${kind}/v1`));
}

export class Record {
  static parse(value) {
    if (!Array.isArray(value) || typeof value[0] !== "string") {
      throw new Malformed("a record", { expected: '["kind", field…]', found: typeof value });
    }
    const [kind, ...given] = value;
    if (!Object.hasOwn(KINDS, kind)) {
      throw new Unknown("kind of record", {
        expected: say`one of ${Object.keys(KINDS).join(", ")}`,
        found: quoted(kind),
      });
    }
    const definition = KINDS[kind];
    if (given.length !== definition.fields.length) {
      throw new Malformed(say`record '${kind}'`, { expected: say`${definition.fields.length} fields`, found: given.length });
    }
    const record = new Record();
    record.kind = kind;
    record.contract = definition.contract;
    record.fields = {};
    definition.fields.forEach(([name, type], at) => {
      record.fields[name] = parseField(name, type, given[at]);
    });
    record.id = idOf(definition, record.fields);
    record.key = recordKey(kind, record.id);
    return record;
  }

  /** keccak256(tag ‖ field words): what the contract keeps; in hex. */
  digest() {
    return hex(keccak(tagOf(this.kind), ...KINDS[this.kind].fields.map(([name]) => wordOf(this.fields[name]))));
  }
}

function idOf({ id }, fields) {
  if (typeof id === "string") return hex(wordOf(fields[id]));
  return id.length ? hex(keccak(...id.map((name) => wordOf(fields[name])))) : ZERO;
}

/** A field as 32 bytes: hex of bytes32 or address, a number, a bool. */
function wordOf(value) {
  if (typeof value !== "string") return word(value);
  return value.length === 64 ? unhex(value) : concat(new Uint8Array(12), unhex(value));
}

function parseField(name, type, value) {
  const what = say`field '${name}'`;
  if (type === "bytes32" || type === "address") {
    const size = type === "bytes32" ? 32 : 20;
    if (isHex(value, size)) return value;
    throw new Malformed(what, { expected: say`${2 * size} lower-case hex digits`, found: quoted(value) });
  }
  if (type === "bool") {
    if (value === 0 || value === 1) return value === 1;
    throw new Malformed(what, { expected: "0 or 1", found: quoted(value) });
  }
  const number = parseNumber(value, what);
  if (number >> BigInt(type.slice(4))) throw new Malformed(what, { expected: say`a whole number of ${type}`, found: number });
  return number;
}

/** A number below 2^53 as an integer, larger as a decimal string: BigInt. */
export function parseNumber(value, what) {
  if (typeof value === "number" && value >= 0) return BigInt(value);
  if (typeof value === "string" && /^[1-9][0-9]{0,77}$/.test(value)) {
    const number = BigInt(value);
    if (number >= 2n ** 53n && !(number >> 256n)) return number;
  }
  throw new Malformed(what, { expected: "a number, from 2^53 as a decimal string", found: quoted(value) });
}

/** How the records of a bundle are sorted. */
export const recordOrder = (a, b) => (a.kind < b.kind ? -1 : a.kind > b.kind ? 1 : compare(a.key, b.key));

/** chain_0 = 0, chain_n = keccak256(chain_(n-1) ‖ item); ids in hex. */
export function chainOf(items) {
  return hex(items.reduce((chain, item) => keccak(chain, unhex(item)), new Uint8Array(32)));
}
