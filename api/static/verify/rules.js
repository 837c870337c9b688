// Rule sets, factors and the computation of a year's lines: exact, with BigInt (docs/formats/rule-set.md).
import { Malformed, Refused, Unknown, quoted } from "./errors.js";
import { compare, concat, hex, numberOf, unhex, utf8, word } from "./bytes.js";
import { keccak, sha256 } from "./crypto.js";
import * as jcs from "./jcs.js";
import { name32, nameId } from "./names.js";

const SCALE = 10n ** 18n;
const DENOMINATOR = 12n * SCALE ** 3n;
const LIMIT = 1n << 512n;

export const STATUS = { "in-force": 1, draft: 2, unverified: 3 };
const TIERS = ["default", "measured", "conservative"];
const EVIDENCE = { official: 1, reputable: 2, transcription: 3, draft: 4 };
const MODES = ["floor", "ceiling", "half-up", "half-even"];
const MASSES = { g: 1n, kg: 1_000n, t: 1_000_000n };
const UNITS = ["gCO2e/Wh", "gCO2e/kJ", "kJ/g", "kJ/L", "gC/kJ", "gC/g", "gC/L", "1"];

// method → calculator, base unit of the quantity → parameters [name, unit], numerator over 12·10^54
const METHODS = {
  electricity: {
    calculator: "EnergyCalculator",
    forms: { Wh: [["ef", "gCO2e/Wh"]] },
    numerator: (quantity, [ef]) => product(quantity, ef, 12n * SCALE ** 2n),
  },
  heat: {
    calculator: "EnergyCalculator",
    forms: { kJ: [["ef", "gCO2e/kJ"]] },
    numerator: (quantity, [ef]) => product(quantity, ef, 12n * SCALE ** 2n),
  },
  "combustion-heat": {
    calculator: "CombustionCalculator",
    forms: {
      g: [["ncv", "kJ/g"], ["cc", "gC/kJ"], ["of", "1"]],
      L: [["ncv", "kJ/L"], ["cc", "gC/kJ"], ["of", "1"]],
    },
    numerator: (quantity, [ncv, cc, of]) => product(quantity, ncv, cc, of, 44n),
  },
  "combustion-carbon": {
    calculator: "CombustionCalculator",
    forms: { g: [["c", "gC/g"], ["of", "1"]], L: [["c", "gC/L"], ["of", "1"]] },
    numerator: (quantity, [c, of]) => product(quantity, c, of, 44n * SCALE),
  },
};

function product(...numbers) {
  return numbers.reduce((result, number) => checked(result * number), 1n);
}
function checked(numerator) {
  if (numerator >= LIMIT) {
    throw new Refused("an amount is too large to compute exactly", { expected: "a numerator below 2^512" });
  }
  return numerator;
}

/** A rule set from canonical JSON; Unknown for a method that this build does not have. */
export async function parseRuleSet(raw) {
  const v = fields("$", jcs.decodeObject(raw), [
    "factors", "guideline", "key", "lines", "mrv", "rounding", "sources", "status", "title", "v", "version", "years",
  ]);
  integer("$.v", v.v, 1, 1);
  const factors = [];
  for (const [at, item] of list("$.factors", v.factors, 0, 1000).entries()) {
    factors.push(await parseFactor(`$.factors[${at}]`, item));
  }
  const byId = new Map(factors.map((factor) => [factor.id, factor]));
  if (byId.size !== factors.length) throw malformed("$.factors", "each factor once", "a factor comes twice");
  const lines = list("$.lines", v.lines, 1, 64).map((item, at) => parseLine(`$.lines[${at}]`, item, byId));
  if (new Set(lines.map((line) => line.code)).size !== lines.length) throw malformed("$.lines", "each code once", "one twice");
  const mrv = fields("$.mrv", v.mrv, ["annual_report_days", "month_evidence_days"]);
  const rounding = list("$.rounding", v.rounding, 0, 2).map((item, at) => {
    const r = fields(`$.rounding[${at}]`, item, ["mode", "place", "unit"]);
    oneOf("place", r.place, ["line", "total"]);
    oneOf("mode", r.mode, MODES);
    oneOf("unit", r.unit, Object.keys(MASSES));
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
  if (f.factor !== factor.id) throw malformed(`${path}.factor`, factor.id, f.factor);
  return factor;
}

/** The fields of a factor's record as the rule set has them; throws where its years are not known. */
export function recordFields(factor) {
  if (factor.years === null) {
    throw new Refused(`factor ${factor.reference} of ${factor.guideline} cannot be published`, {
      expected: "its reporting years",
      found: "not known",
    });
  }
  return {
    factorId: factor.id,
    guideline: nameId(factor.guideline),
    version: nameId(factor.version),
    row: nameId(factor.row),
    value: factor.value,
    unit: nameId(factor.unit),
    yearFrom: BigInt(factor.years[0]),
    yearTo: BigInt(factor.years[1]),
    dataYear: BigInt(factor.dataYear),
    evidence: BigInt(EVIDENCE[factor.evidence]),
    sourceDigest: factor.sourceDigest,
  };
}

function parseLine(path, value, factors) {
  const l = fields(path, value, ["calculator", "code", "method", "parameters", "quantity", "scope", "sign", "title"]);
  const name = text(`${path}.method`, l.method, 0, 31);
  if (!Object.hasOwn(METHODS, name)) {
    throw new Unknown(`method '${name}'`, {
      expected: "one of " + Object.keys(METHODS).join(", "),
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
  if (l.sign !== 1 && l.sign !== -1) throw malformed(`${path}.sign`, "1 or -1", l.sign);
  oneOf(`${path}.scope`, l.scope, ["1", "2", "3"]);
  title(`${path}.title`, l.title);
  return { code: code(`${path}.code`, l.code), name, method, quantity: l.quantity, parameters, sign: l.sign };
}

function parseParameter(path, value, [name, unit], factors) {
  const p = fields(path, value, ["factor", "name", "tiers", "unit"]);
  oneOf(`${path}.name`, p.name, [name]);
  oneOf(`${path}.unit`, p.unit, [unit]);
  const tiers = list(`${path}.tiers`, p.tiers, 1, 3).map((tier) => oneOf(`${path}.tiers`, tier, TIERS));
  if (tiers.join() !== TIERS.filter((tier) => tiers.includes(tier)).join()) {
    throw malformed(`${path}.tiers`, "each once, in the order " + TIERS.join(", "), tiers.join());
  }
  text(`${path}.factor`, p.factor, 0, 64);
  if (!p.factor) return { name, unit, tiers, factor: null };
  const fixedTo = factors.get(p.factor);
  if (!fixedTo) throw malformed(`${path}.factor`, "the id of one of its factors", p.factor);
  if (fixedTo.unit !== unit) throw malformed(`${path}.factor`, unit, fixedTo.unit);
  if (!tiers.includes("default")) throw malformed(`${path}.tiers`, "default among the tiers", tiers.join());
  return { name, unit, tiers, factor: fixedTo.id };
}

/** keccak256 of the form's words, hex; Unknown where the contracts have no number for the rounding table. */
export function formDigest(rules) {
  const table = rules.rounding.length ? rules.rounding : [{ place: "total", mode: "floor", unit: "g" }];
  const [row] = table;
  if (table.length !== 1 || row.place !== "total" || row.mode !== "floor" || row.unit !== "g") {
    throw new Unknown(`rounding of rule set ${rules.key} on the chain`, { expected: "floor of the total to the gram" });
  }
  const numbers = [...rules.years, STATUS[rules.status], ...rules.days, 1];
  return hex(
    keccak(word(rules.lines.length), name32(rules.key), ...numbers.map((n) => word(n)), ...rules.lines.map(lineWords)),
  );
}

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
    word(line.sign === 1 ? 1n : (1n << 256n) - 1n),
    word(parameters.length),
    word(tiers),
    ...parameters.map((rule) => (rule.factor ? unhex(rule.factor) : new Uint8Array(32))),
    blank,
    ...parameters.map((rule) => name32(rule.unit)),
    blank,
  );
}

/** Whole grams of a year's lines; `factors` maps ids to {value, unit, yearFrom, yearTo}. */
export function evaluate(rules, year, lines, factors) {
  const [from, to] = rules.years;
  if (!(from <= year && (to === 0 || year <= to))) {
    throw new Refused(`rule set ${rules.key} does not hold for ${year}`, { expected: rules.years, found: year });
  }
  if (!lines.length) throw new Refused("a report without lines", { expected: "at least one line", found: "none" });
  const contributions = lines.map((line, at) => {
    if (at && compare(orderOf(lines[at - 1]), orderOf(line)) >= 0) {
      throw new Refused(`line ${at} is out of order`, {
        expected: "(code, item) strictly ascending",
        found: line.code,
      });
    }
    const rule = rules.line(line.code);
    if (rule === null) {
      throw new Refused(`line ${at}`, {
        expected: "one of " + rules.lines.map((r) => r.code).join(", "),
        found: quoted(line.code),
      });
    }
    return BigInt(rule.sign) * contribution(rule, year, line, factors);
  });
  return total(rules, contributions);
}

const orderOf = (line) => concat(name32(line.code), unhex(line.item));

function contribution(rule, year, line, factors) {
  const count = rule.parameters.length;
  if (line.tiers >> BigInt(8 * count) || line.parameters.slice(count).some((bytes) => bytes.some(Boolean))) {
    throw new Refused(`line ${line.code} uses more parameters than it has`, { expected: count, found: "up to 6" });
  }
  const values = rule.parameters.map((parameter, at) => {
    const where = `parameter ${parameter.name} of line ${rule.code}`;
    const tier = TIERS[line.tier(at)] ?? String(line.tier(at));
    const given = line.parameters[at];
    if (!parameter.tiers.includes(tier)) {
      throw new Refused(`${where}: tier`, { expected: "one of " + parameter.tiers.join(", "), found: tier });
    }
    if (tier !== "default") return numberOf(given);
    const id = hex(given);
    if (parameter.factor !== null && id !== parameter.factor) {
      throw new Refused(`${where} is fixed by the rule set`, { expected: parameter.factor, found: id });
    }
    const factor = factors.get(id);
    if (!factor) throw new Unknown(`${where}: factor`, { expected: "the id of a published factor", found: id });
    if (factor.unit !== parameter.unit) {
      throw new Refused(`${where}: unit of the factor`, { expected: parameter.unit, found: factor.unit });
    }
    if (!(factor.yearFrom <= BigInt(year) && (factor.yearTo === 0n || BigInt(year) <= factor.yearTo))) {
      throw new Refused(`${where}: factor ${id} is not in force`, {
        expected: `${factor.yearFrom} to ${factor.yearTo || "open"}`,
        found: year,
      });
    }
    return factor.value;
  });
  return rule.method.numerator(line.quantity, values);
}

function total(rules, contributions) {
  const table = rules.rounding.length ? rules.rounding : [{ place: "total", mode: "floor", unit: "g" }];
  const at = (place) => table.find((row) => row.place === place);
  const amounts = contributions.map((amount) => {
    const magnitude = amount < 0n ? -amount : amount;
    return [amount >= 0n, at("line") ? rounded(at("line"), magnitude) : magnitude];
  });
  let added = 0n;
  let subtracted = 0n;
  for (const [isAdded, amount] of amounts) {
    if (isAdded) added = checked(added + amount);
    else subtracted = checked(subtracted + amount);
  }
  if (subtracted > added) {
    throw new Refused("the total is negative", { expected: "exports that are not above what was emitted and bought" });
  }
  const rest = added - subtracted;
  const emission = (at("total") ? rounded(at("total"), rest) : rest) / DENOMINATOR;
  if (emission >> 256n) throw new Refused("the emission is too large", { expected: "below 2^256 g" });
  return emission;
}

function rounded(row, numerator) {
  const step = DENOMINATOR * MASSES[row.unit];
  const quotient = numerator / step;
  const rest = numerator % step;
  if (row.mode === "floor" || !rest) return quotient * step;
  if (row.mode === "ceiling") return (quotient + 1n) * step;
  const half = 2n * rest - step;
  const up = row.mode === "half-up" ? half >= 0n : half > 0n || (half === 0n && quotient % 2n === 1n);
  return (quotient + (up ? 1n : 0n)) * step;
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
  if (typeof value !== "string" || !allowed.includes(value)) throw malformed(path, "one of " + allowed.join(", "), value);
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

