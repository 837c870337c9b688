// The parts of a bundle, strictly (docs/formats/bundle.md). Parsing decides the form alone.
import { Malformed, quoted } from "./errors.js";
import { compare, isHex, unbase64, unhex, utf8, word } from "./bytes.js";
import { PublicKey } from "./crypto.js";
import { ascending, hexBytes, list, object, text } from "./form.js";
import * as jcs from "./jcs.js";
import { parseBody, parseEvidence, parseLeaf } from "./entry.js";
import { parseCheckpoint, parseNote } from "./note.js";
import { splitLists } from "./rlp.js";
import { Record, parseNumber, recordOrder } from "./records.js";
import { parseStatement } from "./statement.js";
import { requireName32 } from "./names.js";
import { say } from "./say.js";

export const MAX_BYTES = 16 << 20;
const ENGINES = ["embedded", "anvil", "qbft", "clique", "unsealed"];
const OPERATED = ["embedded", "anvil"];

export async function parseBundle(data) {
  if (data.length > MAX_BYTES) {
    throw new Malformed("the bundle is too long", { expected: say`at most ${MAX_BYTES} bytes`, found: data.length });
  }
  const v = object(jcs.decodeObject(data), "the bundle", ["chain", "entries", "kind", "log", "report", "v"]);
  if (v.v !== 1) throw new Malformed("version of the bundle", { expected: 1, found: quoted(v.v) });
  if (v.kind !== "reading" && v.kind !== "report") {
    throw new Malformed("kind of the bundle", { expected: "reading or report", found: quoted(v.kind) });
  }
  if ((v.report !== null) !== (v.kind === "report")) {
    throw new Malformed("report of the bundle", { expected: "an object in a report's bundle, null in a reading's" });
  }
  const entries = list(v.entries, "entries of the bundle").map(parseEntry);
  ascending(entries, (a, b) => a.index - b.index, "entries of the bundle", "sorted by index, each once");
  return {
    kind: v.kind,
    entries,
    log: await parseLog(v.log),
    chain: v.chain === null ? null : parseChain(v.chain),
    report: v.report === null ? null : parseReport(v.report),
  };
}

function parseEntry(value) {
  const v = object(value, "an entry", ["a", "device_salt", "index", "leaf", "proof", "r", "salt"]);
  const raw = unbase64(v.a, "evidence of an entry");
  if (typeof v.index !== "number" || v.index < 0) {
    throw new Malformed("index of an entry", { expected: "a whole number from 0", found: quoted(v.index) });
  }
  const entry = {
    index: v.index,
    leaf: parseLeaf(utf8(text(v.leaf, "leaf of an entry", 2000))),
    proof: list(v.proof, "proof of an entry", 63).map((hash) => unbase64(hash, "hash of a proof", 32)),
    body: parseBody(unbase64(v.r, "body of an entry")),
    evidence: parseEvidence(raw),
    salt: hexBytes(v.salt, "salt of an entry", 16),
    deviceSalt: hexBytes(v.device_salt, "device salt of an entry", 16),
  };
  entry.name = say`entry ${entry.index} (${entry.body.kind} ${entry.body.sequence} of ${entry.body.signer})`;
  return entry;
}

async function parseLog(value) {
  const v = object(value, "the log", ["checkpoint", "keys", "origin"]);
  const note = parseNote(text(v.checkpoint, "checkpoint of the log", 1 << 16));
  const origin = text(v.origin, "origin of the log", 1000);
  const checkpoint = parseCheckpoint(note.text);
  if (checkpoint.origin !== origin) {
    throw new Malformed("origin of the log", { expected: quoted(checkpoint.origin), found: quoted(origin, 200) });
  }
  if (checkpoint.extensions.length) {
    throw new Malformed("checkpoint of a bundle", { expected: "origin, size and root", found: "extension lines" });
  }
  ascending(
    note.signatures,
    (a, b) =>
      Number(a.name !== origin) - Number(b.name !== origin) ||
      compare(utf8(a.name), utf8(b.name)) ||
      Number(a.payload.length === 65) - Number(b.payload.length === 65),
    "signature lines of the checkpoint",
    "the log's lines, then the witnesses' by name, Ed25519 before secp256k1, each once",
  );
  const keys = [];
  for (const item of list(v.keys, "keys of the log")) {
    const k = object(item, "a key", ["algorithm", "public"]);
    const size = k.algorithm === "ed25519" ? 32 : 33;
    const algorithm = text(k.algorithm, "algorithm of a key", 20);
    keys.push(await PublicKey.of(algorithm, hexBytes(k.public, "a key", size)));
  }
  ascending(keys, (a, b) => (a.id < b.id ? -1 : Number(a.id > b.id)), "keys of the log", "sorted by key id, each once");
  return { origin, note, checkpoint, keys };
}

export function parseChain(value) {
  const v = object(value, "the chain", ["contracts", "engine", "header", "nodes", "records", "seal"]);
  if (v.contracts === null || typeof v.contracts !== "object" || Array.isArray(v.contracts)) {
    throw new Malformed("contracts of the chain", { expected: "an object" });
  }
  const contracts = new Map(Object.keys(v.contracts).sort().map((name) => [name, v.contracts[name]]));
  if (contracts.size > 100) throw new Malformed("contracts of the chain", { expected: "at most 100" });
  for (const address of contracts.values()) hexBytes(address, "address of a contract", 20);
  if (!ENGINES.includes(v.engine)) {
    throw new Malformed("engine of the chain", { expected: ENGINES.join(", "), found: quoted(v.engine) });
  }
  const seal = v.seal === "" ? null : unbase64(v.seal, "seal of the block", 65);
  const nodes = splitLists(unbase64(v.nodes, "nodes of the chain"), "nodes of the chain");
  const header = unbase64(v.header, "header of the block");
  if ((seal !== null) !== OPERATED.includes(v.engine)) {
    throw new Malformed(say`seal of ${v.engine} evidence`, { expected: OPERATED.includes(v.engine) ? "65 bytes" : "none" });
  }
  if (nodes.reduce((sum, node) => sum + node.length, 0) > 32 << 20) {
    throw new Malformed("nodes of chain evidence", { expected: "at most 33554432 bytes" });
  }
  const records = list(v.records, "records of the chain").map((item) => Record.parse(item));
  ascending(records, recordOrder, "records of the chain", "sorted by kind, then by record key, each once");
  const ofKind = (kind) => records.filter((record) => record.kind === kind);
  return { contracts, engine: v.engine, header, seal, nodes, records, ofKind };
}

function parseReport(value) {
  const v = object(value, "the report", ["devices", "lines", "months", "rule_set", "units"]);
  const months = list(v.months, "months of the report", 12).map((item) => {
    const m = object(item, "a month", ["salt", "statement"]);
    const raw = utf8(text(m.statement, "statement of a month", MAX_BYTES));
    return { salt: hexBytes(m.salt, "salt of a month", 16), raw, statement: parseStatement(raw) };
  });
  if (months.length !== 12) throw new Malformed("months of the report", { expected: 12, found: months.length });
  const units = list(v.units, "units").map((unit) => text(unit, "unit", 200));
  const devices = list(v.devices, "devices of the report").map((item) => {
    const d = object(item, "a device", ["device", "salt", "unit"]);
    return {
      identifier: text(d.device, "device", 200),
      salt: hexBytes(d.salt, "salt of a device", 16),
      unit: text(d.unit, "unit of a device", 200),
    };
  });
  if (new Set(units).size !== units.length || new Set(devices.map((d) => d.identifier)).size !== devices.length) {
    throw new Malformed("units and devices of the report", { expected: "each once", found: "one twice" });
  }
  const order = devices.map((device) => units.indexOf(device.unit));
  if (order.some((place, at) => place < 0 || (at && order[at - 1] > place))) {
    throw new Malformed("devices of the report", { expected: "unit by unit, in the order of 'units'", found: "another" });
  }
  return {
    devices,
    lines: list(v.lines, "lines of the report").map(parseLine),
    months,
    ruleSet: utf8(text(v.rule_set, "rule set of the report", MAX_BYTES)),
    units,
  };
}

/** A line of the chain: quantity and tiers BigInt, item hex, parameters six words of bytes. */
function parseLine(value) {
  const shape = Array.isArray(value) && value.length === 5 && typeof value[0] === "string" && typeof value[1] === "string";
  if (!shape || !Array.isArray(value[4]) || value[4].length !== 6) {
    throw new Malformed("a line", { expected: '["code","item",quantity,tiers,[p0…p5]]', found: quoted(value) });
  }
  const [code, item, quantity, kinds, parameters] = value;
  requireName32(code);
  const tiers = parseNumber(kinds, "a number of a line");
  const line = {
    code,
    item: id(item),
    quantity: parseNumber(quantity, "a number of a line"),
    tiers,
    tier: (at) => Number((tiers >> BigInt(8 * at)) & 0xffn),
    parameters: parameters.map((given, at) => {
      if (((tiers >> BigInt(8 * at)) & 0xffn) === 0n && typeof given === "string") {
        if (/^0{64}$/.test(given)) throw new Malformed("a line", { expected: "the number 0 for no factor" });
        return unhex(id(given));
      }
      const number = parseNumber(given, "a number of a line");
      if (number && ((tiers >> BigInt(8 * at)) & 0xffn) === 0n) {
        throw new Malformed("a line", { expected: "an id for a default", found: number });
      }
      return word(number);
    }),
  };
  if (line.quantity >> 256n || tiers >> 256n || line.parameters.some((bytes) => bytes.length !== 32)) {
    throw new Malformed("a line of the chain", { expected: "10 words of 32 bytes" });
  }
  return line;
}

function id(value) {
  if (!isHex(value, 32)) {
    throw new Malformed("an id of a line", { expected: "64 lower-case hex digits", found: quoted(value) });
  }
  return value;
}
