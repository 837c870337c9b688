// Document and manual entries of the log: strict parsing of their bodies `b` (docs/formats/log.md).
import { Malformed, quoted } from "./errors.js";
import { isHex } from "./bytes.js";
import { CASES, DATA, countedBy } from "./calibration.js";
import { say } from "./say.js";

const PURPOSES = [
  "invoice", "contract", "lab-report", "stock-ledger", "settlement", "production-record", "calibration", "other",
];
const UNITS = ["Wh", "kJ", "g", "L"];
const DECIMALS = 18;
const MAX_DOCUMENTS = 64;
export const [DEFAULT, MEASURED, CONSERVATIVE] = [0, 1, 2];

export function parseDocument(content) {
  const v = record(content, "a document entry", ["digest", "media_type", "name", "purpose", "size"], [
    "issued", "number", "sampled",
  ]);
  if (!PURPOSES.includes(v.purpose)) throw new Malformed("purpose of a document", { found: quoted(v.purpose) });
  text(v, "media_type", 100);
  return {
    digest: digest(v, "digest"),
    name: text(v, "name", 200),
    purpose: v.purpose,
    size: count(v, "size"),
    number: "number" in v ? text(v, "number", 100) : null,
    issued: "issued" in v ? day(v, "issued") : null,
    sampled: "sampled" in v ? day(v, "sampled") : null,
  };
}

export function parseManual(content) {
  const v = record(
    content,
    "a manual entry",
    ["documents", "item", "line", "month", "parameters", "period", "reason", "year"],
    ["meter", "missing", "quantity", "replaces", "unit"],
  );
  if ("quantity" in v !== "unit" in v) throw new Malformed("quantity of a manual entry", { expected: "with its unit" });
  if ("unit" in v && !UNITS.includes(v.unit)) throw new Malformed("unit of a manual entry", { found: quoted(v.unit) });
  byName(v.parameters, "parameters");
  const missing = "missing" in v ? byName(v.missing, "missing") : {};
  if ("missing" in v && !Object.keys(missing).length) {
    throw new Malformed("missing of a manual entry", { expected: "a reason by name, or left out", found: "{}" });
  }
  const both = Object.keys(missing).find((name) => Object.hasOwn(v.parameters, name));
  if (both !== undefined) {
    throw new Malformed(say`parameter '${both}'`, { expected: "a value or the reason why there is none", found: "both" });
  }
  const manual = {
    line: text(v, "line", 31),
    item: digest(v, "item"),
    year: within(v, "year", 1971, 9998),
    month: within(v, "month", 1, 12),
    quantity: "quantity" in v ? BigInt(count(v, "quantity")) : null,
    unit: v.unit ?? null,
    parameters: new Map(Object.entries(v.parameters).map(([name, item]) => [name, parseMeasured(item)])),
    documents: indices(v.documents),
    replaces: "replaces" in v ? count(v, "replaces") : null,
    meter: "meter" in v ? parseMeter(v.meter) : null,
    missing: new Map(Object.keys(missing).map((name) => [name, text(missing, name, 400)])),
  };
  const { period } = v;
  if (!Array.isArray(period) || period.length !== 2 || !period.every(isWhole) || !(0 <= period[0] && period[0] < period[1])) {
    throw new Malformed("period of a manual entry", { expected: "[start, end] in ms", found: quoted(period) });
  }
  text(v, "reason", 1000);
  const says = manual.quantity !== null || manual.parameters.size || manual.missing.size || manual.meter !== null;
  if (!says && manual.replaces === null) {
    throw new Malformed("a manual entry", { expected: "a quantity, a parameter or 'replaces'", found: "none of them" });
  }
  if (manual.meter !== null && (manual.meter.device === null) !== (manual.quantity !== null)) {
    throw new Malformed("meter of a manual entry", { expected: "a quantity as it was read, or the device that counted it" });
  }
  manual.counted = manual.meter === null || manual.quantity === null ? manual.quantity : countedBy(manual.meter, manual.quantity);
  return manual;
}

function parseMeter(value) {
  const v = record(value, "a meter's case", ["case", "data", "required"], ["calibrated", "covered", "device"]);
  if (!CASES.includes(v.case) || !DATA.includes(v.data)) {
    throw new Malformed("case and data of a meter", { expected: [...CASES, ...DATA].join(" "), found: quoted(v.case) });
  }
  const wanted = { "on-time": ["calibrated"], "not-calibrated": [], late: ["calibrated", "covered"] }[v.case];
  const given = ["calibrated", "covered"].filter((name) => name in v);
  if (given.join() !== wanted.join()) {
    throw new Malformed(say`fields of a meter's case ${v.case}`, { expected: wanted.join(" "), found: given.join(" ") });
  }
  return {
    kind: v.case,
    data: v.data,
    required: accuracy(v, "required"),
    calibrated: "calibrated" in v ? accuracy(v, "calibrated") : null,
    covered: "covered" in v ? BigInt(count(v, "covered")) : null,
    device: "device" in v ? text(v, "device", 200) : null,
  };
}

function accuracy(value, name) {
  const share = fixed(value[name]);
  if (share >= 10n ** BigInt(DECIMALS)) {
    throw new Malformed(say`field '${name}'`, { expected: "a share below 1: class 0.5 is 0.005", found: value[name] });
  }
  return share;
}

function byName(value, what) {
  if (!isObject(value) || !Object.keys(value).every((name) => name.length > 0 && name.length <= 40)) {
    throw new Malformed(say`${what} of a manual entry`, { expected: "an object by name", found: quoted(value) });
  }
  return value;
}

function parseMeasured(value) {
  const v = record(value, "a parameter", ["unit", "value"], ["tier", "weight"]);
  if ("tier" in v && v.tier !== "conservative") {
    throw new Malformed("tier of a parameter", { expected: "conservative, or left out", found: quoted(v.tier) });
  }
  return {
    tier: "tier" in v ? CONSERVATIVE : MEASURED,
    unit: text(v, "unit", 40),
    value: fixed(v.value),
    weight: "weight" in v ? BigInt(count(v, "weight")) : null,
  };
}

function fixed(value) {
  const match = typeof value === "string" ? /^(0|[1-9][0-9]{0,39})(?:\.([0-9]{0,17}[1-9]))?$/.exec(value) : null;
  if (match === null) throw new Malformed("value of a parameter", { expected: "a decimal such as 26.7", found: quoted(value) });
  return BigInt(match[1] + (match[2] ?? "").padEnd(DECIMALS, "0"));
}

const isWhole = (value) => typeof value === "number";
const isObject = (value) => value !== null && typeof value === "object" && !Array.isArray(value);

function record(value, what, needed, optional) {
  const names = isObject(value) ? Object.keys(value) : [];
  if (!needed.every((name) => names.includes(name)) || !names.every((n) => needed.includes(n) || optional.includes(n))) {
    throw new Malformed(say`fields of ${what}`, { expected: needed.join(" "), found: names.sort().join(" ") });
  }
  return value;
}
function text(value, name, most) {
  const found = value[name];
  const length = typeof found === "string" ? [...found].length : 0;
  if (length < 1 || length > most || /[\x00-\x1f\x7f]/.test(found)) {
    throw new Malformed(say`field '${name}'`, { expected: say`1 to ${most} characters`, found: quoted(found) });
  }
  return found;
}
function digest(value, name) {
  if (!isHex(value[name], 32)) throw new Malformed(say`field '${name}'`, { expected: "64 lower-case hex digits" });
  return value[name];
}
function count(value, name) {
  if (!isWhole(value[name]) || value[name] < 0) {
    throw new Malformed(say`field '${name}'`, { expected: "a whole number from 0", found: quoted(value[name]) });
  }
  return value[name];
}
function within(value, name, low, high) {
  const number = count(value, name);
  if (number < low || number > high) throw new Malformed(say`field '${name}'`, { expected: say`${low} to ${high}`, found: number });
  return number;
}
function day(value, name) {
  const found = value[name];
  const time = typeof found === "string" && /^[0-9]{4}-[0-9]{2}-[0-9]{2}$/.test(found) ? Date.parse(`${found}T00:00:00Z`) : NaN;
  if (Number.isNaN(time) || found < "0001" || new Date(time).toISOString().slice(0, 10) !== found) {
    throw new Malformed(say`field '${name}'`, { expected: "a day such as 2025-03-31", found: quoted(found) });
  }
  return time / 86_400_000;
}
function indices(value) {
  if (!Array.isArray(value) || value.length > MAX_DOCUMENTS || !value.every((i) => isWhole(i) && i >= 0)) {
    throw new Malformed("documents of a manual entry", { expected: "log indices", found: quoted(value) });
  }
  if (value.some((index, at) => at && value[at - 1] >= index)) {
    throw new Malformed("documents of a manual entry", { expected: "ascending, each once", found: value });
  }
  return value;
}
