// From a grade document to a grade with its explain record: the same as carbonledger/assessment/grade/assess.py.
import { Node } from "../node.js";
import { holds, requireNamed, summary } from "../parameters.js";
import * as methods from "./bands.js";
import * as documents from "./document.js";
import { rate } from "./score.js";

/** {grade, reached, score, subject, explain} of a document (a JSON value) under the scheme that it names. */
export function grade(value, scheme) {
  const fields = Node.document(value).fields(documents.COMMON);
  requireNamed(fields.scheme, scheme);
  const subject = documents.parseSubject(fields);
  const { head } = scheme;
  const ends = `${subject.year}-${String(3 * subject.quarter).padStart(2, "0")}-30`;
  if (!holds(head, ends)) {
    const validity = `${head.validFrom} to ${head.validTo || "open"}`;
    throw fields.period.refused("the scheme does not hold for this quarter", validity);
  }
  const { rated, suspended } = by(scheme, subject, fields.inputs);
  return {
    ...rated,
    subject,
    explain: {
      grade: rated.grade,
      marks: rated.marks,
      period: { quarter: subject.quarter, year: subject.year },
      reached: rated.reached,
      scheme: summary(head, scheme.id),
      steps: rated.steps,
      subject: { id: subject.id, kind: subject.kind },
      suspended,
      title: rated.title,
      v: 1,
      warnings: head.status === "in-force" ? [] : [`${head.status}-scheme`],
    },
  };
}

function by(scheme, { year, quarter }, inputs) {
  switch (scheme.method) {
    case "weighted-score": {
      const keys = scheme.grades.map((one) => one.key);
      const given = documents.parseScore(inputs, 12 * year + 3 * quarter - 1, keys);
      return { rated: rate(scheme, given), suspended: given.code === "red" };
    }
    case "efficiency-code":
      return { rated: methods.efficiency(scheme, documents.parseEfficiency(inputs)), suspended: false };
    case "colours":
      return { rated: methods.colours(scheme, documents.parseDimensions(inputs)), suspended: false };
    case "board":
      return { rated: methods.board(scheme, documents.parsePlaces(inputs)), suspended: false };
  }
  throw new TypeError(`no method ${scheme.method}`); // the parser has a closed list
}
