// The rule set of the red/green code: checks with thresholds, how points decide, the deadlines of the state machine.
import { Node } from "../node.js";
import * as p from "../parameters.js";
import { checkOf } from "./checks.js";
import { SUBJECTS } from "./document.js";

const DECISION = { families: "count", points: "count", "queue-points": "count" };
const STATES = {
  ...{ "clear-change": "amount", "explain-days": "days", "inspect-days": "days", "rectify-days": "days" },
  ...{ "silent-quarters": "quarters", "veto-quarters": "quarters" },
};
const FAMILIES = ["stuck", "time", "peer", "ratio", "loan", "late", "digits", "model"];
const RULE = ["applies", "check", "decides", "explain", "family", "formula", "id", "parameters", "printed", "title"];
const ALWAYS = ["value", "threshold"];

/** From the JSON value of a rule set; Unknown for a check of another build. */
export function parseRules(value) {
  const fields = new Node(value).fields([...p.HEAD_FIELDS, "decision", "rules", "states"]);
  const items = fields.rules.items({ least: 1, most: 99 });
  const rules = items.map(parseRule);
  if (rules.some((rule, at) => at && rules[at - 1].id >= rule.id)) {
    throw fields.rules.malformed("rules out of order", "each id once, ascending");
  }
  rules.forEach((rule, at) => {
    if (rule.isHard && !rule.decides) throw items[at].malformed("a hard rule that does not decide", "decides: yes");
  });
  const [decision, states] = [p.parameters(fields.decision), p.parameters(fields.states)];
  p.requireParameters(fields.decision, decision, DECISION, "the decision");
  p.requireParameters(fields.states, states, STATES, "the state machine");
  return { kind: "code", head: p.parseHead(fields, "code"), id: p.digestOf(value), rules, decision, states };
}

function parseRule(node) {
  const fields = node.fields(RULE);
  const check = checkOf(fields.check.text({ most: 40 }));
  const id = fields.id.text({ most: 3 });
  if (!/^[HS][0-9]{2}$/.test(id) || (id[0] === "H") !== check.isHard) {
    throw fields.id.malformed("not a rule's id", "H and two digits for a hard check, S for a soft one");
  }
  const family = fields.family.oneOf(check.isHard ? [""] : FAMILIES, "not a family of this check");
  const found = p.parameters(fields.parameters);
  p.requireParameters(fields.parameters, found, check.parameters, `check ${check.name}`);
  const explain = p.title(fields.explain, 600);
  const allowed = [...check.words, ...ALWAYS];
  for (const language of [explain.en, explain.zh]) {
    const unknown = [...language.matchAll(/\{([a-z0-9_]*)\}/g)].map(([, word]) => word).filter((w) => !allowed.includes(w));
    if (unknown.length) {
      throw fields.explain.malformed("a word that the check does not know", allowed.join(", "), `found ${unknown}`);
    }
  }
  return {
    id,
    check,
    isHard: check.isHard,
    mostPoints: Math.max(0, ...check.points.map((name) => Number(found.get(name).value.n))),
    family,
    applies: fields.applies.items({ least: 1, most: 2 }).map((item) => item.oneOf(SUBJECTS)),
    decides: fields.decides.oneOf(["yes", "no"]) === "yes",
    printed: fields.printed.oneOf(["yes", "no"]) === "yes",
    title: p.title(fields.title),
    formula: fields.formula.text({ least: 1, most: 400 }),
    explain,
    parameters: found,
  };
}
