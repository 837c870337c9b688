// A grade scheme: one of four methods with its weights, knots, bands and caps.
import { Node } from "../node.js";
import * as p from "../parameters.js";
import { ONE, decimal, of, signed, sum } from "../rational.js";

export const VARIABLES = ["k", "trend", "share", "quality", "neutral"];
const OPERATORS = ["<=", ">="];
const RULES = {
  "weighted-score": {
    ...{ "filled-months": "days", "filled-quality": "quality", peers: "count", "upgrade-margin": "amount" },
  },
  "efficiency-code": { peers: "count" },
  colours: {},
  board: { high: "amount", low: "amount", peers: "count" },
};
const BANDS = { "efficiency-code": ["efficiency", "level"], colours: ["colours"], board: ["colours"] };

/** From the JSON value of a scheme. */
export function parseScheme(value) {
  const fields = new Node(value).fields([...p.HEAD_FIELDS, "bands", "grades", "method", "parts", "rules"]);
  const method = fields.method.oneOf(Object.keys(RULES));
  const rules = p.parameters(fields.rules);
  p.requireParameters(fields.rules, rules, RULES[method], `method ${method}`);
  const weighted = method === "weighted-score";
  const most = weighted ? 16 : 0;
  const parts = fields.parts.items({ least: weighted ? 1 : 0, most }).map(parsePart);
  const grades = fields.grades.items({ least: weighted ? 2 : 0, most }).map(parseGrade);
  if (weighted) checkWeighted(fields, parts, grades);
  if (new Set(grades.map((grade) => grade.key)).size !== grades.length) {
    throw fields.grades.malformed("a grade comes twice", "each key once");
  }
  const bands = {};
  for (const [name, node] of Object.entries(fields.bands.fields(BANDS[method] ?? []))) bands[name] = parseBands(node);
  if (method === "board" && bands.colours.length !== 3) {
    throw fields.bands.malformed("bands of a board", "three: low, middle, high");
  }
  if (method === "colours" && bands.colours.length !== 4) throw fields.bands.malformed("bands of the colours", "four");
  return { kind: "grade", head: p.parseHead(fields, "grade"), id: p.digestOf(value), method, parts, grades, bands, rules };
}

function checkWeighted(fields, parts, grades) {
  const weights = parts.map((part) => part.weight.value);
  if (!sum(weights).equals(ONE) || weights.some((weight) => weight.below(of(0)))) {
    throw fields.parts.malformed("weights", "numbers from 0, a sum of 1");
  }
  const scores = grades.filter((grade) => grade.least !== null).map((grade) => grade.least.value);
  const descending = scores.every((score, at) => !at || score.below(scores[at - 1]));
  if (grades.at(-1).least !== null || scores.length !== grades.length - 1 || !descending) {
    throw fields.grades.malformed("grades out of order", "best first, the last without `least`");
  }
}

function parsePart(node) {
  const fields = node.fields(["absent", "key", "knots", "title", "variable", "weight"]);
  const knots = fields.knots.items({ least: 2, most: 32 }).map((item) => {
    const [x, y] = item.items({ least: 2, most: 2 });
    return [signed(x), decimal(y, of(100))];
  });
  if (knots.some(([x], at) => at && !x.above(knots[at - 1][0]))) {
    throw fields.knots.malformed("knots out of order", "x ascending");
  }
  return {
    key: p.key(fields.key),
    title: p.title(fields.title),
    variable: fields.variable.oneOf(VARIABLES),
    weight: p.parseParameter(fields.weight),
    absent: p.parseParameter(fields.absent),
    knots,
  };
}

/** Points of a part at x: piecewise linear between knots, clipped outside. */
export function pointsAt({ knots }, x) {
  if (!x.above(knots[0][0])) return knots[0][1];
  for (let at = 1; at < knots.length; at++) {
    const [[x0, y0], [x1, y1]] = [knots[at - 1], knots[at]];
    if (!x.above(x1)) return y0.plus(y1.minus(y0).times(x.minus(x0)).over(x1.minus(x0)));
  }
  return knots.at(-1)[1];
}

function parseGrade(node) {
  const fields = node.fields(["caps", "key", "title"], ["least"]);
  const caps = fields.caps
    .items({ most: 16 })
    .map((clause) => clause.items({ least: 1, most: 8 }).map(parseCondition));
  const least = fields.least ? p.parseParameter(fields.least) : null;
  if (least === null && caps.length) {
    throw fields.caps.malformed("caps of the lowest grade", "none: there is nothing below it");
  }
  return { key: p.key(fields.key), title: p.title(fields.title), least, caps };
}

function parseCondition(node) {
  const fields = node.fields(["limit", "operator", "variable"]);
  return {
    variable: fields.variable.oneOf(VARIABLES),
    operator: fields.operator.oneOf(OPERATORS),
    limit: p.parseParameter(fields.limit),
  };
}

function parseBands(node) {
  const found = node.items({ least: 2, most: 16 }).map((item) => {
    const fields = item.fields(["key", "title"], ["most"]);
    const most = fields.most ? p.parseParameter(fields.most) : null;
    return { key: p.key(fields.key), title: p.title(fields.title), most };
  });
  const ends = found.filter((band) => band.most !== null).map((band) => band.most.value);
  const isOpen = ends.length && (ends.length !== found.length - 1 || found.at(-1).most !== null);
  if (isOpen || ends.some((end, at) => at && !end.above(ends[at - 1]))) {
    throw node.malformed("bands out of order", "ends ascending, the last band without `most`");
  }
  return found;
}

/** The first band that holds the value: an end belongs to the better class. */
export const bandOf = (bands, value) => bands.find((band) => band.most === null || !value.above(band.most.value));
