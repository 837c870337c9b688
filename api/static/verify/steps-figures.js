// Step 14: quantities, months, lines, rule set, result; each follows from the one before.
import { Invalid, LedgerError, Unknown } from "./errors.js";
import { concat, hex, unhex, word } from "./bytes.js";
import { keccak, sha256 } from "./crypto.js";
import { name32, nameId, nameOf } from "./names.js";
import { STATUS, evaluate, formDigest, parseRuleSet, recordFields, roundedQuantity } from "./rules.js";
import { commitment } from "./statement.js";
import { manifestsOf, quantities, silence } from "./quantities.js";
import { MEASURES } from "./steps-registers.js";
import { countedBy } from "./calibration.js";
import { byHand, casesOf, caveatOf, checkParameters, fold, supported } from "./supported.js";
import { finding, notApplicable } from "./verdict.js";
import { joined, say } from "./say.js";

const MAX_TRIALS = 50_000;
const MAX_CHOOSING = 100;
const BY_MONTH = Array.from({ length: 12 }, (_, at) => at + 1);
const DRAFT = 4n;
const UNVERIFIED = ["transcription", "unverified"];
const HOUR = 3_600_000n;

/** 14. Quantities follow from the entries, months sum to lines, the result follows from lines, rule set, factors. */
export async function figures(context) {
  const { report } = context.bundle;
  if (report === null) return notApplicable("A reading has no figures of a report.");
  const { proven } = context;
  const [, record] = context.report;
  const year = Number(record.year);
  const hand = supported(context.bundle, year);
  await statements(context, report, record, year, hand);
  const rules = await ruleSetOf(proven, report, record);
  checkLines(report, rules, record);
  let found;
  try {
    found = evaluate(rules, year, report.lines, factorsOf(proven, rules, report.lines));
  } catch (error) {
    if (error instanceof Unknown || !(error instanceof LedgerError)) throw error;
    throw new Invalid(say`the lines do not compute: ${error}`);
  }
  if (found !== record.emission) {
    throw new Invalid("emission of the report (g)", { expected: found, found: record.emission });
  }
  const devices = new Map(
    report.devices.map((device) => [device.identifier, proven.get("device", context.idOf(device.identifier))]),
  );
  const sums = quantities(context.bundle, year, devices);
  await attribute(context, report, rules, devices, sums, hand, year);
  const entries = hand.manuals.size ? say` and ${hand.manuals.size} manual entries` : "";
  const total = [...sums.values()].flat().reduce((sum, quantity) => sum + quantity, 0n);
  return finding(
    say`${report.lines.length} lines over twelve months follow from ${devices.size} meters' registers (sum ${total} base`
      .and` units)${entries} and give ${found} gCO2e under ${rules.key}${caveats(context, year, rules, devices, hand, sums)}.`,
  );
}

function caveats(context, year, rules, devices, hand, sums) {
  const { report } = context.bundle;
  const said = [];
  const used = new Set(namedFactors(rules, report.lines));
  if (rules.status === "unverified" || rules.factors.some((f) => UNVERIFIED.includes(f.evidence) && used.has(f.id))) {
    said.push("the rule set has values that were not compared with their source");
  }
  const measured = [...new Set(report.lines.filter((line) => line.tiers).map((line) => line.code))].sort();
  if (measured.length) said.push(say`parameters of ${joined(measured)} are the enterprise's own`);
  const rests = caveatOf(hand, sums);
  if (rests !== null) said.push(rests);
  const flags = new Map();
  for (const { manifest } of manifestsOf(context.bundle, year).values()) {
    for (const [name, count] of Object.entries(manifest.flags)) flags.set(name, (flags.get(name) ?? 0) + count);
  }
  if (flags.size) {
    const counts = [...flags].sort().map(([name, count]) => `${name} ${count}`);
    said.push(say`the gateway flagged ${joined(counts)}`);
  }
  const [quiet, whose] = silence(context.bundle, year, devices);
  if (quiet > HOUR) said.push(say`${whose} shows no reading for up to ${quiet / HOUR} h before a month's boundary`);
  return said.length ? say`; ${joined(said, "; ")}` : "";
}

async function statements(context, report, record, year, hand) {
  const { proven, bundle } = context;
  const { member, logSize: size } = record;
  const head = bundle.log.checkpoint;
  if (size > head.size || (size === head.size && record.logRoot !== hex(head.root))) {
    throw new Invalid("head that the report names", { expected: say`within size ${head.size}`, found: size });
  }
  const beyond = bundle.entries.find((item) => BigInt(item.index) >= size);
  if (beyond) {
    throw new Invalid("entries of the report", { expected: say`below its head's size ${size}`, found: beyond.index });
  }
  const months = proven.ofKind("month").sort(([, a], [, b]) => Number(a.month - b.month));
  const numbers = months.map(([, month]) => Number(month.month));
  if (numbers.join() !== "1,2,3,4,5,6,7,8,9,10,11,12") {
    throw new Invalid("months of the report", { expected: "twelve", found: numbers });
  }
  const digest = hex(keccak(concat(...months.map(([id]) => unhex(id)))));
  if (digest !== record.monthsDigest) throw new Invalid("digest of the months", { expected: record.monthsDigest, found: digest });
  const manifests = new Map([...manifestsOf(bundle, year).values()].map(({ index, month }) => [index, month]));
  const anchors = proven.ofKind("anchor");
  const named = new Map();
  const manuals = new Map();
  for (const [at, { raw, salt, statement }] of report.months.entries()) {
    const number = at + 1;
    const what = say`statement of month ${number}`;
    const [, month] = months[at];
    const found = await commitment(raw, salt);
    if (found !== month.commitment) throw new Invalid(say`commitment of the ${what}`, { expected: month.commitment, found });
    const isOf = statement.member === member && statement.year === year && statement.month === number;
    const isFiled = month.member === member && Number(month.year) === year;
    if (!isOf || statement.origin !== bundle.log.origin || !isFiled) {
      throw new Invalid(what, {
        expected: say`${member} ${year} of ${bundle.log.origin}`,
        found: say`${statement.member} ${statement.year}-${statement.month} of ${statement.origin}`,
      });
    }
    if (BigInt(statement.size) > size) {
      throw new Invalid(say`head of the ${what}`, { expected: say`size at most ${size}`, found: statement.size });
    }
    const [, anchored] = anchors.find(([, anchor]) => anchor.size === BigInt(statement.size)) ?? [];
    if (anchored && anchored.root !== statement.root) {
      throw new Invalid(say`head of the ${what}`, { expected: anchored.root, found: statement.root });
    }
    for (const index of statement.manifests) {
      if (index >= statement.size || named.has(index)) {
        throw new Invalid(say`manifests of the ${what}`, { expected: say`below ${statement.size}, once`, found: index });
      }
      named.set(index, number);
    }
    for (const index of statement.manuals) {
      if (index >= statement.size || manuals.has(index)) {
        throw new Invalid(say`manual entries of the ${what}`, { expected: say`below ${statement.size}, once`, found: index });
      }
      manuals.set(index, number);
    }
  }
  const strange = [...new Set([...manuals.keys(), ...hand.manuals.keys()])]
    .filter((index) => manuals.get(index) !== hand.manuals.get(index)?.month)
    .sort((a, b) => a - b);
  if (strange.length) {
    throw new Invalid("manual entries of the months", { expected: "just those in the bundle", found: say`index ${strange[0]}` });
  }
  const odd = [...named].filter(([index, month]) => manifests.get(index) !== month).concat(
    [...manifests].filter(([index, month]) => named.get(index) !== month),
  );
  if (odd.length) {
    const [index] = odd.sort(([a], [b]) => a - b)[0];
    throw new Invalid("manifests of the months", { expected: "just those in the bundle", found: say`index ${index}` });
  }
}

async function ruleSetOf(proven, report, record) {
  const id = hex(await sha256(report.ruleSet));
  if (id !== record.ruleSetId) throw new Invalid("rule set of the report", { expected: record.ruleSetId, found: id });
  const published = proven.get("ruleset", id);
  const rules = await parseRuleSet(report.ruleSet);
  const expected = {
    key: nameId(rules.key),
    yearFrom: BigInt(rules.years[0]),
    yearTo: BigInt(rules.years[1]),
    status: BigInt(STATUS[rules.status]),
    formDigest: formDigest(rules),
  };
  for (const [name, value] of Object.entries(expected)) {
    if (published[name] !== value) {
      throw new Invalid(say`${name} of the rule set on the chain`, { expected: value, found: published[name] });
    }
  }
  if (rules.status === "draft") throw new Invalid("status of the rule set", { expected: "not a draft", found: "draft" });
  return rules;
}

function checkLines(report, rules, record) {
  const words = report.lines.map((line) =>
    concat(name32(line.code), unhex(line.item), word(line.quantity), word(line.tiers), ...line.parameters),
  );
  const digest = hex(keccak(concat(...words)));
  if (digest !== record.linesDigest) throw new Invalid("digest of the lines", { expected: record.linesDigest, found: digest });
  const sums = new Map();
  for (const { statement } of report.months) {
    for (const line of statement.lines) sums.set(keyOf(line), (sums.get(keyOf(line)) ?? 0n) + line.quantity);
  }
  const reported = new Map(report.lines.map((line) => [keyOf(line), line.quantity]));
  for (const key of [...new Set([...sums.keys(), ...reported.keys()])].sort()) {
    const rule = rules.line(codeOf(key));
    const expected = rule && sums.has(key) ? roundedQuantity(rules, sums.get(key), rule.quantity) : sums.get(key);
    if (expected !== reported.get(key)) {
      throw new Invalid(say`line ${codeOf(key)} against the months' sum`, {
        expected: expected ?? "None",
        found: reported.get(key) ?? "None",
      });
    }
  }
}

const keyOf = (line) => `${line.code}\n${line.item}`;
const codeOf = (key) => key.split("\n")[0];

function namedFactors(rules, lines) {
  const named = new Set();
  for (const line of lines) {
    const count = rules.line(line.code)?.parameters.length ?? 0;
    for (let at = 0; at < count; at++) if (line.tier(at) === 0) named.add(hex(line.parameters[at]));
  }
  return [...named].sort();
}

/** The register's factors that the lines name, each as the rule set has it too; no other in the bundle. */
function factorsOf(proven, rules, lines) {
  const embedded = new Map(rules.factors.map((factor) => [factor.id, factor]));
  const found = new Map();
  for (const id of namedFactors(rules, lines)) {
    const record = proven.get("factor", id);
    const factor = embedded.get(id);
    if (factor) {
      for (const [name, value] of Object.entries(recordFields(factor))) {
        if (record[name] !== value) {
          throw new Invalid(say`${name} of factor ${factor.reference}`, { expected: value, found: record[name] });
        }
      }
    }
    if (record.evidence === DRAFT) {
      throw new Invalid(say`evidence of factor ${id}`, { expected: "not a draft", found: "draft" });
    }
    const { value, yearFrom, yearTo } = record;
    found.set(id, { value, unit: nameOf(record.unit), yearFrom, yearTo, guideline: nameOf(record.guideline) });
  }
  for (const [id] of proven.ofKind("factor")) {
    if (!found.has(id)) throw new Invalid("factors of the bundle", { expected: "each used by a line", found: id });
  }
  return found;
}

/** Throws unless each month of each line is the sum of its meters, each counted in one line, and manual entries. */
async function attribute(context, report, rules, devices, measured, hand, year) {
  const units = new Set(report.units.map((unit) => context.idOf(unit)));
  const bases = [...units, ...[...hand.manuals.values()].map(({ item }) => item)];
  const folded = await fold(report, bases, year);
  const { wanted } = folded;
  const manual = byHand(hand, rules, wanted);
  checkParameters(hand, folded, rules, report);
  const cases = casesOf(hand);
  const strange = [...cases.keys()].map((key) => key.split("\n")[0]).find((device) => !devices.has(device));
  if (strange !== undefined) {
    throw new Invalid("meters of the manual entries", { expected: "of the report", found: strange });
  }
  const meters = [];
  for (const device of report.devices) {
    const record = devices.get(device.identifier);
    const own = BY_MONTH.map((month) => cases.get(`${device.identifier}\n${month}`));
    const months = measured.get(device.identifier).map((read, at) => (own[at] ? countedBy(own[at].meter, read) : read));
    const said = new Set(own.filter(Boolean).map(({ line, item }) => `${line}\n${item}`));
    const lines = [...wanted.keys()].filter((key) => {
      const [code, item] = key.split("\n");
      const rule = rules.line(code);
      return rule !== null && rule.quantity === MEASURES[record.measure] && (item === record.unit || !units.has(item)) &&
        [...said].every((named) => named === key);
    });
    if (!lines.length && months.some(Boolean)) {
      const sum = months.reduce((a, b) => a + b, 0n);
      throw new Invalid(say`line of meter ${device.identifier}`, { expected: "one in the report", found: say`none, sum ${sum}` });
    }
    if (lines.length) meters.push({ months, lines });
  }
  matchMeters(meters, wanted, manual);
}

function matchMeters(meters, wanted, manual) {
  const left = new Map([...wanted].map(([key, months]) => [key, [...months]]));
  const counted = new Map([...wanted.keys()].map((key) => [key, 0]));
  for (const [key, taken] of manual) {
    counted.set(key, counted.get(key) + 1);
    left.set(key, left.get(key).map((have, at) => have - taken[at]));
    const short = left.get(key).findIndex((rest) => rest < 0n);
    if (short >= 0) {
      throw new Invalid(say`line ${codeOf(key)}, month ${short + 1}`, {
        expected: say`at least ${taken[short]} by manual entries`,
        found: wanted.get(key)[short],
      });
    }
  }
  for (const { months, lines } of meters.filter((meter) => meter.lines.length === 1)) {
    counted.set(lines[0], counted.get(lines[0]) + 1);
    left.set(lines[0], left.get(lines[0]).map((have, at) => have - months[at]));
  }
  const choosing = meters.filter((meter) => meter.lines.length > 1);
  if (choosing.length > MAX_CHOOSING) {
    throw new Unknown("which meter counts in which line", {
      expected: say`at most ${MAX_CHOOSING} choices`,
      found: choosing.length,
    });
  }
  const open = new Set(choosing.flatMap((meter) => meter.lines));
  for (const [key, months] of left) {
    const off = months.findIndex((rest) => rest !== 0n);
    if (counted.get(key) && !open.has(key) && off >= 0) {
      const found = wanted.get(key)[off];
      throw new Invalid(say`line ${codeOf(key)}, month ${off + 1}`, { expected: say`${found - months[off]} by its entries`, found });
    }
  }
  let best = null;
  for (const unmet of assignments(choosing, 0, left, counted, { trials: MAX_TRIALS })) {
    best = unmet;
    if (!unmet.length) break;
  }
  if (best === null) {
    throw new Invalid("months of the lines", {
      expected: say`sums of the meters that may count in ${[...new Set([...open].map(codeOf))].sort().join(", ")}`,
      found: "others",
    });
  }
  if (best.length) {
    throw new Unknown(say`quantity of line ${codeOf(best[0])}`, {
      expected: "a meter that measures it, or manual entries",
      found: "neither in the bundle",
      remedy: "Ask the enterprise what it rests on",
    });
  }
}

/** For each way to count the meters in which all counted lines are met: the lines that no meter was counted in. */
function* assignments(meters, at, left, counted, budget) {
  if (at === meters.length) {
    const open = [...left].filter(([, months]) => months.some(Boolean)).map(([key]) => key);
    if (!open.some((key) => counted.get(key))) yield open;
    return;
  }
  const meter = meters[at];
  for (const key of meter.lines) {
    if (--budget.trials < 0) {
      throw new Unknown("which meter counts in which line", { expected: say`at most ${MAX_TRIALS} ways`, found: "more" });
    }
    const rest = left.get(key);
    if (rest.some((have, month) => have < meter.months[month])) continue;
    left.set(key, rest.map((have, month) => have - meter.months[month]));
    counted.set(key, counted.get(key) + 1);
    yield* assignments(meters, at + 1, left, counted, budget);
    counted.set(key, counted.get(key) - 1);
    left.set(key, rest);
  }
}
