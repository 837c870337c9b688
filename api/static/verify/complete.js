// Step 1, second half: the bundle holds just what its kind holds.
import { Malformed } from "./errors.js";
import { MEASURED } from "./entry.js";
import { currentId } from "./records.js";

const ENTRIES = [...MEASURED, "manifest", "manual", "document"];
const ELSEWHERE = ["anchor", "contract", "factor", "key"];

export function checkComplete(context) {
  const { bundle } = context;
  const kinds = bundle.entries.map((item) => item.body.kind);
  if (bundle.kind === "reading" && (kinds.length !== 1 || !MEASURED.includes(kinds[0]))) {
    throw new Malformed("entries of a reading's bundle", { expected: "one reading", found: kinds.join(" ") || "none" });
  }
  const strange = [...new Set(kinds)].filter((kind) => !ENTRIES.includes(kind)).sort();
  if (strange.length) {
    throw new Malformed("entries of a report's bundle", {
      expected: "readings, manifests, manual values and documents",
      found: strange[0],
    });
  }
  if (!kinds.length) throw new Malformed("entries of the bundle", { expected: "at least one", found: "none" });
  if (bundle.chain === null) return;
  if (bundle.report === null && bundle.chain.ofKind("factor").length) {
    throw new Malformed("records of a reading's bundle", { expected: "no factor", found: "one" });
  }
  const wanted = new Set(wantedBy(context));
  const found = bundle.chain.records.filter((r) => !ELSEWHERE.includes(r.kind)).map((r) => `${r.kind} ${r.id}`);
  const months = found.filter((need) => need.startsWith("month "));
  if (bundle.report !== null && months.length === 12) months.forEach((need) => wanted.add(need));
  const missing = [...wanted].filter((need) => !found.includes(need)).sort();
  if (missing.length) throw new Malformed("records of the bundle", { expected: missing[0], found: "missing" });
  const extra = found.filter((need) => !wanted.has(need)).sort();
  if (extra.length) {
    throw new Malformed("records of the bundle", {
      expected: "just those that a step asks for",
      found: extra[0].split(" ")[0],
    });
  }
}

function wantedBy(context) {
  const { bundle } = context;
  const { chain, report } = bundle;
  const log = `log ${context.idOf(bundle.log.origin)}`;
  if (report === null) {
    const device = `device ${context.idOf(bundle.entries[0].body.signer)}`;
    return [log, device, ...chain.ofKind("log").map((record) => `member ${record.fields.member}`)];
  }
  const reports = chain.ofKind("report");
  if (reports.length !== 1) {
    throw new Malformed("records of a report's bundle", { expected: "one record 'report'", found: reports.length });
  }
  const [{ id, fields }] = reports;
  const members = [fields.member, fields.preparer, fields.verifier, fields.regulator].filter((m) => !/^0+$/.test(m));
  return [
    log,
    `report ${id}`,
    `ruleset ${fields.ruleSetId}`,
    ...pointerOf(fields, chain),
    `governance ${"0".repeat(64)}`,
    `units ${fields.member}`,
    ...members.map((member) => `member ${member}`),
    ...report.units.map((unit) => `unit ${context.idOf(unit)}`),
    ...report.devices.map((device) => `device ${context.idOf(device.identifier)}`),
  ];
}

/** The record `current`: before any report of the year is approved the chain has none. */
function pointerOf({ member, year, status }, chain) {
  const pointer = currentId(member, year);
  const found = chain.ofKind("current").some((record) => record.id === pointer);
  return found || status === 3n || status === 6n ? [`current ${pointer}`] : [];
}
