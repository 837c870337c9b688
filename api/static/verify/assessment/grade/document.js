// The grade document: what a scheme's method is given. Emissions in t, money in 10^4 CNY, exact.
import { ONE, Fraction, ZERO, decimal, of, positive, quantity, signed, tonnes } from "../rational.js";
import { LEVELS } from "../statistics.js";

const MONEY = { CNY: 1n, "10^4CNY": 10_000n, "10^8CNY": 100_000_000n };
const TEN_THOUSAND = new Fraction(10_000n);
const DIMENSIONS = ["product", "value-added", "tax"];
const BOARDS = ["total", "per-mu", "per-value-added"];
export const NOT_RATED = "not-rated";
export const COMMON = ["inputs", "period", "scheme", "subject"];
/** Printable text as the command has it: no control, format or separating characters but the space. */
export const PRINTABLE = /^(?:[^\p{C}\p{Z}]| )*$/u;

export function parseSubject(fields) {
  const named = fields.subject.fields(["id", "kind"]);
  const period = fields.period.fields(["quarter", "year"]);
  const id = named.id.text({ least: 1, most: 128 });
  if (!PRINTABLE.test(id)) throw named.id.malformed("control characters", "printable text");
  return {
    kind: named.kind.oneOf(["enterprise", "project"]),
    id,
    year: period.year.integer(1991, 8998),
    quarter: period.quarter.integer(1, 4),
  };
}

/** Inputs of a weighted score; null is unknown. */
export function parseScore(node, lastMonth, grades) {
  const fields = node.fields(
    ["code", "data_quality", "veto"],
    ["before", "emission", "green_share", "intensity_before", "months", "neutral_rate", "peers", "product", "value_added"],
  );
  if ("emission" in fields === "months" in fields) {
    throw node.malformed("emission given twice, or not at all", "either `emission` or `months`");
  }
  const quality = decimal(fields.data_quality, of(5));
  if (quality.below(ONE)) throw fields.data_quality.malformed("a score below the scale", "1 to 5");
  const given = (name, parse) => (name in fields ? parse(fields[name]) : null);
  return {
    valueAdded: given("value_added", (item) => quantity(item, MONEY, true).over(TEN_THOUSAND)),
    emission: given("emission", tonnes),
    months: given("months", (item) => parseMonths(item, lastMonth)),
    peers: given("peers", parsePeers) ?? [],
    product: given("product", parseProduct),
    intensityBefore: given("intensity_before", positive),
    share: given("green_share", (item) => decimal(item, ONE)),
    quality,
    neutral: given("neutral_rate", (item) => decimal(item)),
    code: fields.code.oneOf(["green", "red", "grey"]),
    veto: fields.veto.oneOf(["yes", "no"]) === "yes",
    before: given("before", (item) => parseBefore(item, grades)),
  };
}

/** Inputs of the carbon-efficiency code. */
export function parseEfficiency(node) {
  const fields = node.fields(["emission", "peers", "value_added"], ["offsets", "own_renewable", "sinks"]);
  const mass = (name) => (name in fields ? tonnes(fields[name]) : ZERO);
  const valueAdded = quantity(fields.value_added, MONEY);
  if (valueAdded.isZero) {
    throw fields.value_added.malformed("zero where something is divided by it", "a value added above 0");
  }
  const found = {
    emission: mass("emission"),
    own_renewable: mass("own_renewable"),
    sinks: mass("sinks"),
    offsets: mass("offsets"),
    valueAdded: valueAdded.over(TEN_THOUSAND),
    peers: parsePeers(fields.peers),
  };
  if (found.own_renewable.plus(found.sinks).above(found.emission)) {
    throw node.refused("deductions above the emission", "own_renewable + sinks at most the emission");
  }
  return found;
}

/** Inputs of the colours. */
export function parseDimensions(node) {
  const list = node.fields(["dimensions"]).dimensions;
  const found = list.items({ least: 1, most: DIMENSIONS.length }).map((item) => {
    const fields = item.fields(["intensity", "name"], ["limits", "mean"]);
    if (!("limits" in fields) && !("mean" in fields)) {
      throw item.malformed("nothing to compare with", "`mean`, or `limits` of a standard");
    }
    let limits = null;
    if ("limits" in fields) {
      const row = fields.limits.fields(["access", "advanced", "limit"]);
      limits = [decimal(row.advanced), decimal(row.access), decimal(row.limit)];
      if (limits[0].above(limits[1]) || limits[1].above(limits[2])) {
        throw fields.limits.malformed("limits out of order", "advanced <= access <= limit");
      }
    }
    const mean = "mean" in fields ? positive(fields.mean) : null;
    return { name: fields.name.oneOf(DIMENSIONS), intensity: decimal(fields.intensity), mean, limits };
  });
  return inOrder(node, found, DIMENSIONS);
}

/** Inputs of the board. */
export function parsePlaces(node) {
  const list = node.fields(["boards"]).boards;
  const found = list.items({ least: 1, most: BOARDS.length }).map((item) => {
    const fields = item.fields(["high", "low", "n", "name", "value"]);
    const [low, high] = [signed(fields.low), signed(fields.high)];
    if (low.above(high)) throw fields.high.malformed("percentiles out of order", "low <= high");
    const name = fields.name.oneOf(BOARDS);
    const n = fields.n.integer(0, 10_000_000);
    return { name, value: decimal(fields.value), n, low, high };
  });
  return inOrder(node, found, BOARDS);
}

function inOrder(node, found, names) {
  if (new Set(found.map((item) => item.name)).size !== found.length) {
    throw node.malformed("a dimension comes twice", "each once");
  }
  return found.toSorted((a, b) => names.indexOf(a.name) - names.indexOf(b.name));
}

const monthText = (month) => `${Math.floor(month / 12)}-${String((month % 12) + 1).padStart(2, "0")}`;

/** The emission by month that is known: a list, each month of the period at most once. */
function parseMonths(node, lastMonth) {
  const period = new Set(Array.from({ length: 12 }, (_, at) => monthText(lastMonth - 11 + at)));
  const found = [];
  for (const item of node.items({ most: 12 })) {
    const fields = item.fields(["emission", "month"]);
    if (!period.delete(fields.month.text({ most: 7 }))) {
      const expected = `each once of the twelve that end with ${monthText(lastMonth)}`;
      throw fields.month.malformed("not a month of the period", expected);
    }
    found.push(tonnes(fields.emission));
  }
  return found;
}

function parsePeers(node) {
  const found = node.items({ most: LEVELS.length }).map((item) => {
    const fields = item.fields(["emission", "industry", "level", "n", "value_added"]);
    return {
      level: fields.level.oneOf(LEVELS),
      industry: fields.industry.text({ least: 1, most: 32 }),
      n: fields.n.integer(0, 10_000_000),
      emission: positive(fields.emission),
      valueAdded: positive(fields.value_added),
    };
  });
  if (new Set(found.map((group) => group.level)).size !== found.length) {
    throw node.malformed("a level comes twice", "each level once");
  }
  return found.toSorted((a, b) => LEVELS.indexOf(a.level) - LEVELS.indexOf(b.level));
}

function parseProduct(node) {
  const fields = node.fields(["benchmark", "intensity"], ["before"]);
  const before = "before" in fields ? positive(fields.before) : null;
  return { intensity: decimal(fields.intensity), benchmark: positive(fields.benchmark), before };
}

function parseBefore(node, grades) {
  const fields = node.fields(["grade", "reached"]);
  const allowed = [...grades, NOT_RATED];
  return { grade: fields.grade.oneOf(allowed), reached: fields.reached.oneOf(allowed) };
}
