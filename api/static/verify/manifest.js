// Manifests: the gateway's signed closing of one period of one device (docs/formats/log.md).
import { Malformed, quoted } from "./errors.js";
import { say } from "./say.js";

const FIELDS = [
  "count", "device", "end", "first", "flags", "from", "gaps", "last",
  "register_end", "register_start", "start", "sum", "to", "unit",
];
const FLAGS = [
  "missing", "backward_register", "impossible_power", "stuck", "clock_drift", "calibration_expired", "device_status",
];

export function parseManifest(content) {
  const value = content ?? {};
  if (Object.keys(value).sort().join() !== FIELDS.join()) {
    throw new Malformed("fields of a manifest", { expected: FIELDS.join(" "), found: Object.keys(value).sort().join(" ") });
  }
  const { flags } = value;
  const isTable = flags !== null && typeof flags === "object" && !Array.isArray(flags);
  if (!isTable || !Object.keys(flags).every((name) => FLAGS.includes(name))) {
    throw new Malformed("flags of a manifest", { expected: [...FLAGS].sort().join(" "), found: quoted(flags) });
  }
  for (const name of ["device", "unit"]) {
    if (typeof value[name] !== "string") throw new Malformed(say`manifest field '${name}'`, { expected: "a string" });
  }
  const manifest = {
    device: value.device,
    start: number(value, "start"),
    end: number(value, "end"),
    count: number(value, "count"),
    first: optional(value, "first"),
    last: optional(value, "last"),
    low: optional(value, "from"),
    high: optional(value, "to"),
    gaps: gaps(value.gaps),
    registerStart: optional(value, "register_start"),
    registerEnd: optional(value, "register_end"),
    total: whole(value, "sum"),
    unit: value.unit,
    flags: Object.fromEntries(Object.keys(flags).map((name) => [name, number(flags, name)])),
  };
  manifest.missing = manifest.gaps.reduce((sum, [first, last]) => sum + last - first + 1, 0);
  return manifest;
}

function gaps(value) {
  const isGap = (item) =>
    Array.isArray(item) && item.length === 2 && item.every((n) => typeof n === "number") && 0 <= item[0] && item[0] <= item[1];
  if (!Array.isArray(value) || !value.every(isGap)) throw new Malformed("gaps of a manifest", { expected: "a list of [first, last]" });
  if (value.some((gap, at) => at && value[at - 1][1] >= gap[0])) {
    throw new Malformed("gaps of a manifest", { expected: "ascending, apart" });
  }
  return value;
}
function whole(value, name) {
  if (typeof value[name] !== "number") {
    throw new Malformed(say`manifest field '${name}'`, { expected: "a whole number", found: quoted(value[name]) });
  }
  return value[name];
}
function number(value, name) {
  const found = whole(value, name);
  if (found < 0) throw new Malformed(say`manifest field '${name}'`, { expected: "a whole number from 0", found });
  return found;
}
function optional(value, name) {
  return value[name] === null ? null : number(value, name);
}
