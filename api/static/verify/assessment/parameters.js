// What every published set of parameters has: a head with validity and sources, and values with their origin.
import { sha256 } from "../../vendor/noble/hashes/sha2.js";
import { hex, utf8 } from "../bytes.js";
import * as jcs from "../jcs.js";
import { of, signed, text } from "./rational.js";
import { say } from "../say.js";

const EVIDENCE = ["official", "reputable", "transcription", "unverified", "draft", "none"];
export const STATUS = ["in-force", "draft", "proposal", "example", "unverified"];
const FIELDS = ["evidence", "label", "name", "source", "unit", "value"];
export const HEAD_FIELDS = [
  ...["key", "kind", "region", "sources", "status", "title", "v", "valid_from", "valid_to", "version"],
];

/** SHA-256 of the canonical JSON of a value, in hex. */
export const digestOf = (value) => hex(sha256(utf8(jcs.encode(value))));

export function parseParameter(node) {
  const fields = node.fields(FIELDS);
  const label = fields.label.oneOf(["published", "proposal"]);
  const evidence = fields.evidence.oneOf(EVIDENCE);
  if (label === "published" && evidence === "none") {
    throw fields.evidence.malformed("a published value without a source", "how it was read");
  }
  return {
    name: key(fields.name),
    value: signed(fields.value),
    unit: fields.unit.text({ least: 1, most: 40 }),
    source: fields.source.text({ least: 1, most: 400 }),
    evidence,
    label,
  };
}

export const parameterJson = ({ evidence, label, name, source, unit, value }) => ({
  ...{ evidence, label, name, source, unit },
  value: text(value),
});

/** A list of parameters as name -> parameter, each name once. */
export function parameters(node, most = 64) {
  const found = node.items({ most }).map(parseParameter);
  const named = new Map(found.map((parameter) => [parameter.name, parameter]));
  if (named.size !== found.length) throw node.malformed("a parameter comes twice", "each name once");
  return named;
}

// What a parameter may be; `least` of a number above 0: a decimal has 18 places at most.
const DOMAINS = {
  amount: { expected: "a number from 0", least: of(0) },
  count: { expected: "a whole number from 1 to 1000000", whole: true, least: of(1), most: of(1_000_000) },
  days: { expected: "a whole number from 0 to 1000", whole: true, least: of(0), most: of(1000) },
  points: { expected: "a whole number from 1 to 10", whole: true, least: of(1), most: of(10) },
  positive: { expected: "a number above 0", least: of(1).over(of(10n ** 18n)) },
  quality: { expected: "a number from 1 to 5", least: of(1), most: of(5) },
  quarters: { expected: "a whole number from 1 to 100", whole: true, least: of(1), most: of(100) },
};

/** Throws unless the parameters are exactly those that `what` reads, each of its domain: name -> domain. */
export function requireParameters(node, found, domains, what) {
  const names = Object.keys(domains);
  if (found.size !== names.length || names.some((name) => !found.has(name))) {
    throw node.malformed(say`parameters of ${what}`, names.join(", ") || "none");
  }
  const items = node.items();
  [...found.values()].forEach(({ name, value }, at) => {
    const { expected, whole = false, least, most = null } = DOMAINS[domains[name]];
    if (value.below(least) || (most && value.above(most)) || (whole && value.d !== 1n)) {
      throw items[at].fields(FIELDS).value.malformed(say`${name} of ${what}`, expected);
    }
  });
}

export function parseHead(fields, kind) {
  fields.v.integer(1, 1);
  fields.kind.oneOf([kind]);
  return {
    key: key(fields.key),
    kind,
    region: fields.region.text({ most: 100 }),
    version: fields.version.text({ least: 1, most: 40 }),
    validFrom: day(fields.valid_from),
    validTo: fields.valid_to.value === "" ? "" : day(fields.valid_to),
    status: fields.status.oneOf(STATUS),
    title: title(fields.title),
    sources: fields.sources.items({ least: 1, most: 100 }).map((item) => item.text({ least: 1, most: 400 })),
  };
}

/** Whether a set is in its dates of validity. */
export const holds = ({ validFrom, validTo }, on) => validFrom <= on && (validTo === "" || on <= validTo);

/** What a result says of the set it was computed by. */
export const summary = ({ key: name, status, title: words }, id) => ({ id, key: name, status, title: words });

/** Throws unless a document names this set, by its key or its id. */
export function requireNamed(node, published) {
  const name = node.text({ least: 1, most: 64 });
  if (name !== published.head.key && name !== published.id) {
    throw node.refused("a set that is not known here", say`one of ${published.head.key}`);
  }
}

export function key(node) {
  const value = node.text({ least: 1, most: 64 });
  if (!/^[a-z0-9]+(?:[.-][a-z0-9]+)*$/.test(value)) {
    throw node.malformed("not a key", "lower-case letters and digits, joined by - or .");
  }
  return value;
}

/** {"en","zh"}. */
export function title(node, most = 300) {
  const { en, zh } = node.fields(["en", "zh"]);
  return { en: en.text({ least: 1, most }), zh: zh.text({ least: 1, most }) };
}

/** A date as YYYY-MM-DD; its text orders as the days do. */
export function day(node) {
  const written = node.text({ most: 10 });
  const match = /^([0-9]{4})-([0-9]{2})-([0-9]{2})$/.exec(written);
  const year = match ? Number(match[1]) : 0;
  if (year < 1990 || year >= 9000 || dayOf(dayNumber(written)) !== written) {
    throw node.malformed("not a date", "YYYY-MM-DD from 1990");
  }
  return written;
}

/** Days since 1970-01-01 of YYYY-MM-DD; NaN where there is no such month. */
export const dayNumber = (written) => Date.parse(`${written}T00:00:00Z`) / 86_400_000;

export function dayOf(number) {
  const time = new Date(number * 86_400_000);
  return Number.isNaN(time.getTime()) ? "" : time.toISOString().slice(0, 10);
}
