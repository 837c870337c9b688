// Certificates of title and of retirement: the six steps of `carbonledger title` (docs/formats/title.md).
//
//    1  parse    2  contracts    3  sealed    4  recorded    5  origin    6  title
import { Invalid, LedgerError, Malformed, quoted } from "./errors.js";
import { parseChain } from "./bundle.js";
import { object } from "./form.js";
import * as jcs from "./jcs.js";
import { rfc3339s } from "./periods.js";
import { DIRECTORY, Proven } from "./proven.js";
import { ZERO } from "./records.js";
import { listed, ofThePolicy, sealedBy } from "./steps-chain.js";
import { answerOf, finding, unread } from "./verdict.js";
import { joined, say } from "./say.js";

export const STEPS = ["parse", "contracts", "sealed", "recorded", "origin", "title"];
export const KINDS = ["title", "retirement"];

const MAX_BYTES = 4 << 20;
const MAX_DEPTH = 64; // more lots than there are vintages
const SUBJECT = { title: "position", retirement: "disposal" };
const [ALLOWANCE, OFFSET] = [1n, 2n];
const UNITS = { 1: "allowances (CEA)", 2: "offsets (CCER)" };
const STATES = ["registered", "trading", "frozen", "pledged", "pending", "provincial"];
const BOUND = ["frozen", "pending", "pledged"];
const DONE = 2n;
const CARRY_OVER = 3n;
const CANCELLATION = 2n;
const PURPOSES = { 1: "surrender", 2: "voluntary cancellation", 4: "forced surrender" };
const STATUS = { 1: "admitted", 2: "suspended", 3: "expelled" };

/** Verify the bytes of a certificate. `policy` as `policyOf` gives it. */
export async function verifyCertificate(bytes, policy, codeHashes, progress = () => {}) {
  let certificate;
  try {
    certificate = parse(bytes);
    checkComplete(certificate);
  } catch (error) {
    return unread(STEPS, error, "Not run: the certificate could not be read.");
  }
  const context = { certificate, policy, codeHashes, proven: opened(certificate.chain) };
  const checks = [
    () => finding(say`A certificate of ${certificate.kind} in its one form.`),
    () => contracts(context),
    () => sealedBy(context.proven(), policy.chain),
    () => recorded(context),
    () => origin(context),
    () => (certificate.kind === "title" ? title(context) : retirement(context)),
  ];
  return answerOf(STEPS, checks, subjectOf(certificate), progress);
}

function parse(bytes) {
  if (bytes.length > MAX_BYTES) {
    throw new Malformed("the certificate is too long", { expected: say`at most ${MAX_BYTES} bytes`, found: bytes.length });
  }
  const v = object(jcs.decodeObject(bytes), "the certificate", ["chain", "kind", "v"]);
  if (v.v !== 1) throw new Malformed("version of the certificate", { expected: 1, found: quoted(v.v) });
  if (!KINDS.includes(v.kind)) {
    throw new Malformed("kind of the certificate", { expected: KINDS.join(" or "), found: quoted(v.kind) });
  }
  const chain = parseChain(v.chain);
  const lots = new Map(chain.ofKind("lot").map((record) => [record.id, record.fields]));
  return { kind: v.kind, chain, lots };
}

/** The position or the disposal; throws unless there is exactly one. */
function subjectRecord({ kind, chain }) {
  const found = chain.ofKind(SUBJECT[kind]);
  if (found.length !== 1) {
    throw new Malformed(say`records of a certificate of ${kind}`, {
      expected: say`one record '${SUBJECT[kind]}'`,
      found: found.length,
    });
  }
  return found[0];
}

/** The lot, the one that it was carried over from, and so on to the one that was issued: [id, fields]. */
function originOf(lot, find) {
  const found = [];
  for (let id = lot; found.length < MAX_DEPTH; ) {
    const fields = find(id);
    if (fields === undefined) {
      throw new Malformed("origin of the units", { expected: say`the record of lot ${id}`, found: "none" });
    }
    found.push([id, fields]);
    id = fields.source;
    if (id === ZERO) return found;
  }
  throw new Malformed("origin of the units", { expected: say`at most ${MAX_DEPTH} lots`, found: "more" });
}

/** 1. Just the records that the steps ask for. */
function checkComplete(certificate) {
  const { kind, fields, id } = subjectRecord(certificate);
  const wanted = new Set([`${kind} ${id}`, `member ${fields.member}`]);
  if (certificate.kind === "retirement") wanted.add(`tally ${fields.lot}`);
  for (const [lot, { project, plan, source }] of originOf(fields.lot, (name) => certificate.lots.get(name))) {
    wanted.add(`lot ${lot}`);
    if (project !== ZERO) wanted.add(`offsetproject ${project}`);
    if (plan !== ZERO) wanted.add(`plan ${plan}`);
    if (source !== ZERO) wanted.add(`tally ${source}`);
  }
  const others = certificate.chain.records.filter((record) => record.kind !== "contract");
  const found = new Set(others.map((record) => `${record.kind} ${record.id}`));
  const missing = [...wanted].filter((name) => !found.has(name)).sort();
  if (missing.length) throw new Malformed("records of the certificate", { expected: missing[0], found: "missing" });
  const extra = [...found].filter((name) => !wanted.has(name)).sort();
  if (extra.length) {
    throw new Malformed("records of the certificate", {
      expected: "those that a step asks for",
      found: extra[0].split(" ")[0],
    });
  }
}

/** A function that gives the evidence opened, or throws what opening it threw. */
export function opened(chain) {
  let found;
  return () => {
    if (found === undefined) {
      try {
        found = new Proven(chain, true);
      } catch (error) {
        if (!(error instanceof LedgerError)) throw error;
        found = error;
      }
    }
    if (found instanceof LedgerError) throw found;
    return found;
  };
}

/** 2. Each contract is listed in the Directory with its address and the committed code; no node is left over. */
function contracts({ certificate, policy, codeHashes, proven: open }) {
  const proven = open();
  const directory = certificate.chain.contracts.get(DIRECTORY) ?? "";
  const unknown = listed(proven, directory, codeHashes);
  proven.leftover();
  if (unknown !== null) throw unknown;
  return ofThePolicy(proven, directory, policy.chain, 3);
}

/** 4. The record is proven by account and storage proofs against the block's state root. */
function recorded({ certificate, proven: open }) {
  const { kind, id } = subjectRecord(certificate);
  const proven = open();
  proven.get(kind, id);
  const { number, timestamp } = proven.header;
  return finding(
    say`The ${kind} ${id} is what the ledger holds in block ${number}, at`
      .and` ${rfc3339s(timestamp)}; what came after that block is not said here.`,
  );
}

/** 5. Lot by lot to the issuance: class, decision, plan, project, and what was carried over. */
function origin({ certificate, proven: open }) {
  const proven = open();
  const lots = originOf(subjectRecord(certificate).fields.lot, (lot) => proven.get("lot", lot));
  for (const [, lot] of lots) checkLot(proven, lot);
  for (const [at, [olderId, older]] of lots.entries()) {
    if (at) checkCarried(proven, lots[at - 1], olderId, older);
  }
  const [, first] = lots.at(-1);
  const by = first.plan === ZERO ? "the regulators' quorum" : say`plan ${first.plan}`;
  const carried = lots.length > 1 ? say`, carried over ${lots.length - 1} times since` : "";
  return finding(
    say`${first.amount} ${UNITS[first.kind]} of ${first.vintage} were issued to member`
      .and` ${first.member} at ${rfc3339s(first.issuedAt)} under decision`
      .and` ${first.decision} by ${by}${carried}.`,
  );
}

function checkCarried(proven, [youngerId, younger], olderId, older) {
  const tally = proven.get("tally", olderId);
  if (tally.carried < younger.amount || tally.issued !== older.amount) {
    throw new Invalid(say`units carried over from lot ${olderId}`, {
      expected: say`at least ${younger.amount} of ${older.amount}`,
      found: say`${tally.carried} of ${tally.issued}`,
    });
  }
  if (younger.kind !== ALLOWANCE || older.kind !== ALLOWANCE || younger.vintage <= older.vintage) {
    throw new Invalid("a lot that was carried over", { expected: "allowances, to a later vintage", found: youngerId });
  }
  if (younger.issuedAt < older.issuedAt) {
    throw new Invalid("time of a lot", { expected: "after the lot it is made of", found: younger.issuedAt });
  }
}

function checkLot(proven, lot) {
  const { kind, project } = lot;
  if (!Object.hasOwn(UNITS, kind) || (project === ZERO) !== (kind === ALLOWANCE) || lot.amount === 0n) {
    throw new Invalid("class of the lot", { expected: "allowances, or offsets of a project", found: say`kind ${kind}` });
  }
  const { timestamp } = proven.header;
  if (lot.issuedAt > timestamp) {
    throw new Invalid("time of the lot", { expected: say`at most ${timestamp}`, found: lot.issuedAt });
  }
  if (kind === OFFSET) {
    const { owner } = proven.get("offsetproject", project);
    if (owner !== lot.member) throw new Invalid("owner of the project", { expected: lot.member, found: owner });
  }
  if (lot.plan !== ZERO) proven.get("plan", lot.plan);
}

/** 6. The member holds the units. */
function title({ certificate, proven: open }) {
  const { fields } = subjectRecord(certificate);
  const proven = open();
  const held = STATES.filter((state) => fields[state]);
  const lot = proven.get("lot", fields.lot);
  if (!held.length) {
    throw new Invalid("units of the lot held by the member", { expected: "at least one", found: "none" });
  }
  const sum = held.reduce((total, state) => total + fields[state], 0n);
  if (sum > lot.amount) throw new Invalid("units held", { expected: say`at most ${lot.amount}`, found: sum });
  const words = joined(held.map((state) => say`${fields[state]} ${state}`));
  const bound = BOUND.filter((state) => held.includes(state));
  const limits = bound.length ? say`; ${joined(bound, " and ")} units can not be disposed of` : "";
  return finding(say`Member ${fields.member} (${statusOf(proven, fields)}) holds ${words} t of the lot${limits}.`);
}

/** 6. The units have ended and cannot come back. */
function retirement({ certificate, proven: open }) {
  const { fields } = subjectRecord(certificate);
  const proven = open();
  const { purpose, status, amount } = fields;
  if (purpose === CARRY_OVER) {
    throw new Invalid("purpose of the disposal", { expected: "one that ends units", found: "3, carry-over" });
  }
  if (!Object.hasOwn(PURPOSES, purpose) || status !== DONE) {
    throw new Invalid("the disposal", {
      expected: "carried out (status 2), of purpose 1, 2 or 4",
      found: say`status ${status}, purpose ${purpose}`,
    });
  }
  const tally = proven.get("tally", fields.lot);
  const ended = tally[purpose === CANCELLATION ? "cancelled" : "surrendered"];
  if (!(amount > 0n && amount <= ended) || ended > tally.issued) {
    throw new Invalid("units of the lot that ended", { expected: say`at least ${amount}`, found: ended });
  }
  if (!(fields.requestedAt <= fields.decidedAt && fields.decidedAt <= proven.header.timestamp)) {
    throw new Invalid("times of the disposal", {
      expected: "requested, decided, then the block",
      found: "another order",
    });
  }
  const whom = fields.note === ZERO || purpose !== CANCELLATION ? "" : say` for beneficiary ${fields.note}`;
  const year = fields.year ? say` for ${fields.year}` : "";
  return finding(
    say`${amount} t of member ${fields.member} (${statusOf(proven, fields)}) ended by`
      .and` ${PURPOSES[purpose]}${year}${whom} at ${rfc3339s(fields.decidedAt)}.`,
  );
}

function statusOf(proven, { member }) {
  const { status } = proven.get("member", member);
  return STATUS[status] ?? say`status ${status}`;
}

/** What the certificate is about; nothing in it is verified by being said here. */
function subjectOf(certificate) {
  const { id, fields } = subjectRecord(certificate);
  const lot = certificate.lots.get(fields.lot);
  const subject = {
    kind: certificate.kind,
    member: fields.member,
    lot: fields.lot,
    units: UNITS[lot.kind] ?? String(lot.kind),
    vintage: Number(lot.vintage),
    serials: [Number(lot.serialFrom), Number(lot.serialFrom + lot.amount - 1n)],
    project: lot.project === ZERO ? null : lot.project,
  };
  if (certificate.kind === "title") {
    const held = STATES.filter((state) => fields[state]).map((state) => [state, Number(fields[state])]);
    return { ...subject, tonnes: Object.fromEntries(held) };
  }
  return {
    ...subject,
    disposal: id,
    tonnes: Number(fields.amount),
    purpose: PURPOSES[fields.purpose] ?? String(fields.purpose),
    year: Number(fields.year) || null,
    beneficiary: fields.note === ZERO ? null : fields.note,
    ended: rfc3339s(fields.decidedAt),
  };
}
