// Steps 11 to 13 and 15: keys, owners and meters by the chain's registers; who approved.
import { Invalid } from "./errors.js";
import { hex } from "./bytes.js";
import { sha256 } from "./crypto.js";
import { BATCH, EVIDENCE, GATEWAY, MEASURED, PERSON, SINGLE } from "./entry.js";
import { chainKeyId } from "./context.js";
import { EIP712 } from "./note.js";
import { instants, rfc3339, rfc3339s } from "./periods.js";
import { chainOf, currentId } from "./records.js";
import { finding, notApplicable, undecided } from "./verdict.js";
import { say } from "./say.js";

const [GATEWAY_KEY, GATEWAY_NOTE, WITNESS, WITNESS_NOTE, DEVICE, PERSON_KEY] = [2n, 3n, 4n, 5n, 6n, 7n];
const ADMITTED = 1n;
const APPROVED = 3n;
const [REGULATOR, ENTERPRISE, PREPARER, VERIFIER] = [1n, 2n, 4n, 8n];
export const MEASURES = { 1: "Wh", 2: "kJ", 3: "g", 4: "L" };

/** 11. Each signing key was valid at the first block that anchored its entry, and not compromised before. */
export async function keysValid(context) {
  const { proven } = context;
  const used = new Set();
  for (const item of context.bundle.entries) {
    const [, anchor] = context.anchorOf(item.index);
    const key = context.keyOf(item);
    const record = proven.get("key", key.id);
    if (record.algorithm !== BigInt(key.number)) {
      throw new Invalid(say`algorithm of the key of ${item.name}`, { expected: record.algorithm, found: key.number });
    }
    validAt(record, anchor.time, item.name);
    used.add(key.id);
  }
  const known = context.noteKeys;
  if (known === null) {
    return undecided("The entries' keys were valid; the policy names no keys of the checkpoint's lines to judge.");
  }
  const then = proven.get("log", context.idOf(context.bundle.log.origin)).anchoredAt;
  const foreign = new Set();
  for (const key of [...known.log, ...known.witnesses]) {
    const id = chainKeyId(key);
    const found = proven.key(id);
    if (found === null && known.log.includes(key)) {
      throw new Invalid("key of the log", { expected: say`${key.text} in the register`, found: "proven absent" });
    }
    if (found === null) {
      foreign.add(key.name);
      continue;
    }
    validAt(found, then, say`the checkpoint's line of ${key.name}`);
    used.add(id);
  }
  for (const [id] of proven.ofKind("key")) {
    if (!used.has(id)) throw new Invalid("keys of the bundle", { expected: "each signed something in it", found: id });
  }
  const outside = foreign.size ? say`; not in the chain's register: ${[...foreign].sort().join(", ")}` : "";
  return finding(say`${used.size} keys were valid when what they signed was first anchored${outside}.`);
}

function validAt(record, then, what) {
  const { validFrom, validTo, compromisedSince } = record;
  if (!(validFrom <= then) || (validTo && then >= validTo)) {
    throw new Invalid(say`key of ${what}`, {
      expected: say`valid at ${rfc3339s(then)}`,
      found: say`valid from ${rfc3339s(validFrom)} to ${validTo ? rfc3339s(validTo) : "open"}`,
    });
  }
  if (compromisedSince && then >= compromisedSince) {
    throw new Invalid(say`key of ${what}`, {
      expected: say`not compromised at ${rfc3339s(then)}`,
      found: say`compromised since ${rfc3339s(compromisedSince)}`,
    });
  }
}

/** 12. Log, gateway and device belong to the enterprise, which is admitted; witnesses to others. */
export async function belongs(context) {
  const { proven } = context;
  const log = proven.get("log", context.idOf(context.bundle.log.origin));
  const owner = log.member;
  const member = proven.get("member", owner);
  if (member.status !== ADMITTED || !(member.kinds & ENTERPRISE)) {
    throw new Invalid("the log's owner", {
      expected: "an admitted enterprise",
      found: say`status ${member.status}, kinds ${member.kinds}`,
    });
  }
  for (const [, report] of proven.ofKind("report")) {
    if (report.member !== owner || report.logId !== log.logId) {
      throw new Invalid("enterprise and log of the report", { expected: owner, found: report.member });
    }
  }
  for (const item of context.bundle.entries) await entryBelongs(context, item, log);
  const known = context.noteKeys;
  if (known === null) {
    return undecided("Entries and devices are the enterprise's; the policy does not name the checkpoint's keys.");
  }
  known.log.forEach((key, at) => {
    const purpose = [GATEWAY_NOTE, GATEWAY_KEY][at];
    requireKey(proven.get("key", chainKeyId(key)), purpose, owner, log.gateway, "the log's line");
  });
  for (const key of known.witnesses) {
    const record = proven.key(chainKeyId(key));
    if (record === null) continue;
    const wanted = key.type === EIP712 ? WITNESS : WITNESS_NOTE;
    if (record.purpose !== wanted || record.member === owner) {
      throw new Invalid(say`witness ${key.name}`, {
        expected: say`a key of purpose ${wanted} of another member`,
        found: say`purpose ${record.purpose} of ${record.member}`,
      });
    }
  }
  return finding(say`Log, gateway and devices belong to member ${owner}, an admitted enterprise.`);
}

async function entryBelongs(context, item, log) {
  const { proven } = context;
  const { body, evidence } = item;
  const owner = log.member;
  const subject = context.idOf(body.signer);
  const record = proven.get("key", context.keyOf(item).id);
  if (["document", "manual"].includes(body.kind) && evidence.type === PERSON) {
    requireKey(record, PERSON_KEY, owner, subject, item.name);
    return;
  }
  if (!MEASURED.includes(body.kind)) {
    if (evidence.type !== GATEWAY || subject !== log.gateway) {
      throw new Invalid(say`signer of ${item.name}`, { expected: "the log's gateway", found: body.signer });
    }
    requireKey(record, GATEWAY_NOTE, owner, subject, item.name);
    return;
  }
  const device = proven.get("device", subject);
  if (device.member !== owner) throw new Invalid(say`owner of the device of ${item.name}`, { expected: owner, found: device.member });
  const byGateway = evidence.type === GATEWAY;
  if (byGateway && !/^0+$/.test(device.keyId)) {
    throw new Invalid(say`signer of ${item.name}`, { expected: "the device, which has a key", found: "the gateway" });
  }
  if (![SINGLE, BATCH, GATEWAY].includes(evidence.type)) {
    throw new Invalid(say`evidence of ${item.name}`, { expected: "by device or gateway", found: EVIDENCE[evidence.type] });
  }
  const purpose = byGateway ? GATEWAY_NOTE : DEVICE;
  requireKey(record, purpose, owner, byGateway ? log.gateway : subject, item.name);
  if (hex(await sha256(item.deviceSalt)) !== device.saltDigest) {
    throw new Invalid(say`device salt of ${item.name}`, { expected: "the one whose digest is registered", found: "another" });
  }
  if (body.unit !== MEASURES[device.measure]) {
    throw new Invalid(say`unit of ${item.name}`, { expected: MEASURES[device.measure] ?? "None", found: body.unit });
  }
  const { installedFrom: start, removedAt: end } = device;
  const time = BigInt(body.time);
  if (time < start * 1000n || (end && time > end * 1000n)) {
    throw new Invalid(say`time of ${item.name}`, {
      expected: say`while installed, from ${rfc3339s(start)} to ${end ? rfc3339s(end) : "open"}`,
      found: rfc3339(body.time),
    });
  }
}

function requireKey(record, purpose, member, subject, what) {
  for (const [name, value] of Object.entries({ purpose, member, subject })) {
    if (record[name] !== value) {
      throw new Invalid(say`${name} of the key of ${what}`, { expected: value, found: record[name] });
    }
  }
}

/** 13. Every meter registered for the enterprise's units and the year is in the report. */
export async function metersComplete(context) {
  const { report, entries } = context.bundle;
  if (report === null) return notApplicable("A reading says nothing of the other meters.");
  const { proven } = context;
  const [, record] = context.report;
  const { member } = record;
  requireChain(proven.get("units", member), report.units.map((unit) => context.idOf(unit)), "units of the enterprise");
  for (const unit of report.units) {
    const devices = report.devices.filter((d) => d.unit === unit).map((d) => context.idOf(d.identifier));
    const found = proven.get("unit", context.idOf(unit));
    if (found.member !== member) throw new Invalid(say`owner of unit ${unit}`, { expected: member, found: found.member });
    requireChain(found, devices, say`devices of unit ${unit}`);
  }
  const bounds = instants(Number(record.year));
  const [start, end] = [BigInt(bounds[0]), BigInt(bounds[12])];
  const disclosed = new Set(entries.filter((item) => MEASURED.includes(item.body.kind)).map((item) => item.body.signer));
  for (const device of report.devices) {
    const registered = proven.get("device", context.idOf(device.identifier));
    if (registered.unit !== context.idOf(device.unit) || registered.member !== member) {
      throw new Invalid(say`unit of device ${device.identifier}`, { expected: device.unit, found: "another by the register" });
    }
    if (hex(await sha256(device.salt)) !== registered.saltDigest) {
      throw new Invalid(say`salt of device ${device.identifier}`, { expected: "as registered", found: "another" });
    }
    const { installedFrom, removedAt } = registered;
    const active = installedFrom * 1000n < end && !(removedAt && removedAt * 1000n <= start);
    if (active && !disclosed.has(device.identifier)) {
      throw new Invalid(say`meter ${device.identifier}`, { expected: "its boundary readings of the year", found: "none" });
    }
    disclosed.delete(device.identifier);
  }
  if (disclosed.size) {
    throw new Invalid("meters of the report", { expected: "those registered for its units", found: [...disclosed].sort()[0] });
  }
  return finding(say`All ${report.devices.length} devices of all ${report.units.length} units are in the report.`);
}

function requireChain(record, items, what) {
  const chain = chainOf(items);
  if (record.count !== BigInt(items.length) || record.chain !== chain) {
    throw new Invalid(what, {
      expected: say`${record.count} with chain ${record.chain}`,
      found: say`${items.length} with chain ${chain}`,
    });
  }
}

/** 15. The report is approved and in force; verifier and regulator are others than the preparer, and admitted. */
export async function approved(context) {
  if (context.bundle.report === null) return notApplicable("A reading is not approved by anyone.");
  const { proven, policy } = context;
  const [id, record] = context.report;
  if (record.status !== APPROVED) {
    throw new Invalid("status of the report", { expected: "3, approved", found: record.status });
  }
  const current = proven.get("current", currentId(record.member, record.year));
  if (current.reportId !== id) throw new Invalid("report in force", { expected: id, found: current.reportId });
  const { member: enterprise, preparer, verifier, regulator } = record;
  if ([preparer, enterprise].includes(verifier) || [preparer, enterprise, verifier].includes(regulator)) {
    throw new Invalid("duties", { expected: "verifier and regulator apart from preparer and enterprise", found: verifier });
  }
  admitted(proven, enterprise, ENTERPRISE, "enterprise");
  admitted(proven, preparer, preparer === enterprise ? ENTERPRISE : PREPARER, "preparer");
  admitted(proven, verifier, VERIFIER, "verifier");
  admitted(proven, regulator, REGULATOR, "regulator");
  const times = [record.filedAt, record.verifiedAt, record.decidedAt, proven.header.timestamp];
  if (times.some((time, at) => !time || (at && times[at - 1] > time))) {
    throw new Invalid("order of the acts", { expected: "filed, verified, decided, then the block", found: times });
  }
  const governance = proven.get("governance", "0".repeat(64));
  if (!(1n <= governance.threshold && governance.threshold <= governance.regulators)) {
    throw new Invalid("quorum of the regulators", { expected: "1 to their number", found: governance.threshold });
  }
  if (policy.regulators === null) {
    return undecided(say`Approved by regulator ${regulator}, but the policy has no table of regulators.`);
  }
  if (policy.regulators.size && !policy.regulators.has(regulator)) {
    throw new Invalid("regulator", { expected: "one that the policy names", found: regulator });
  }
  return finding(
    say`Approved by regulator ${regulator} at ${rfc3339s(record.decidedAt)}, verified by ${verifier}, prepared by`
      .and` ${preparer}${record.late ? ", filed late" : ""}; in force in block ${proven.header.number}.`,
  );
}

function admitted(proven, member, kind, what) {
  const record = proven.get("member", member);
  if (record.status !== ADMITTED || !(record.kinds & kind)) {
    throw new Invalid(what, {
      expected: say`admitted, of kind ${kind}`,
      found: say`status ${record.status}, kinds ${record.kinds}`,
    });
  }
}
