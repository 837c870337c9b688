// What each device measured in each month, from its signed registers at the boundaries and the gateway's manifests.
import { Invalid, Unknown, quoted } from "./errors.js";
import { MEASURED } from "./entry.js";
import { parseManifest } from "./manifest.js";
import { instants, rfc3339 } from "./periods.js";
import { say } from "./say.js";

const BY_MONTH = Array.from({ length: 12 }, (_, at) => at + 1);

/** Map "month device" → {index, manifest}; throws for a period that is no month of the year, or closed twice. */
export function manifestsOf(bundle, year) {
  const bounds = instants(year);
  const found = new Map();
  for (const item of bundle.entries) {
    if (item.body.kind !== "manifest") continue;
    const manifest = parseManifest(item.body.content);
    const month = BY_MONTH.find((m) => manifest.start === bounds[m - 1] && manifest.end === bounds[m]);
    const name = `${month} ${manifest.device}`;
    if (month === undefined || found.has(name)) {
      throw new Invalid(say`period of ${item.name}`, {
        expected: say`a month of ${year}, each once`,
        found: say`${rfc3339(manifest.start)} to ${rfc3339(manifest.end)} of ${manifest.device}`,
      });
    }
    found.set(name, { index: item.index, month, manifest });
  }
  return found;
}

/** Map identifier → twelve quantities (BigInt). `devices` maps identifiers to the register's records. */
export function quantities(bundle, year, devices) {
  const manifests = manifestsOf(bundle, year);
  const strange = [...manifests.values()].map((m) => m.manifest.device).filter((device) => !devices.has(device)).sort();
  if (strange.length) {
    throw new Invalid("manifests of the bundle", { expected: "of devices in the report", found: strange[0] });
  }
  const bounds = instants(year);
  const found = new Map();
  let unknown = null;
  for (const [device, record] of devices) {
    const readings = bundle.entries.filter((e) => MEASURED.includes(e.body.kind) && e.body.signer === device);
    const closed = new Map(BY_MONTH.map((m) => [m, manifests.get(`${m} ${device}`)]));
    try {
      found.set(device, ofDevice(device, record, readings, closed, bounds));
    } catch (error) {
      if (!(error instanceof Unknown)) throw error;
      unknown = error;
    }
  }
  if (unknown !== null) throw unknown;
  return found;
}

function ofDevice(device, record, readings, closed, bounds) {
  const ordered = readings.toSorted((a, b) => a.body.sequence - b.body.sequence);
  ordered.forEach((after, at) => {
    const before = ordered[at - 1];
    if (at && (before.body.sequence === after.body.sequence || before.body.time >= after.body.time)) {
      throw new Invalid(say`time of ${after.name}`, {
        expected: say`after ${rfc3339(before.body.time)}, with a later sequence`,
        found: rfc3339(after.body.time),
      });
    }
  });
  if (ordered.some((item) => item.body.register === null)) {
    throw new Unknown(say`quantities of ${device}`, {
      expected: "register readings",
      found: "interval values only",
      remedy: "The audit package holds all its readings: replay it",
    });
  }
  const used = new Set();
  const found = BY_MONTH.map((month) => {
    let start = boundary(ordered, bounds[month - 1]);
    const end = boundary(ordered, bounds[month]);
    if (start === null && end !== null) {
      [start] = ordered; // installed within the month: from its commissioning entry on
      if (start.body.kind !== "commissioning") {
        throw new Invalid(say`first entry of ${device}`, {
          expected: say`at or before ${rfc3339(bounds[month - 1])}, or the commissioning entry`,
          found: say`${start.body.kind} at ${rfc3339(start.body.time)}`,
        });
      }
    }
    for (const item of [start, end]) if (item !== null) used.add(item.index);
    return ofMonth(device, month, record, start, end, closed.get(month), bounds.slice(month - 1, month + 1));
  });
  const unused = ordered.find((item) => !used.has(item.index));
  if (unused) throw new Invalid("readings of the bundle", { expected: "each at a month's boundary", found: unused.name });
  return found;
}

function boundary(ordered, instant) {
  let last = null;
  for (const item of ordered) if (item.body.time <= instant) last = item;
  return last;
}

function ofMonth(device, month, record, start, end, closed, bounds) {
  const what = say`of ${device}, month ${month}`;
  const { removedAt, installedFrom, modulus } = record;
  if (closed === undefined) {
    const removed = removedAt && removedAt * 1000n <= BigInt(bounds[0]);
    if (installedFrom * 1000n < BigInt(bounds[1]) && !removed) {
      throw new Invalid(say`manifest ${what}`, { expected: "one", found: "none" });
    }
  }
  if (start === null || end === null) {
    if (closed !== undefined && (closed.manifest.count || closed.manifest.total)) {
      throw new Invalid(say`manifest ${what}`, { expected: "boundary readings beside it", found: "none" });
    }
    return 0n;
  }
  const quantity = registerDifference(start.body.register, end.body.register, modulus);
  if (closed === undefined) {
    if (quantity) throw new Invalid(say`register ${what}`, { expected: "no change while not installed", found: quantity });
    return 0n;
  }
  checkManifest(closed, start, end, quantity, what);
  requireOneRound(record, BigInt(end.body.time - start.body.time), what);
  if (closed.manifest.flags.backward_register) {
    throw new Unknown(say`quantity ${what}`, {
      expected: "a register that only grew",
      found: "the gateway's flag that it ran backward",
      remedy: "The audit package holds all its readings: replay it",
    });
  }
  return quantity;
}

function registerDifference(start, end, modulus) {
  if (end < start && !modulus) {
    throw new Invalid("the register ran backward", { expected: say`at least ${start}`, found: end });
  }
  if (modulus && !(start < modulus && end < modulus)) {
    throw new Invalid("a register above its modulus", { expected: say`below ${modulus}`, found: start > end ? start : end });
  }
  return modulus ? (((end - start) % modulus) + modulus) % modulus : end - start;
}

/** Unknown if a register may have rolled over more than once in this time at its rated maximum. */
function requireOneRound({ modulus, ratedMax }, span, what) {
  const time = span > 0n ? span : 0n;
  if (modulus && ratedMax * time >= modulus * 3_600_000n) {
    throw new Unknown(say`quantity ${what}`, {
      expected: say`a register that needs longer than ${(Number(time) / 3_600_000).toFixed(2)} h to roll over at ${modulus}`,
      found: say`a rated maximum of ${ratedMax} an hour`,
      remedy: "The audit package holds all its readings: replay it",
    });
  }
}

function checkManifest(closed, start, end, quantity, what) {
  const { manifest } = closed;
  const big = (value) => (value === null ? null : BigInt(value));
  const span = end.body.sequence - start.body.sequence;
  const compared = {
    unit: [end.body.unit, manifest.unit],
    sum: [quantity, BigInt(manifest.total)],
    register_start: [start.body.register, big(manifest.registerStart)],
    register_end: [end.body.register, big(manifest.registerEnd)],
    count: [span - manifest.missing, manifest.count],
  };
  for (const [name, [expected, found]] of Object.entries(compared)) {
    if (expected !== found) throw new Invalid(say`${name} of the manifest ${what}`, { expected, found: quoted(found) });
  }
  if (manifest.gaps.some(([first, last]) => !(start.body.sequence < first && first <= last && last < end.body.sequence))) {
    throw new Invalid(say`gaps of the manifest ${what}`, {
      expected: say`between ${start.body.sequence} and ${end.body.sequence}`,
      found: manifest.gaps,
    });
  }
  let first = start.body.sequence + 1;
  for (const [low, high] of manifest.gaps) if (low <= first && first <= high) first = high + 1;
  const wanted = manifest.count ? [first, end.body.sequence] : [null, null];
  if (manifest.first !== wanted[0] || manifest.last !== wanted[1]) {
    throw new Invalid(say`first and last of the manifest ${what}`, { expected: wanted, found: [manifest.first, manifest.last] });
  }
  const { low, high } = manifest;
  if (manifest.count) {
    const fits = low !== null && high !== null && low <= high && high < closed.index;
    if (!(fits && low <= end.index && end.index <= high)) {
      throw new Invalid(say`log range of the manifest ${what}`, { expected: say`around ${end.index}`, found: [low, high] });
    }
  } else if (low !== null || high !== null) {
    throw new Invalid(say`log range of the manifest ${what}`, { expected: "none", found: [low, high] });
  }
}

/** The longest time (ms) without a disclosed reading before a boundary at which a meter was in place, and whose. */
export function silence(bundle, year, devices) {
  let [worst, whose] = [0n, ""];
  for (const [device, record] of devices) {
    const times = bundle.entries
      .filter((e) => MEASURED.includes(e.body.kind) && e.body.signer === device)
      .map((e) => BigInt(e.body.time));
    const since = record.installedFrom * 1000n;
    const until = record.removedAt * 1000n;
    for (const instant of instants(year).map(BigInt)) {
      const then = until && until < instant ? until : instant;
      if (then <= since) continue;
      const last = times.filter((time) => time <= then).reduce((a, b) => (a === null || b > a ? b : a), null);
      const quiet = then - (last ?? since);
      if (quiet > worst) [worst, whose] = [quiet, device];
    }
  }
  return [worst, whose];
}

