// The assessment document of a code: what was filed, anchored, measured and compared for one subject and one quarter.
// A section that is null was not given: then the rules that read it are silent. An empty one says "there is none".
import { day } from "../parameters.js";
import { decimal, positive, signed, text, tonnes } from "../rational.js";
import { parseStatistics } from "../statistics.js";
import { parseCalendar } from "./calendar.js";
import * as words from "./words.js";
import { say } from "../../say.js";

export const SUBJECTS = ["enterprise", "project"];
export const HEAD = ["as_of", "period", "rule_set", "subject"];
export const OPTIONAL = [
  ...["calendar", "suppressions", "digits", "evidence", "factors", "filings", "history", "lending", "loans", "meters"],
  ...["methods", "models", "peers", "proceeds", "purchases", "residuals", "resubmissions", "series", "tests", "totals"],
  "uses",
];

export function parseDocument(node) {
  const fields = node.fields(HEAD, OPTIONAL);
  const subject = fields.subject.fields(["id", "kind"]);
  const period = fields.period.fields(["quarter", "year"]);
  const year = period.year.integer(1991, 8998);
  const quarter = period.quarter.integer(1, 4);
  const lastMonth = 12 * year + 3 * quarter - 1;
  const lastQuarter = 4 * year + quarter - 1;
  const section = (name, parse) => (name in fields ? parse(fields[name]) : null);
  const list = (name, parse, most = 10_000) => section(name, (item) => item.items({ most }).map((one) => parse(one)));
  return {
    subjectKind: subject.kind.oneOf(SUBJECTS),
    subject: words.name(subject.id),
    year,
    quarter,
    lastMonth,
    lastQuarter,
    asOf: day(fields.as_of),
    calendar: section("calendar", parseCalendar),
    suppressions: list("suppressions", suppression, 32) ?? [],
    filings: section("filings", (item) => filings(item, lastMonth)),
    evidence: list("evidence", evidence),
    uses: list("uses", use),
    totals: list("totals", (item) => total(item, "recomputed")),
    factors: section("factors", factors),
    purchases: section("purchases", purchases),
    tests: list("tests", test),
    meters: list("meters", meter, 1000),
    loans: section("loans", loans),
    proceeds: list("proceeds", proceeds),
    series: list("series", series, 1000),
    history: section("history", (item) => history(item, lastQuarter)),
    residuals: list("residuals", residuals, 100),
    methods: list("methods", (item) => pair(item, lastQuarter), 100),
    peers: section("peers", peers),
    lending: list("lending", lending),
    resubmissions: section("resubmissions", (item) => item.integer(0, 100_000)),
    digits: section("digits", digits),
    models: list("models", model, 10),
  };
}

function suppression(node) {
  const fields = node.fields(["reason", "rule", "signed_by"]);
  const signedBy = fields.signed_by.items({ least: 2, most: 2 }).map((item) => words.name(item));
  if (signedBy[0] === signedBy[1]) {
    throw fields.signed_by.refused("one person signed twice", "two different people");
  }
  return { node, rule: fields.rule.text({ most: 8 }), reason: words.name(fields.reason, 1000), signedBy };
}

// --- filed and measured

function filings(node, lastMonth) {
  const fields = node.fields(["annual_report", "months"]);
  const months = fields.months.items({ most: 12 }).map((item) => {
    const row = item.fields(["due", "month"], ["received"]);
    return { month: words.month(row.month), due: day(row.due), received: words.dayOrNull(row, "received") };
  });
  const numbers = new Set(months.map(({ month }) => month));
  if (numbers.size !== months.length || months.some(({ month }) => month <= lastMonth - 12 || month > lastMonth)) {
    const [first, last] = [lastMonth - 11, lastMonth].map(words.monthText);
    throw fields.months.malformed("other months", say`months from ${first} to ${last}, each once at most`);
  }
  const report = fields.annual_report.fields(["due", "year"], ["received"]);
  return {
    months,
    reportYear: report.year.integer(1990, 8999),
    reportDue: day(report.due),
    reportReceived: words.dayOrNull(report, "received"),
  };
}

function evidence(node) {
  const fields = node.fields(["anchored", "computed", "id", "key", "signature"]);
  return {
    path: node.path,
    id: words.name(fields.id),
    anchored: words.digest(fields.anchored),
    computed: words.digest(fields.computed),
    signature: fields.signature.oneOf(["valid", "invalid"]),
    key: fields.key.oneOf(["valid", "revoked"]),
  };
}

function use(node) {
  const fields = node.fields(["kind", "number", "period", "subject"], ["loan"]);
  const place = [words.name(fields.subject), words.name(fields.period), "loan" in fields ? words.name(fields.loan) : ""];
  const kind = fields.kind.oneOf(["document", "invoice"]);
  return { path: node.path, kind, number: words.name(fields.number), place };
}

function total(node, other) {
  const fields = node.fields(["name", "reported", other]);
  const [reported, recomputed] = [decimal(fields.reported), decimal(fields[other])];
  return { path: node.path, name: words.name(fields.name), reported, recomputed };
}

function factors(node) {
  const fields = node.fields(["register", "used"]);
  const register = new Map();
  for (const item of fields.register.items()) {
    const row = item.fields(["id", "least", "most"]);
    const name = words.name(row.id);
    if (register.has(name)) throw row.id.malformed("a factor comes twice", "each factor once");
    const [least, most] = [decimal(row.least), decimal(row.most)];
    register.set(name, { least, most });
    if (most.below(least)) throw row.most.malformed("less than the least", say`at least ${text(least)}`);
  }
  const used = fields.used.items().map((item) => {
    const row = item.fields(["id", "value"]);
    return { path: item.path, id: words.name(row.id), value: decimal(row.value) };
  });
  return { register, used };
}

function purchases(node) {
  const fields = node.fields(["carriers"], ["annual_emission"]);
  return {
    annual: "annual_emission" in fields ? tonnes(fields.annual_emission) : null,
    carriers: fields.carriers.items().map((item) => total(item, "invoiced")),
  };
}

function test(node) {
  const fields = node.fields(["month", "original_code", "received", "reported", "sampled", "tested"]);
  return {
    path: node.path,
    month: words.month(fields.month),
    sampled: day(fields.sampled),
    received: day(fields.received),
    tested: day(fields.tested),
    reported: day(fields.reported),
    originalCode: fields.original_code.oneOf(["present", "missing"]),
  };
}

function meter(node) {
  const fields = node.fields(["id", "rated_power", "readings"]);
  const readings = [];
  for (const item of fields.readings.items()) {
    const row = item.fields(["register", "time"]);
    const second = words.second(row.time);
    if (readings.length && second <= readings.at(-1).second) {
      throw row.time.malformed("a reading out of order", "a time after the one before");
    }
    readings.push({ path: item.path, second, register: signed(row.register) });
  }
  return { id: words.name(fields.id), ratedPower: decimal(fields.rated_power), readings };
}

// --- lent

function loans(node) {
  const fields = node.fields(["loans", "windows"]);
  const found = fields.loans.items().map((item) => {
    const row = item.fields(["amount", "attributed", "id", "investment", "project_reduction", "shares"]);
    return {
      path: item.path,
      id: words.name(row.id),
      amount: decimal(row.amount),
      investment: positive(row.investment),
      reduction: decimal(row.project_reduction),
      attributed: decimal(row.attributed),
      shares: row.shares.items({ least: 1, most: 200 }).map((share) => decimal(share)),
    };
  });
  const windows = fields.windows.items({ most: 100 }).map((item) => {
    const row = item.fields(["cumulative", "measure", "quarter", "year"]);
    const measure = row.measure.oneOf(["amount", "reduction"]);
    const [quarter, year, cumulative] = [row.quarter, row.year, row.cumulative].map((one) => decimal(one));
    return { path: item.path, measure, quarter, year, cumulative };
  });
  return { loans: found, windows };
}

function proceeds(node) {
  const fields = node.fields(["catalogue", "id", "item", "listed", "traced"]);
  return {
    path: node.path,
    id: words.name(fields.id),
    catalogue: words.name(fields.catalogue),
    item: words.name(fields.item),
    listed: fields.listed.oneOf(["yes", "no"]),
    traced: fields.traced.oneOf(["as-declared", "elsewhere"]),
  };
}

function lending(node) {
  const fields = node.fields(["amount", "id", "reduction"]);
  const [reduction, amount] = [decimal(fields.reduction), positive(fields.amount)];
  return { path: node.path, id: words.name(fields.id), reduction, amount };
}

// --- series and comparisons

function series(node) {
  const fields = node.fields(["interval", "name", "values"]);
  return {
    path: node.path,
    name: words.name(fields.name),
    interval: fields.interval.oneOf(["month", "15min"]),
    values: fields.values.items().map((item) => decimal(item)),
  };
}

function history(node, last) {
  const found = node.items({ most: 200 }).map((item) => {
    const row = item.fields(["emission", "output", "quarter"], ["electricity"]);
    const electricity = "electricity" in row ? decimal(row.electricity) : null;
    const at = words.quarter(row.quarter);
    return { path: item.path, at, emission: decimal(row.emission), output: decimal(row.output), electricity };
  });
  onceUntil(node, found, last);
  return found;
}

/** The same emission by two methods: first over second, by quarter. */
function pair(node, last) {
  const fields = node.fields(["name", "quarters"]);
  const found = fields.quarters.items({ most: 200 }).map((item) => {
    const row = item.fields(["first", "quarter", "second"]);
    return { at: words.quarter(row.quarter), first: decimal(row.first), second: positive(row.second) };
  });
  onceUntil(fields.quarters, found, last);
  const ratios = new Map(found.map(({ at, first, second }) => [at, first.over(second)]));
  return { path: node.path, name: words.name(fields.name), ratios };
}

function onceUntil(node, found, last) {
  if (new Set(found.map(({ at }) => at)).size !== found.length || found.some(({ at }) => at > last)) {
    throw node.malformed("quarters", say`each once, none after ${Math.floor(last / 4)}Q${(last % 4) + 1}`);
  }
}

function residuals(node) {
  const fields = node.fields(["name", "period", "software", "values"]);
  if (![4, 12].includes(fields.period.value)) throw fields.period.malformed("not a seasonal period", "4 or 12");
  return {
    path: node.path,
    name: words.name(fields.name),
    period: fields.period.integer(4, 12),
    software: words.name(fields.software),
    values: fields.values.items({ most: 2000 }).map(signed),
  };
}

function peers(node) {
  const fields = node.fields(["emission", "statistics", "value_added"]);
  const [emission, valueAdded] = [positive(fields.emission), positive(fields.value_added)];
  return { path: node.path, emission, valueAdded, statistics: parseStatistics(fields.statistics) };
}

function digits(node) {
  const fields = node.fields([], ["first", "last"]);
  const counts = (name, length) =>
    name in fields
      ? fields[name].items({ least: length, most: length }).map((item) => item.integer(0, 10 ** 12))
      : null;
  return { first: counts("first", 9), last: counts("last", 10) };
}

function model(node) {
  const fields = node.fields(["model", "score", "threshold"]);
  const kind = fields.model.oneOf(["isolation-forest", "reconstruction"]);
  return { path: node.path, model: kind, score: signed(fields.score), threshold: signed(fields.threshold) };
}
