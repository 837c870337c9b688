// From an assessment document to a code with its explain record: the same as carbonledger/assessment/code/assess.py.
import { Node } from "../node.js";
import { holds, parameterJson, requireNamed, summary } from "../parameters.js";
import { text } from "../rational.js";
import { HEAD, OPTIONAL, parseDocument } from "./document.js";
import { measureJson } from "./outcome.js";
import { say } from "../../say.js";

/** {colour, points, reasons, document, explain} of a document (a JSON value) under the rule set that it names. */
export function assess(value, rules) {
  const node = Node.document(value);
  const document = parseDocument(node);
  const named = node.fields(HEAD, OPTIONAL).rule_set;
  requireNamed(named, rules);
  if (!holds(rules.head, document.asOf)) {
    const validity = `${rules.head.validFrom} to ${rules.head.validTo || "open"}`;
    throw named.refused("the rule set does not hold on the day of the assessment", validity);
  }
  const suppressed = suppressionsOf(document, rules);
  const judged = rules.rules
    .filter((rule) => rule.applies.includes(document.subjectKind))
    .map((rule) => judge(rule, rule.check.run(document, rule.parameters), suppressed.get(rule.id)));
  return decide(rules, document, judged);
}

function judge(rule, outcome, suppressed) {
  const isAside = suppressed && outcome.verdict === "points";
  return {
    ...{ rule, outcome, suppressed },
    status: isAside ? "suppressed" : outcome.verdict,
    points: suppressed ? 0 : outcome.points,
  };
}

function decide(rules, document, judged) {
  const [limit, wanted] = ["points", "families"].map((name) => Number(rules.decision.get(name).value.whole()));
  const failed = judged.filter((j) => j.outcome.verdict === "failed");
  const giving = judged.filter((j) => j.rule.decides && !j.rule.isHard && j.points);
  const points = giving.reduce((sum, j) => sum + j.points, 0);
  const families = new Set(giving.map((j) => j.rule.family));
  const queue = judged.filter((j) => !j.rule.decides).reduce((sum, j) => sum + j.points, 0);
  const queuePoints = Math.min(queue, Number(rules.decision.get("queue-points").value.whole()));
  const silent = judged.filter((j) => j.rule.decides && j.outcome.verdict === "silent");
  const isSoftRed = points >= limit && families.size >= wanted;
  // the worst that the unanswered questions could still bring
  const possible = points + silent.reduce((sum, j) => sum + j.rule.mostPoints, 0);
  const possibleFamilies = new Set([...families, ...silent.filter((j) => !j.rule.isHard).map((j) => j.rule.family)]);
  const isOpen = silent.some((j) => j.rule.isHard) || (possible >= limit && possibleFamilies.size >= wanted);
  let found;
  if (failed.length || isSoftRed) {
    const reasons = judged.filter((j) => failed.includes(j) || (isSoftRed && giving.includes(j))).map((j) => j.rule.id);
    const because = failed.length
      ? { en: "a hard rule failed", zh: "触发硬性规则" }
      : {
          en: `${points} points from ${families.size} families`,
          zh: `软性规则 ${points} 分,涉及 ${families.size} 类`,
        };
    found = { colour: "red", reasons, because };
  } else if (isNothingReceived(document)) {
    const because = { en: "no data of the quarter was received", zh: "本季度未收到数据" };
    found = { colour: "grey", reasons: [], because };
  } else if (isOpen) {
    const because = { en: "what was not given could make it red", zh: "缺少数据,尚不能排除红码" };
    found = { colour: "grey", reasons: silent.map((j) => j.rule.id), because };
  } else {
    const because = {
      en: "no hard rule failed, and the points are below the limit",
      zh: "未触发硬性规则,软性分值低于阈值",
    };
    found = { colour: "green", reasons: [], because };
  }
  const { colour, reasons, because } = found;
  const explain = {
    as_of: document.asOf,
    because,
    colour,
    decision: {
      families: [...families].sort(),
      points,
      queue_points: queuePoints,
      thresholds: [...rules.decision.values()].map(parameterJson),
    },
    note: colour === "green" && points + queuePoints > 0,
    period: { quarter: document.quarter, year: document.year },
    reasons,
    rule_set: summary(rules.head, rules.id),
    rules: judged.map(judgedJson),
    silent: judged.filter((j) => j.outcome.verdict === "silent").map((j) => j.rule.id),
    subject: { id: document.subject, kind: document.subjectKind },
    v: 1,
    warnings: warningsOf(rules, document),
  };
  return { colour, points, reasons, document, explain };
}

function judgedJson(judged) {
  const { rule, outcome, points, status } = judged;
  return {
    explanation: explanationOf(judged),
    family: rule.family,
    formula: rule.formula,
    id: rule.id,
    kind: rule.isHard ? "hard" : "soft",
    measures: outcome.measures.map(measureJson),
    points,
    printed: rule.printed,
    status,
    thresholds: [...rule.parameters.values()].map(parameterJson),
    title: rule.title,
  };
}

function isNothingReceived({ filings, lastMonth }) {
  if (filings === null) return false; // then H01 is silent, and silence is grey
  return filings.months.filter(({ month }) => month > lastMonth - 3).every(({ received }) => received === null);
}

function suppressionsOf({ suppressions }, rules) {
  const soft = rules.rules.filter((rule) => !rule.isHard).map((rule) => rule.id);
  const found = new Map();
  for (const suppression of suppressions) {
    if (!soft.includes(suppression.rule) || found.has(suppression.rule)) {
      throw suppression.node.refused(
        "a rule that cannot be set aside here",
        say`a soft rule, each once: ${soft.join(", ")}`,
        "A hard rule passes on corrected data only: file a new version",
      );
    }
    found.set(suppression.rule, suppression);
  }
  return found;
}

/** What the rule found, as a sentence to print on the code, in English and Chinese. */
function explanationOf({ outcome, rule, suppressed }) {
  const { verdict, need } = outcome;
  if (verdict === "silent") return { en: `Not evaluated: ${need} was not given.`, zh: `未评估:未提供 ${need}。` };
  if (verdict === "insufficient") {
    return { en: `Not evaluated: it needs ${need}.`, zh: `未评估:数据不足(需要:${need})。` };
  }
  const breached = outcome.measures.filter((measure) => measure.breached);
  if (!breached.length) return { en: "Checked, nothing found.", zh: "已检查,未发现问题。" };
  const [{ inputs, value, threshold }] = breached;
  const values = new Map(inputs);
  values.set("value", value === null ? "-" : text(value));
  values.set("threshold", threshold === null ? "-" : text(threshold.value));
  const said = { en: filled(rule.explain.en, values), zh: filled(rule.explain.zh, values) };
  if (breached.length > 1) {
    said.en += ` And ${breached.length - 1} more.`;
    said.zh += `另有 ${breached.length - 1} 处。`;
  }
  if (suppressed) {
    said.en += ` Set aside after inspection: ${suppressed.reason}`;
    said.zh += `核查后不计分:${suppressed.reason}`;
  }
  return said;
}

/** Each {word} replaced by its value, "-" where this measure has none; a value is never read as a template. */
function filled(template, values) {
  const [first, ...pieces] = template.split("{");
  return pieces.reduce((out, piece) => {
    const at = piece.indexOf("}");
    const [word, rest] = at < 0 ? [piece, ""] : [piece.slice(0, at), piece.slice(at + 1)];
    return out + (values.get(word) ?? "-") + rest;
  }, first);
}

const STATUS = {
  proposal: { en: "the rule set is a proposal, not a published standard", zh: "规则集为建议稿,非公开标准" },
  draft: { en: "the rule set is a draft", zh: "规则集为征求意见稿" },
  example: { en: "the rule set is an example", zh: "规则集为示例" },
  unverified: { en: "the rule set was not compared with its source", zh: "规则集未与来源核对" },
};

function warningsOf({ head }, document) {
  const found = [];
  if (Object.hasOwn(STATUS, head.status)) found.push({ code: `${head.status}-rule-set`, text: STATUS[head.status] });
  if (document.calendar === null) {
    const text = {
      en: "no calendar of holidays: working days are Monday to Friday",
      zh: "未提供节假日安排,工作日按周一至周五计",
    };
    found.push({ code: "no-calendar", text });
  }
  return found;
}
