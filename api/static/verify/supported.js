// What the manual entries of a report support, month by month, and what is odd about the documents beneath.
import { Invalid, Unknown } from "./errors.js";
import { concat, hex, numberOf, unhex, utf8, word } from "./bytes.js";
import { sha256 } from "./crypto.js";
import { roundedParameter } from "./rules.js";
import { countedBy } from "./calibration.js";
import { CONSERVATIVE, DEFAULT, MEASURED, parseDocument, parseManual } from "./evidence.js";
import { joined, say } from "./say.js";

const BY_MONTH = Array.from({ length: 12 }, (_, at) => at + 1);
const MEASURED_MONTHS = 3;
const LAB_DAYS = 40;
const CONTINUING = ["contract", "calibration"];

/** The report's manual and document entries: maps by log index. */
export function supported(bundle, year) {
  const manuals = new Map();
  const documents = new Map();
  for (const item of bundle.entries) {
    if (item.body.kind === "manual") {
      const manual = parseManual(item.body.content);
      if (manual.year !== year) throw new Invalid(say`year of ${item.name}`, { expected: year, found: manual.year });
      manuals.set(item.index, manual);
    } else if (item.body.kind === "document") {
      documents.set(item.index, parseDocument(item.body.content));
    }
  }
  const named = new Set();
  for (const [index, manual] of manuals) {
    for (const document of manual.documents) {
      if (!documents.has(document) || document >= index) {
        const found = documents.has(document) ? "later in the log" : "not in the bundle";
        throw new Invalid(say`document ${document} of manual entry ${index}`, { expected: "an earlier entry", found });
      }
      named.add(document);
    }
    if (manuals.has(manual.replaces)) {
      throw new Invalid("manual entries of the report", { expected: "none replaced", found: say`entry ${manual.replaces}` });
    }
  }
  const unnamed = [...documents.keys()].filter((index) => !named.has(index));
  if (unnamed.length) {
    throw new Invalid("documents of the bundle", { expected: "each named by a manual entry", found: say`entry ${unnamed[0]}` });
  }
  return { manuals, documents };
}

/** (device, month) → the entry that says how the device was calibrated: a map by "device\nmonth". */
export function casesOf({ manuals }) {
  const found = new Map();
  for (const [index, manual] of [...manuals].sort(([a], [b]) => a - b)) {
    if (!manual.meter?.device) continue;
    const key = `${manual.meter.device}\n${manual.month}`;
    if (found.has(key)) {
      throw new Invalid(say`case of meter ${manual.meter.device}, month ${manual.month}`, {
        expected: "one entry",
        found: say`${found.get(key).index} and ${index}`,
        remedy: "Let the later one replace the earlier one",
      });
    }
    found.set(key, { index, manual });
  }
  return new Map([...found].map(([key, { manual }]) => [key, manual]));
}

/** In words: which figures rest on documents, what is odd about these, what was corrected; null where none does. */
export function caveatOf({ manuals, documents }, measured) {
  if (!manuals.size) return null;
  const all = [...manuals.values()];
  const lines = [...new Set(all.filter((m) => m.quantity !== null).map((m) => m.line))].sort();
  const values = [...new Set(all.flatMap((m) => [...m.parameters.keys()]))].sort();
  const what = [];
  if (lines.length) what.push(say`quantities of ${joined(lines)}`);
  if (values.length) what.push(say`parameters ${joined(values)}`);
  const said = say`${manuals.size} manual entries and ${documents.size} documents`;
  const parts = [what.length ? say`${joined(what, " and ")} rest on ${said}` : say`there are ${said}`, ...flags(documents, manuals)];
  for (const { line, month, meter, quantity, missing } of all) {
    if (meter !== null) {
      const read = meter.device === null ? quantity : (measured.get(meter.device)?.[month - 1] ?? 0n);
      const whose = meter.device ?? say`line ${line}`;
      parts.push(say`${whose}, month ${month}, meter ${meter.kind}: ${read} counts as ${countedBy(meter, read)}`);
    }
    for (const [name, reason] of [...missing].sort(([a], [b]) => (a < b ? -1 : 1))) {
      parts.push(say`${name} of line ${line}, month ${month}, is missing: ${reason}`);
    }
  }
  return joined(parts, "; ");
}

function flags(documents, manuals) {
  const found = [];
  const quote = (name) => `'${name}'`;
  for (const [index, m] of manuals) {
    if (!m.documents.length && (m.quantity !== null || m.parameters.size)) {
      found.push([index, "document-missing", say`line ${m.line}, month ${m.month}, has a value by hand without a document`]);
    }
  }
  for (const [index, { purpose, name, issued, sampled }] of documents) {
    if (purpose !== "lab-report") continue;
    if (issued === null || sampled === null) {
      found.push([index, "lab-undated", say`lab report ${quote(name)} has no day of sample and of issue`]);
    } else if (issued > sampled + LAB_DAYS) {
      found.push([index, "lab-late", say`lab report ${quote(name)} came ${issued - sampled} days after its sample`]);
    }
  }
  const uses = [...manuals.values()].flatMap((m) => {
    const figure = [m.line, m.item, m.year, m.month].join("\n");
    return m.documents.map((index) => ({ index, document: documents.get(index), figure }));
  });
  const listed = uses.filter(({ document }) => !CONTINUING.includes(document.purpose));
  const told = new Set();
  for (const nameOf of [
    ({ digest }) => `document ${digest}`,
    ({ purpose, number }) => (number === null ? null : `${purpose} number ${quote(number)}`),
  ]) {
    const groups = new Map();
    for (const use of listed) {
      const name = nameOf(use.document);
      if (name !== null) groups.set(name, [...(groups.get(name) ?? []), use]);
    }
    for (const [name, group] of groups) {
      const figures = new Set(group.map((use) => use.figure));
      const key = [...new Set(group.map((use) => `${use.index} ${use.figure}`))].sort().join();
      if (figures.size > 1 && !told.has(key)) {
        told.add(key);
        const last = Math.max(...group.map((use) => use.index));
        found.push([last, "document-twice", say`${name} supports ${figures.size} figures`]);
      }
    }
  }
  const order = (a, b) => a[0] - b[0] || (a[1] < b[1] ? -1 : Number(a[1] > b[1]));
  return found.sort(order).map(([, , text]) => text);
}

/** Lines by base item: `wanted` "code\nbase" → twelve quantities, `holders` "code\nbase\nmonth" → line. */
export async function fold(report, bases, year) {
  const months = new Map();
  for (const base of new Set(bases)) {
    for (const month of BY_MONTH) {
      const name = concat(utf8("carbonledger/item-month/v1\0"), unhex(base), Uint8Array.of(year >> 8, year & 255, month));
      months.set(hex(await sha256(name)), { base, month });
    }
  }
  const lines = new Map(report.lines.map((line) => [`${line.code}\n${line.item}`, line]));
  const wanted = new Map();
  const holders = new Map();
  for (const line of report.lines) {
    const held = months.get(line.item);
    const key = `${line.code}\n${held?.base ?? line.item}`;
    if (!wanted.has(key)) wanted.set(key, Array(12).fill(0n));
    if (held) holders.set(`${key}\n${held.month}`, line);
  }
  report.months.forEach(({ statement }, at) => {
    for (const stated of statement.lines) {
      const { base, month } = months.get(stated.item) ?? { base: stated.item, month: at + 1 };
      const key = `${stated.code}\n${base}`;
      if (month !== at + 1 && stated.quantity) {
        throw new Invalid(say`line ${stated.code} of month ${month}`, { expected: "none in other months", found: at + 1 });
      }
      if (stated.quantity && wanted.get(key)[at]) {
        throw new Invalid(say`line ${stated.code}, month ${at + 1}`, { expected: "counted once", found: "twice" });
      }
      wanted.get(key)[at] += stated.quantity;
      const name = `${key}\n${at + 1}`;
      if (stated.item === base && !holders.has(name)) holders.set(name, lines.get(key));
    }
  });
  return { wanted, holders };
}

/** "code\nbase" → twelve quantities by manual entries; throws for one that no line of the report can hold. */
export function byHand({ manuals }, rules, wanted) {
  const sums = new Map();
  for (const [index, manual] of manuals) {
    const unit = rules.line(manual.line)?.quantity;
    const key = `${manual.line}\n${manual.item}`;
    if (!wanted.has(key) || (manual.unit !== null && manual.unit !== unit)) {
      throw new Invalid(say`line of manual entry ${index}`, {
        expected: say`one of the report, in ${unit}`,
        found: say`${manual.line} in ${manual.unit}`,
      });
    }
    if (manual.meter !== null) {
      const expected = rules.line(manual.line)?.sign < 0 ? "production" : "activity";
      const found = manual.meter.data;
      if (found !== expected) throw new Invalid(say`data of the meter of manual entry ${index}`, { expected, found });
    }
    if (manual.quantity === null) continue;
    if (!sums.has(key)) sums.set(key, Array(12).fill(0n));
    sums.get(key)[manual.month - 1] += manual.counted;
  }
  return sums;
}

/** Throws unless the enterprise's own parameters are those of the manual entries; Unknown for one that has none. */
export function checkParameters({ manuals }, { holders }, rules, report) {
  const given = new Map();
  for (const manual of manuals.values()) {
    const figure = `${manual.line}\n${manual.item}\n${manual.month}`;
    for (const [name, item] of manual.parameters) {
      if (!given.has(figure)) given.set(figure, new Map());
      const values = given.get(figure);
      values.set(name, [...(values.get(name) ?? []), { ...item, weight: item.weight ?? manual.quantity }]);
    }
  }
  const means = [...given].map(([figure, values]) => {
    const [code, , month] = figure.split("\n");
    return [figure, [...values].map(([name, items]) => [name, mean(items, say`${name} of ${code}, month ${month}`)])];
  });
  const named = new Map();
  const mark = (line, name) => named.set(line, (named.get(line) ?? new Set()).add(name));
  for (const [figure, values] of means) {
    const { line, rule, what } = ownLine(figure, holders, rules);
    for (const [name, { unit, value, tier }] of values) {
      const at = placeOf(rule, name, what);
      if (rule.parameters[at].unit !== unit) {
        throw new Invalid(say`unit of parameter ${name} of ${what}`, { expected: rule.parameters[at].unit, found: unit });
      }
      requireWord(line, at, tier, roundedParameter(rules, value, unit), say`${name} of ${what}`);
      mark(line, name);
    }
  }
  for (const manual of manuals.values()) {
    if (!manual.missing.size) continue;
    const figure = `${manual.line}\n${manual.item}\n${manual.month}`;
    const { line, rule, what } = ownLine(figure, holders, rules);
    for (const name of manual.missing.keys()) {
      if (given.get(figure)?.has(name)) {
        throw new Invalid(say`parameter ${name} of ${what}`, { expected: "a value or the reason for none", found: "both" });
      }
      const at = placeOf(rule, name, what);
      const [tier, value] = standIn(manual, at, rule, holders, what);
      requireWord(line, at, tier, value, say`${name} of ${what}, which is missing`);
      mark(line, name);
    }
  }
  for (const line of report.lines) {
    (rules.line(line.code)?.parameters ?? []).forEach(({ name }, at) => {
      if (line.tier(at) !== DEFAULT && !named.get(line)?.has(name)) {
        throw new Unknown(say`parameter ${name} of line ${line.code}`, {
          expected: "a manual entry that gives it",
          found: "none in the bundle",
          remedy: "The enterprise has the lab report",
        });
      }
    });
  }
}

function ownLine(figure, holders, rules) {
  const [code, item, month] = figure.split("\n");
  const what = say`line ${code}, month ${month}`;
  const line = holders.get(figure);
  const rule = rules.line(code);
  if (!line || rule === null || line.item === item) {
    throw new Invalid(say`parameters of ${what}`, { expected: "a line of this month alone", found: "none in the report" });
  }
  return { line, rule, what };
}

function placeOf(rule, name, what) {
  const at = rule.parameters.findIndex((parameter) => parameter.name === name);
  if (at < 0) throw new Invalid(say`parameter ${name} of ${what}`, { found: name });
  return at;
}

function requireWord(line, at, tier, value, what) {
  if (line.tier(at) !== tier || numberOf(line.parameters[at]) !== value) {
    throw new Invalid(say`parameter ${what}`, {
      expected: say`tier ${tier}, word ${hex(word(value))}`,
      found: say`tier ${line.tier(at)}, word ${hex(line.parameters[at])}`,
    });
  }
}

/** [tier, word] of what the rule set puts for a missing value: the mean of the measured months, or the default. */
function standIn({ line: code, item }, at, rule, holders, what) {
  const { name, missing, factor } = rule.parameters[at];
  if (missing === "refuse" || factor === null) {
    throw new Invalid(say`parameter ${name} of ${what}`, { expected: "a value", found: "the reason for none" });
  }
  const measured = BY_MONTH.map((month) => holders.get(`${code}\n${item}\n${month}`))
    .filter((line) => line && line.item !== item && line.tier(at) === MEASURED)
    .map((line) => numberOf(line.parameters[at]));
  if (missing !== "mean-of-measured" || measured.length < MEASURED_MONTHS) return [DEFAULT, numberOf(unhex(factor))];
  const count = BigInt(measured.length);
  return [CONSERVATIVE, (measured.reduce((sum, value) => sum + value, 0n) + count - 1n) / count];
}

/** The mass-weighted mean, half up at 1e-18. */
function mean(items, what) {
  const units = new Set(items.map(({ unit }) => unit));
  if (units.size > 1) throw new Invalid(say`units of ${what}`, { expected: "one", found: [...units].sort().join(" ") });
  const [unit] = units;
  const tier = items.some((item) => item.tier === CONSERVATIVE) ? CONSERVATIVE : MEASURED;
  const values = new Set(items.map(({ value }) => value));
  if (values.size === 1) return { unit, tier, value: items[0].value };
  if (items.some(({ weight }) => !weight)) {
    throw new Invalid(say`values of ${what}`, { expected: "a weight above 0 for each, or one value", found: "none for one" });
  }
  const total = items.reduce((sum, { weight }) => sum + weight, 0n);
  const top = items.reduce((sum, { value, weight }) => sum + value * weight, 0n);
  return { unit, tier, value: (2n * top + total) / (2n * total) };
}
