// Records that the contracts keep, and the one digest word of each (docs/formats/records.md).
// In a record bytes are hex, numbers BigInt, bool true or false.
import { Malformed, Unknown, quoted } from "./errors.js";
import { compare, concat, hex, isHex, unhex, utf8, word } from "./bytes.js";
import { keccak } from "./crypto.js";

const KIND = (contract, fields, identify) => ({
  contract,
  fields: fields.split(",").map((field) => field.trim().split(" ").reverse()), // [name, type]
  identify,
});

export const KINDS = {
  contract: KIND("Directory", "bytes32 name, uint32 version, address location, bytes32 codeHash, uint64 since"),
  governance: KIND("MemberRegistry", "uint16 threshold, uint16 regulators, bytes32 founders", () => "0".repeat(64)),
  member: KIND(
    "MemberRegistry",
    "bytes32 member, uint16 kinds, uint8 status, bytes32 province, uint64 since, bytes32 nameDigest",
  ),
  key: KIND(
    "MemberRegistry",
    "bytes32 keyId, bytes32 member, uint8 purpose, bytes32 subject, uint8 algorithm, uint64 validFrom, " +
      "uint64 validTo, uint64 compromisedSince",
  ),
  device: KIND(
    "DeviceRegistry",
    "bytes32 device, bytes32 member, bytes32 unit, uint8 kind, bytes32 keyId, bytes32 saltDigest, uint8 measure, " +
      "uint8 registerType, uint64 ratedMax, uint16 accuracyClass, uint64 modulus, bytes32 calibration, " +
      "uint64 calibrationTo, uint64 installedFrom, uint64 removedAt, bytes32 replaces",
  ),
  unit: KIND("DeviceRegistry", "bytes32 unit, bytes32 member, uint32 count, bytes32 chain"),
  units: KIND("DeviceRegistry", "bytes32 member, uint32 count, bytes32 chain"),
  log: KIND(
    "CheckpointRegistry",
    "bytes32 logId, bytes32 member, bytes32 gateway, uint8 witnessQuorum, uint64 size, bytes32 root, " +
      "uint64 anchoredAt, uint32 anchors, uint8 status",
  ),
  anchor: KIND(
    "CheckpointRegistry",
    "bytes32 logId, uint64 size, bytes32 root, uint64 previousSize, uint64 time, uint64 block",
    (f) => hex(keccak(unhex(f.logId), word(f.size))),
  ),
  factor: KIND(
    "FactorRegistry",
    "bytes32 factorId, bytes32 guideline, bytes32 version, bytes32 row, uint256 value, bytes32 unit, " +
      "uint16 yearFrom, uint16 yearTo, uint16 dataYear, uint8 evidence, bytes32 sourceDigest",
  ),
  ruleset: KIND(
    "RuleSetRegistry",
    "bytes32 ruleSetId, bytes32 key, uint16 yearFrom, uint16 yearTo, uint8 status, bytes32 formDigest",
  ),
  month: KIND(
    "ReportRegistry",
    "bytes32 monthId, bytes32 member, uint16 year, uint8 month, bytes32 commitment, bytes32 preparer, " +
      "bytes32 replaces, uint64 filedAt, bool late",
  ),
  report: KIND(
    "ReportRegistry",
    "bytes32 reportId, bytes32 member, uint16 year, bytes32 ruleSetId, bytes32 monthsDigest, bytes32 linesDigest, " +
      "bytes32 logId, uint64 logSize, bytes32 logRoot, uint256 emission, bytes32 preparer, bytes32 replaces, " +
      "uint64 filedAt, bool late, uint8 status, bytes32 verifier, uint64 verifiedAt, bytes32 findingsDigest, " +
      "bytes32 regulator, uint64 decidedAt, bytes32 reasonDigest",
  ),
  current: KIND("ReportRegistry", "bytes32 member, uint16 year, bytes32 reportId", (f) => currentId(f.member, f.year)),
  grant: KIND(
    "GrantRegistry",
    "bytes32 grantId, bytes32 owner, bytes32 grantee, bytes32 scope, bytes32 purpose, uint64 validFrom, " +
      "uint64 expires, uint64 revokedAt",
  ),
};

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
        expected: "one of " + Object.keys(KINDS).join(", "),
        found: quoted(kind),
      });
    }
    const definition = KINDS[kind];
    if (given.length !== definition.fields.length) {
      throw new Malformed(`record '${kind}'`, { expected: `${definition.fields.length} fields`, found: given.length });
    }
    const record = new Record();
    record.kind = kind;
    record.contract = definition.contract;
    record.fields = {};
    definition.fields.forEach(([name, type], at) => {
      record.fields[name] = parseField(name, type, given[at]);
    });
    record.id = definition.identify ? definition.identify(record.fields) : record.fields[definition.fields[0][0]];
    record.key = recordKey(kind, record.id);
    return record;
  }

  /** keccak256(tag ‖ field words): what the contract keeps; in hex. */
  digest() {
    const words = KINDS[this.kind].fields.map(([name, type]) => {
      const value = this.fields[name];
      if (type === "bytes32") return unhex(value);
      if (type === "address") return concat(new Uint8Array(12), unhex(value));
      return word(type === "bool" ? Number(value) : value);
    });
    return hex(keccak(tagOf(this.kind), ...words));
  }
}

function parseField(name, type, value) {
  const what = `field '${name}'`;
  if (type === "bytes32" || type === "address") {
    const size = type === "bytes32" ? 32 : 20;
    if (isHex(value, size)) return value;
    throw new Malformed(what, { expected: `${2 * size} lower-case hex digits`, found: quoted(value) });
  }
  if (type === "bool") {
    if (value === 0 || value === 1) return value === 1;
    throw new Malformed(what, { expected: "0 or 1", found: quoted(value) });
  }
  const number = parseNumber(value, what);
  if (number >> BigInt(type.slice(4))) throw new Malformed(what, { expected: `a whole number of ${type}`, found: number });
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
