// Rule sets, factors and the computation of a year's lines: exact, with BigInt (docs/formats/rule-set.md).
import { Malformed, Refused, Unknown, quoted } from "./errors.js";
import { compare, concat, hex, numberOf, unhex, utf8, word } from "./bytes.js";
import { keccak, sha256 } from "./crypto.js";
import * as jcs from "./jcs.js";
import { METHODS } from "./methods.js";
import { name32, nameId } from "./names.js";
import * as sums from "./sums.js";
import { say } from "./say.js";

export const STATUS = { "in-force": 1, draft: 2, unverified: 3 };
const TIERS = ["default", "measured", "conservative"];
const EVIDENCE = { official: 1, reputable: 2, transcription: 3, draft: 4, unverified: 5 };
const GASES = ["CO2", "CH4", "N2O", "SF6", "HFC", "PFC", "NF3", "CO2e"];
const SCOPES = ["1", "2", "3", "outside"];
const MISSING = ["refuse", "default", "mean-of-measured"];
const UNITS = [
  ...["gCO2e/Wh", "gCO2e/kJ", "kJ/g", "kJ/L", "gC/kJ", "gC/g", "gC/L", "1", "gCO2e/g", "gCO2/L", "g/g", "gCH4/gCOD"],
  ...["GWP100", "g/mol", "degC", "kJ/(g.degC)"],
];

/** A rule set from canonical JSON; Unknown for a method that this build does not have. */
export async function parseRuleSet(raw) {
  const v = fields("$", jcs.decodeObject(raw), [
    ...["factors", "groups", "guideline", "input_rounding", "key", "lines", "mrv", "rounding", "sources", "status"],
    ...["title", "v", "version", "views", "years"],
  ]);
  integer("$.v", v.v, 1, 1);
  const factors = [];
  for (const [at, item] of list("$.factors", v.factors, 0, 1000).entries()) {
    factors.push(await parseFactor(`$.factors[${at}]`, item));
  }
  const byId = new Map(factors.map((factor) => [factor.id, factor]));
  if (byId.size !== factors.length) throw malformed("$.factors", "each factor once", "a factor comes twice");
  const groups = list("$.groups", v.groups, 1, 32).map((item, at) => {
    const g = fields(`$.groups[${at}]`, item, ["key", "title"]);
    title(`$.groups[${at}].title`, g.title);
    return code(`$.groups[${at}].key`, g.key);
  });
  if (new Set(groups).size !== groups.length) throw malformed("$.groups", "each group once", "one twice");
  const lines = list("$.lines", v.lines, 1, 128).map((item, at) => parseLine(`$.lines[${at}]`, item, byId, groups));
  if (new Set(lines.map((line) => line.code)).size !== lines.length) throw malformed("$.lines", "each code once", "one twice");
  const codes = lines.map((line) => line.code);
  const views = list("$.views", v.views, 0, 32).map((item, at) => parseView(`$.views[${at}]`, item, codes));
  if (new Set(views).size !== views.length) throw malformed("$.views", "each view once", "one twice");
  const inputRounding = list("$.input_rounding", v.input_rounding, 0, 32).map((item, at) => {
    const r = fields(`$.input_rounding[${at}]`, item, ["decimals", "mode", "place", "unit"]);
    integer("decimals", r.decimals, 0, 18);
    oneOf("mode", r.mode, sums.MODES);
    oneOf("place", r.place, ["quantity", "parameter"]);
    text("unit", r.unit, 1, 32);
    return r;
  });
  const mrv = fields("$.mrv", v.mrv, ["annual_report_days", "month_evidence_days"]);
  const rounding = list("$.rounding", v.rounding, 0, 2).map((item, at) => {
    const r = fields(`$.rounding[${at}]`, item, ["mode", "place", "unit"]);
    oneOf("place", r.place, ["line", "total"]);
    oneOf("mode", r.mode, sums.MODES);
    oneOf("unit", r.unit, Object.keys(sums.MASSES));
    return r;
  });
  if (new Set(rounding.map((row) => row.place)).size !== rounding.length) throw malformed("$.rounding", "each place once", "one twice");
  const rules = {
    key: code("$.key", v.key),
    status: oneOf("$.status", v.status, Object.keys(STATUS)),
    years: years("$.years", v.years),
    lines,
    factors,
    rounding,
    inputRounding,
    days: [integer("$.mrv", mrv.month_evidence_days, 1, 0xffff), integer("$.mrv", mrv.annual_report_days, 1, 0xffff)],
    line: (name) => lines.find((line) => line.code === name) ?? null,
  };
  chainName("$.guideline", v.guideline);
  chainName("$.version", v.version);
  title("$.title", v.title);
  list("$.sources", v.sources, 1, 100).forEach((item) => text("$.sources", item, 1, 4096));
  return rules;
}

async function parseFactor(path, value) {
  const f = fields(path, value, [
    "data_year", "evidence", "factor", "guideline", "region", "row", "source", "unit", "value", "version", "years",
  ]);
  oneOf(`${path}.unit`, f.unit, UNITS);
  const amount = fixed(`${path}.value`, f.value);
  const factor = {
    guideline: chainName(path, f.guideline),
    version: chainName(path, f.version),
    row: chainName(path, f.row),
    region: chainName(path, f.region, 0),
    dataYear: integer(path, f.data_year, 0, 9999),
    value: amount,
    unit: f.unit,
    years: f.years === null ? null : years(path, f.years),
    evidence: oneOf(path, f.evidence, Object.keys(EVIDENCE)),
    source: text(path, f.source, 1, 4096),
  };
  const { guideline, version, row, region, dataYear } = factor;
  factor.id = hex(await sha256(utf8(jcs.encode({ data_year: dataYear, guideline, region, row, version }))));
  factor.reference = region ? `${row}@${region}` : row;
  factor.sourceDigest = hex(await sha256(utf8(factor.source)));
  name32(factor.reference);
  if (f.factor !== factor.id) throw malformed(`${path}.factor`, factor.id, f.factor);
  return factor;
}

/** The fields of a factor's record as the rule set has them; throws where its years are not known. */
export function recordFields(factor) {
  if (factor.years === null) {
    throw new Refused(say`factor ${factor.reference} of ${factor.guideline} cannot be published`, {
      expected: "its reporting years",
      found: "not known",
    });
  }
  return {
    factorId: factor.id,
    guideline: nameId(factor.guideline),
    version: nameId(factor.version),
    row: nameId(factor.reference),
    value: factor.value,
    unit: nameId(factor.unit),
    yearFrom: BigInt(factor.years[0]),
    yearTo: BigInt(factor.years[1]),
    dataYear: BigInt(factor.dataYear),
    evidence: BigInt(EVIDENCE[factor.evidence]),
    sourceDigest: factor.sourceDigest,
  };
}

function parseView(path, value, codes) {
  const v = fields(path, value, ["key", "terms", "title"]);
  title(`${path}.title`, v.title);
  for (const item of list(`${path}.terms`, v.terms, 1, 128)) {
    const term = fields(`${path}.terms`, item, ["code", "sign"]);
    oneOf(`${path}.terms`, term.code, codes);
    if (term.sign !== 1 && term.sign !== -1) throw malformed(`${path}.terms`, "1 or -1", term.sign);
  }
  return code(`${path}.key`, v.key);
}

function parseLine(path, value, factors, groups) {
  const l = fields(path, value, [
    ...["calculator", "code", "gas", "group", "iso", "method", "parameters", "quantity", "scope", "scope3", "sign"],
    "title",
  ]);
  const name = text(`${path}.method`, l.method, 0, 31);
  if (!Object.hasOwn(METHODS, name)) {
    throw new Unknown(say`method '${name}'`, {
      expected: say`one of ${Object.keys(METHODS).join(", ")}`,
      remedy: "Use a newer carbonledger",
    });
  }
  const method = METHODS[name];
  if (l.calculator !== method.calculator) throw malformed(`${path}.calculator`, method.calculator, l.calculator);
  oneOf(`${path}.quantity`, l.quantity, Object.keys(method.forms));
  const wanted = method.forms[l.quantity];
  const given = list(`${path}.parameters`, l.parameters, 0, 6);
  if (given.length !== wanted.length) throw malformed(`${path}.parameters`, wanted.map(([n]) => n).join(" "), given.length);
  const parameters = given.map((item, at) => parseParameter(`${path}.parameters[${at}]`, item, wanted[at], factors));
  if (![1, -1, 0].includes(l.sign)) throw malformed(`${path}.sign`, "1, -1 or 0", l.sign);
  oneOf(`${path}.gas`, l.gas, GASES);
  oneOf(`${path}.group`, l.group, groups);
  oneOf(`${path}.scope`, l.scope, SCOPES);
  integer(`${path}.scope3`, l.scope3, 0, 15);
  oneOf(`${path}.iso`, l.iso, ["1", "2", "3", "4", "5", "6"]);
  title(`${path}.title`, l.title);
  return { code: code(`${path}.code`, l.code), name, method, quantity: l.quantity, parameters, sign: l.sign };
}

function parseParameter(path, value, [name, unit], factors) {
  const p = fields(path, value, ["factor", "guideline", "missing", "name", "tiers", "unit"]);
  oneOf(`${path}.name`, p.name, [name]);
  oneOf(`${path}.unit`, p.unit, [unit]);
  const tiers = list(`${path}.tiers`, p.tiers, 1, 3).map((tier) => oneOf(`${path}.tiers`, tier, TIERS));
  if (tiers.join() !== TIERS.filter((tier) => tiers.includes(tier)).join()) {
    throw malformed(`${path}.tiers`, "each once, in the order " + TIERS.join(", "), tiers.join());
  }
  const guideline = chainName(`${path}.guideline`, p.guideline, 0);
  oneOf(`${path}.missing`, p.missing, MISSING);
  if (p.missing !== "refuse" && !p.factor) throw malformed(`${path}.missing`, "a fixed factor", p.missing);
  if (p.missing === "mean-of-measured" && !tiers.includes("conservative")) {
    throw malformed(`${path}.tiers`, "conservative among the tiers", tiers.join());
  }
  text(`${path}.factor`, p.factor, 0, 64);
  const { missing } = p;
  if (!p.factor) return { name, unit, tiers, guideline, missing, factor: null };
  const fixedTo = factors.get(p.factor);
  if (!fixedTo) throw malformed(`${path}.factor`, "the id of one of its factors", p.factor);
  if (fixedTo.unit !== unit) throw malformed(`${path}.factor`, unit, fixedTo.unit);
  if (guideline && guideline !== fixedTo.guideline) {
    throw malformed(`${path}.guideline`, fixedTo.guideline, guideline);
  }
  if (!tiers.includes("default")) throw malformed(`${path}.tiers`, "default among the tiers", tiers.join());
  return { name, unit, tiers, guideline, missing, factor: fixedTo.id };
}

/** keccak256 of the form's words, hex. */
export function formDigest(rules) {
  const [line, total] = [rowOf(rules, "line"), rowOf(rules, "total") ?? TO_THE_GRAM];
  const rounding = (line ? sums.rowNumber(line) : 0) * 256 + sums.rowNumber(total);
  const numbers = [...rules.years, STATUS[rules.status], ...rules.days, rounding];
  return hex(
    keccak(word(rules.lines.length), name32(rules.key), ...numbers.map((n) => word(n)), ...rules.lines.map(lineWords)),
  );
}

const TO_THE_GRAM = { mode: "floor", place: "total", unit: "g" };
const rowOf = (rules, place) => rules.rounding.find((row) => row.place === place) ?? null;

function lineWords(line) {
  const { parameters } = line;
  let tiers = 0n;
  parameters.forEach((rule, at) => {
    for (const tier of rule.tiers) tiers |= 1n << BigInt(8 * at + TIERS.indexOf(tier));
  });
  const blank = new Uint8Array(32 * (6 - parameters.length));
  return concat(
    name32(line.code),
    name32(line.method.calculator),
    name32(line.name),
    word(line.sign < 0 ? (1n << 256n) - 1n : BigInt(line.sign)),
    word(parameters.length),
    word(tiers),
    ...parameters.map((rule) => (rule.factor ? unhex(rule.factor) : new Uint8Array(32))),
    blank,
    ...parameters.map((rule) => name32(rule.guideline)),
    blank,
    ...parameters.map((rule) => name32(rule.unit)),
    blank,
  );
}

/** Whole grams of a year's lines; `factors` maps ids to {value, unit, yearFrom, yearTo, guideline}. */
export function evaluate(rules, year, lines, factors) {
  const [from, to] = rules.years;
  if (!(from <= year && (to === 0 || year <= to))) {
    throw new Refused(say`rule set ${rules.key} does not hold for ${year}`, { expected: rules.years, found: year });
  }
  if (!lines.length) throw new Refused("a report without lines", { expected: "at least one line", found: "none" });
  const amounts = lines.map((line, at) => {
    if (at && compare(orderOf(lines[at - 1]), orderOf(line)) >= 0) {
      throw new Refused(say`line ${at} is out of order`, {
        expected: "(code, item) strictly ascending",
        found: line.code,
      });
    }
    const rule = rules.line(line.code);
    if (rule === null) {
      throw new Refused(say`line ${at}`, {
        expected: say`one of ${rules.lines.map((r) => r.code).join(", ")}`,
        found: quoted(line.code),
      });
    }
    return [rule.sign, amountOf(rule, year, line, factors)];
  });
  return total(rules, amounts);
}

const orderOf = (line) => concat(name32(line.code), unhex(line.item));

function amountOf(rule, year, line, factors) {
  const count = rule.parameters.length;
  if (line.tiers >> BigInt(8 * count) || line.parameters.slice(count).some((bytes) => bytes.some(Boolean))) {
    throw new Refused(say`line ${line.code} uses more parameters than it has`, { expected: count, found: "up to 6" });
  }
  const values = rule.parameters.map((parameter, at) => {
    const where = say`parameter ${parameter.name} of line ${rule.code}`;
    const tier = TIERS[line.tier(at)] ?? String(line.tier(at));
    const given = line.parameters[at];
    if (!parameter.tiers.includes(tier)) {
      throw new Refused(say`${where}: tier`, { expected: say`one of ${parameter.tiers.join(", ")}`, found: tier });
    }
    if (tier !== "default") return numberOf(given);
    const id = hex(given);
    if (parameter.factor !== null && id !== parameter.factor) {
      throw new Refused(say`${where} is fixed by the rule set`, { expected: parameter.factor, found: id });
    }
    const factor = factors.get(id);
    if (!factor) throw new Unknown(say`${where}: factor`, { expected: "the id of a published factor", found: id });
    if (parameter.guideline && factor.guideline !== parameter.guideline) {
      throw new Refused(say`${where}: guideline of the factor`, {
        expected: parameter.guideline,
        found: factor.guideline,
      });
    }
    if (factor.unit !== parameter.unit) {
      throw new Refused(say`${where}: unit of the factor`, { expected: parameter.unit, found: factor.unit });
    }
    if (!(factor.yearFrom <= BigInt(year) && (factor.yearTo === 0n || BigInt(year) <= factor.yearTo))) {
      throw new Refused(say`${where}: factor ${id} is not in force`, {
        expected: say`${factor.yearFrom} to ${factor.yearTo || "open"}`,
        found: year,
      });
    }
    return factor.value;
  });
  return rule.method.amount(line.quantity, values);
}

// base unit of a quantity → how many of it each unit is
const QUANTITIES = {
  Wh: { Wh: 1n, kWh: 10n ** 3n, MWh: 10n ** 6n, GWh: 10n ** 9n, "10^4kWh": 10n ** 7n },
  kJ: { kJ: 1n, MJ: 10n ** 3n, GJ: 10n ** 6n, TJ: 10n ** 9n },
  g: { g: 1n, kg: 10n ** 3n, t: 10n ** 6n, kt: 10n ** 9n, "10^4t": 10n ** 10n },
  L: { L: 1n, m3: 10n ** 3n, Nm3: 10n ** 3n, "10^4m3": 10n ** 7n, "10^4Nm3": 10n ** 7n },
};

/** A reported quantity in base units, rounded as the rule set asks; undefined where that is no whole number. */
export function roundedQuantity(rules, value, base) {
  const row = rules.inputRounding.find((r) => r.place === "quantity" && Object.hasOwn(QUANTITIES[base], r.unit));
  if (!row) return value;
  const [top, bottom] = [QUANTITIES[base][row.unit], 10n ** BigInt(row.decimals)];
  const steps = sums.divide(value * bottom, top, row.mode);
  return (steps * top) % bottom ? undefined : (steps * top) / bottom;
}

// base unit of a parameter → [numerator, denominator] of the units in which guidelines round
const PARAMETERS = {
  "kJ/g": { "kJ/g": [1n, 1n], "MJ/kg": [1n, 1n], "GJ/t": [1n, 1n], "kJ/kg": [1n, 1000n], "MJ/t": [1n, 1000n] },
  "kJ/L": { "kJ/L": [1n, 1n], "MJ/m3": [1n, 1n], "MJ/Nm3": [1n, 1n], "kJ/Nm3": [1n, 1000n], "GJ/10^4Nm3": [1n, 10n] },
  "gC/kJ": { "gC/kJ": [1n, 1n], "tC/GJ": [1n, 1n], "kgC/GJ": [1n, 1000n], "tC/TJ": [1n, 1000n] },
  "gC/g": { "gC/g": [1n, 1n], "kgC/kg": [1n, 1n], "tC/t": [1n, 1n], "%": [1n, 100n] },
  "gC/L": { "gC/L": [1n, 1n], "kgC/m3": [1n, 1n], "kgC/Nm3": [1n, 1n], "gC/Nm3": [1n, 1000n], "tC/10^4Nm3": [1n, 10n] },
  1: { 1: [1n, 1n], "%": [1n, 100n] },
};

/** A reported parameter in 1e-18 of its base unit, rounded as the rule set asks. */
export function roundedParameter(rules, value, base) {
  const rows = rules.inputRounding.filter((r) => r.place === "parameter");
  if (rows.length && !Object.hasOwn(PARAMETERS, base)) {
    throw new Unknown(say`rounding of a parameter in ${base}`, { expected: Object.keys(PARAMETERS).join(" ") });
  }
  const row = rows.find((r) => Object.hasOwn(PARAMETERS[base], r.unit));
  if (!row) return value;
  const [top, bottom] = PARAMETERS[base][row.unit];
  const [one, parts] = [10n ** 18n * top, bottom * 10n ** BigInt(row.decimals)];
  return (sums.divide(value * parts, one, row.mode) * one) / parts;
}

function total(rules, amounts) {
  const row = rowOf(rules, "line");
  const [added, subtracted] = [sums.emptySum(), sums.emptySum()];
  for (const [sign, amount] of amounts) {
    if (sign === 0) continue;
    const counted = row ? { numerator: sums.roundedAmount(amount, row) * sums.DENOMINATOR, divisor: 1n } : amount;
    sums.add(sign > 0 ? added : subtracted, counted);
  }
  return sums.difference(added, subtracted, rowOf(rules, "total") ?? TO_THE_GRAM);
}

// --- strict reading

function malformed(path, expected, found) {
  return new Malformed(path, { expected, found: quoted(found) });
}
function fields(path, value, names) {
  const keys = value !== null && typeof value === "object" && !Array.isArray(value) ? Object.keys(value).sort() : null;
  if (keys === null || keys.join() !== names.join()) throw malformed(path, names.join(" "), keys?.join(" "));
  return value;
}
function list(path, value, least, most) {
  if (!Array.isArray(value) || value.length < least || value.length > most) {
    throw malformed(path, `${least} to ${most} elements`, value?.length);
  }
  return value;
}
function text(path, value, least, most) {
  const isText = typeof value === "string" && value.length >= least;
  if (!isText || Array.from(value).length > most) throw malformed(path, `${least} to ${most} characters`, value);
  return value;
}
function integer(path, value, least, most) {
  if (typeof value !== "number" || value < least || value > most) {
    throw malformed(path, `a whole number from ${least} to ${most}`, value);
  }
  return value;
}
function oneOf(path, value, allowed) {
  if (typeof value !== "string" || !allowed.includes(value)) throw malformed(path, say`one of ${allowed.join(", ")}`, value);
  return value;
}
function years(path, value) {
  const [from, to] = list(path, value, 2, 2).map((year) => integer(path, year, 0, 9999));
  if (to && to < from) throw malformed(path, "[from, to]", value);
  return [from, to];
}
function chainName(path, value, least = 1) {
  text(path, value, least, 4096);
  name32(value);
  return value;
}
function code(path, value) {
  text(path, value, 1, 31);
  if (!/^[a-z0-9]+(?:[.-][a-z0-9]+)*$/.test(value)) throw malformed(path, "lower-case letters and digits", value);
  return value;
}
function title(path, value) {
  const t = fields(path, value, ["en", "zh"]);
  text(path, t.en, 1, 200);
  text(path, t.zh, 1, 200);
}
/** A decimal string in 1e-18, without needless zeros. */
function fixed(path, value) {
  const match = typeof value === "string" ? /^(0|[1-9][0-9]{0,77})(?:\.([0-9]{0,17}[1-9]))?$/.exec(value) : null;
  if (!match) throw malformed(path, "a decimal without needless zeros, multiples of 1e-18", value);
  const amount = BigInt(match[1] + (match[2] ?? "").padEnd(18, "0"));
  if (amount >> 256n) throw malformed(path, "below 2^256 · 1e-18", value);
  return amount;
}

