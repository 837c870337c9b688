// Entries of the log: signed bodies R, evidence A, commitment and leaf (docs/formats/log.md).
import { Invalid, Malformed, quoted } from "./errors.js";
import { Reader, be, concat, hex, isHex, utf8 } from "./bytes.js";
import { sha256 } from "./crypto.js";
import * as jcs from "./jcs.js";
import { leafHash, rootFromInclusion } from "./merkle.js";
import { say } from "./say.js";

export const MEASURED = ["reading", "commissioning"];
const KINDS = [...MEASURED, "document", "manual", "gap", "manifest", "key"];
const UNITS = ["Wh", "kJ", "g", "L"];
const MAX_BATCH = 300;
const MAX_BODY_BYTES = 60_000;

export const SINGLE = 1;
export const BATCH = 2;
export const GATEWAY = 3;
export const PERSON = 5;
export const EVIDENCE = { [SINGLE]: "single", [BATCH]: "batch", [GATEWAY]: "gateway", [PERSON]: "person" };

/** The signed body: times in ms and sequence as numbers, register and interval as BigInt or null. */
export function parseBody(raw) {
  if (raw.length > MAX_BODY_BYTES) {
    throw new Malformed("entry body too long", { expected: say`at most ${MAX_BODY_BYTES} bytes`, found: raw.length });
  }
  const value = jcs.decode(raw);
  if (value === null || typeof value !== "object" || Array.isArray(value)) {
    throw new Malformed("entry body", { expected: "a JSON object" });
  }
  const kind = value.k;
  if (!KINDS.includes(kind)) {
    throw new Malformed("entry body field 'k'", { expected: say`one of ${KINDS.join(", ")}`, found: quoted(kind) });
  }
  const measured = MEASURED.includes(kind);
  const allowed = measured ? "dfknqrstuvx" : "bdfknqtv";
  const unknown = Object.keys(value).filter((key) => key.length !== 1 || !allowed.includes(key));
  if (unknown.length) throw new Malformed("entry body has unknown fields", { found: unknown.sort().join(" ") });
  if (value.v !== 1) throw new Malformed("entry body field 'v'", { expected: 1, found: quoted(value.v) });
  const body = {
    raw,
    kind,
    signer: text(value, "d"),
    sequence: count(value, "q"),
    time: count(value, "t"),
    nonce: "n" in value ? hexField(value, "n", 16) : null,
    unit: null,
    register: null,
    interval: null,
    content: null,
  };
  if ("f" in value) hexField(value, "f", 32);
  if (!measured) {
    if (value.b === null || typeof value.b !== "object" || Array.isArray(value.b)) {
      throw new Malformed("entry body field 'b'", { expected: "an object" });
    }
    return { ...body, content: value.b };
  }
  if (!UNITS.includes(value.u)) {
    throw new Malformed("entry body field 'u'", { expected: say`one of ${UNITS.join(", ")}`, found: quoted(value.u) });
  }
  body.unit = value.u;
  if ("r" in value) body.register = BigInt(count(value, "r"));
  if ("x" in value) body.interval = BigInt(integer(value, "x"));
  if (body.register === null && body.interval === null) {
    throw new Malformed("reading without a value", { expected: "'r' (register) or 'x' (interval) or both", found: "neither" });
  }
  if (kind === "commissioning" && (body.register === null || body.interval !== null)) {
    throw new Malformed("commissioning entry", { expected: "a register 'r' and no interval 'x'", found: "otherwise" });
  }
  count(value, "s");
  return body;
}

/** The evidence A, exactly one of a known type. */
export function parseEvidence(raw) {
  const reader = new Reader(raw, "evidence");
  const type = reader.u8();
  if (!(type in EVIDENCE) && type !== 4) throw new Malformed("evidence type", { expected: "1, 2, 3 or 5", found: type });
  const shortId = hex(reader.take(8));
  if (type === 4) throw new Malformed("evidence type", { expected: "1, 2, 3 or 5", found: "4 (OCMF, not in this version)" });
  const evidence = { raw, type, shortId };
  if (type === BATCH) {
    evidence.first = reader.u64();
    evidence.count = reader.u32();
    evidence.position = reader.u32();
    if (!(evidence.count >= 1 && evidence.count <= MAX_BATCH && evidence.position < evidence.count)) {
      throw new Malformed("batch evidence", { expected: say`1 <= k <= ${MAX_BATCH}, position < k` });
    }
    evidence.path = Array.from({ length: pathLength(evidence.position, evidence.count) }, () => reader.take(32));
  }
  evidence.signature = reader.take(64);
  reader.end();
  return evidence;
}

function pathLength(index, size) {
  let length = 0;
  for (let at = index, last = size - 1; last > 0; at >>= 1, last >>= 1) if (at & 1 || at < last) length++;
  return length;
}

/** The bytes that the evidence's signature is over. */
export async function signedMessage(evidence, body) {
  if (evidence.type !== BATCH) return concat(utf8("carbonledger/reading/v1\0"), body.raw);
  const wanted = evidence.first + BigInt(evidence.position);
  if (BigInt(body.sequence) !== wanted) {
    throw new Invalid("position in the signed batch", {
      expected: say`sequence ${wanted}`,
      found: say`sequence ${body.sequence}`,
    });
  }
  const leaf = await leafHash(body.raw);
  const root = await rootFromInclusion(leaf, BigInt(evidence.position), BigInt(evidence.count), evidence.path);
  const name = utf8(body.signer);
  return concat(
    utf8("carbonledger/batch/v1\0"), be(name.length, 2), name, be(evidence.first, 8), be(evidence.count, 4), root,
  );
}

export async function commitment(body, evidence, salt) {
  const lengths = [be(body.length, 4), be(evidence.length, 4)];
  return hex(await sha256(utf8("carbonledger/commit/v1\0"), salt, lengths[0], body, lengths[1], evidence));
}

export async function pseudonym(deviceSalt, signer) {
  return hex(await sha256(utf8("carbonledger/device/v1\0"), deviceSalt, utf8(signer))).slice(0, 32);
}

export function parseLeaf(raw) {
  const value = jcs.decode(raw);
  if (value === null || typeof value !== "object" || Object.keys(value).sort().join("") !== "cdikpqstv") {
    throw new Malformed("leaf fields", { expected: "c d i k p q s t v" });
  }
  if (value.v !== 1) throw new Malformed("leaf field 'v'", { expected: 1, found: quoted(value.v) });
  if (!KINDS.includes(value.k)) throw new Malformed("leaf field 'k'", { found: quoted(value.k) });
  hexField(value, "p", 32);
  count(value, "i");
  return {
    raw,
    c: hexField(value, "c", 32),
    d: hexField(value, "d", 16),
    k: value.k,
    q: count(value, "q"),
    s: text(value, "s"),
    t: count(value, "t"),
  };
}

function text(value, name) {
  const found = value[name];
  if (typeof found !== "string" || !/^[\x20-\x7e]{1,200}$/.test(found)) {
    throw new Malformed(say`field '${name}'`, { expected: "1 to 200 printable ASCII characters", found: quoted(found) });
  }
  return found;
}
function integer(value, name) {
  if (typeof value[name] !== "number") {
    throw new Malformed(say`field '${name}'`, { expected: "a whole number", found: quoted(value[name]) });
  }
  return value[name];
}
function count(value, name) {
  const found = integer(value, name);
  if (found < 0) throw new Malformed(say`field '${name}'`, { expected: "a whole number from 0", found });
  return found;
}
function hexField(value, name, size) {
  if (!isHex(value[name], size)) {
    throw new Malformed(say`field '${name}'`, { expected: say`${2 * size} lower-case hex digits`, found: quoted(value[name]) });
  }
  return value[name];
}
