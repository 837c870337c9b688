// The bundle of a code or a grade: steps 1, 8, 10 and 16 (docs/formats/assessment.md); the others concern readings and
// reports. The code or grade is computed again from the inputs, by the set and the statistics that the chain names.
import { RECORD_OF, SET_OF, parseAssessment } from "./assessment/bundle.js";
import { assess } from "./assessment/code/code.js";
import { parseRules } from "./assessment/code/rules.js";
import { monthText } from "./assessment/code/words.js";
import { COLOURS, commitment, reasonsMask, reasonsOf } from "./assessment/filing.js";
import { formDigest } from "./assessment/form.js";
import { grade } from "./assessment/grade/grade.js";
import { parseScheme } from "./assessment/grade/scheme.js";
import { Node } from "./assessment/node.js";
import { decimal, sum } from "./assessment/rational.js";
import { LEVELS } from "./assessment/statistics.js";
import { opened } from "./certificate.js";
import { Invalid, Malformed, quoted } from "./errors.js";
import { nameId, nameOf } from "./names.js";
import { DIRECTORY } from "./proven.js";
import { ZERO } from "./records.js";
import { listed, ofThePolicy, sealedBy } from "./steps-chain.js";
import { answerOf, finding, notApplicable, undecided, unread } from "./verdict.js";
import { say } from "./say.js";

const REGULATOR = 1n;
const NO_FAULT = 2n;
const FOUR_QUARTERS = 4n;
const UTC_8 = 28_800; // s

/** Verify the bytes of the bundle of a code or a grade; `names` are those of the steps. */
export async function verifyAssessment(bytes, policy, codeHashes, names, progress = () => {}) {
  let bundle;
  try {
    bundle = parseAssessment(bytes);
  } catch (error) {
    return unread(names, error, "Not run: the bundle could not be read.");
  }
  const context = { bundle, policy, codeHashes, proven: opened(bundle.chain) };
  const ofChain = (check) => (bundle.chain === null ? () => undecided("The bundle has no chain part.") : check);
  const made = {
    parse: () => finding(say`A ${bundle.kind}'s bundle in its one form.`),
    contracts: ofChain(() => contracts(context)),
    sealed: ofChain(() => sealedBy(context.proven(), policy.chain)),
    assessment: ofChain(() => assessed(context)),
  };
  const checks = names.map((name) => made[name] ?? (() => notApplicable("Of readings and reports only.")));
  return answerOf(names, checks, subjectOf(bundle), progress);
}

/** 8. Address and code of each contract are the Directory's and the committed artefact's; no node is left over. */
function contracts(context) {
  const proven = context.proven();
  const directory = proven.chain.contracts.get(DIRECTORY) ?? "";
  const unknown = listed(proven, directory, context.codeHashes);
  proven.leftover();
  checkOnlyWhatIsAskedFor(context, proven);
  if (unknown !== null) throw unknown;
  return ofThePolicy(proven, directory, context.policy.chain, 10);
}

const quarterOf = ({ year, quarter }) => 4n * year + quarter - 1n;

/** The record that the bundle is about, proven: of grades the latest quarter's. [id, fields] */
function recordOf({ bundle, proven: open }) {
  const kind = RECORD_OF[bundle.kind];
  const found = bundle.chain.ofKind(kind).toSorted((a, b) => Number(quarterOf(a.fields) - quarterOf(b.fields)));
  if (!found.length || (kind === "assessment" && found.length !== 1)) {
    throw new Invalid("records of the bundle", { expected: say`one record '${kind}'`, found: found.length });
  }
  const { id } = found.at(-1);
  return [id, open().get(kind, id)];
}

/** A record that no step asks for would be in the bundle for nothing. */
function checkOnlyWhatIsAskedFor(context, proven) {
  const { bundle } = context;
  const [, record] = recordOf(context);
  const members = [record.member, record.assessor];
  const statistics = bundle.statistics.map(({ id }) => id);
  const names = [...proven.chain.contracts.keys()].filter((name) => name !== DIRECTORY).map(nameId);
  const allowed = {
    assessmentset: (id) => id === record[SET_OF[bundle.kind]],
    member: (id) => members.includes(id),
    statistics: (id) => statistics.includes(id),
    contract: (id) => names.includes(id),
    inspection: () => bundle.kind === "code",
    [RECORD_OF[bundle.kind]]: () => true,
  };
  for (const { kind, id } of proven.chain.records) {
    if (!allowed[kind]?.(id)) {
      throw new Invalid("records of the bundle", { expected: "just those that a step asks for", found: kind });
    }
  }
}

/** 16. The record follows from the inputs, by the published set and the published statistics. */
function assessed(context) {
  const { bundle } = context;
  const [id, record] = recordOf(context);
  const proven = context.proven();
  const published = parseSet(bundle.set);
  const setId = record[SET_OF[bundle.kind]];
  same("the set", setId, published.id);
  same("form of the set on the chain", proven.get("assessmentset", setId).formDigest, formDigest(published));
  const { kinds } = proven.get("member", record.assessor);
  if (!(kinds & REGULATOR)) throw new Invalid("the assessor", { expected: "a regulator", found: say`kinds ${kinds}` });
  proven.get("member", record.member);
  for (const statement of bundle.statistics) {
    const { digest } = proven.get("statistics", statement.id);
    same("digest of a statement of peers", digest, statement.statistics.id);
  }
  same("inputs", record.inputsDigest, commitment(bundle.salt, bundle.inputs));
  const result = published.kind === "code" ? assess(bundle.inputs, published) : grade(bundle.inputs, published);
  const said =
    published.kind === "code"
      ? checkCode(context, proven, record, result)
      : checkGrade(context, proven, id, record, published, result);
  same("explain record", record.explainDigest, commitment(bundle.salt, result.explain));
  return finding(said);
}

function parseSet(value) {
  if (value.kind === "code") return parseRules(value);
  if (value.kind === "grade") return parseScheme(value);
  throw new Malformed("a set of the assessment", { expected: 'kind "code" or "grade"', found: quoted(value.kind) });
}

function checkCode({ bundle }, proven, record, { colour, points, reasons, document }) {
  checkSubject(record, document.subjectKind, document.subject);
  same("quarter", [record.year, record.quarter], [document.year, document.quarter]);
  same("colour", COLOURS[Number(record.colour) - 1] ?? String(record.colour), colour);
  same("points", record.points, points);
  same("reasons", reasonsOf(record.reasons), reasonsOf(colour === "red" ? reasonsMask(reasons) : 0n));
  if (document.peers !== null) {
    const { year, quarter } = document.peers.statistics;
    same("quarter of the statistics", [document.year, document.quarter], [year, quarter]);
  }
  const used = document.peers === null ? ZERO : document.peers.statistics.id;
  same("statistics", record.statisticsDigest, used);
  const digests = bundle.statistics.map(({ statistics }) => statistics.id);
  same("statistics of the bundle", used === ZERO ? [] : [used], digests);
  checkSuppressions(proven, record, document);
  checkDuties(proven, record, document);
  return say`${colour} for ${document.year}Q${document.quarter} follows from the inputs, with ${points} points;`
    .and` that the inputs are all there is, is the assessor's word.`;
}

/** A month that is left out of the filings was over before the enterprise was a member. */
function checkDuties(proven, record, { filings, lastMonth }) {
  if (filings === null || record.project !== ZERO) return;
  const since = new Date(1000 * (Number(proven.get("member", record.member).since) + UTC_8));
  const listedMonths = new Set(filings.months.map(({ month }) => month));
  const first = 12 * since.getUTCFullYear() + since.getUTCMonth();
  for (let month = Math.max(first, lastMonth - 11); month <= lastMonth; month++) {
    if (!listedMonths.has(month)) {
      const found = say`without ${monthText(month)}`;
      throw new Invalid("months of the filings", { expected: "each month since the admission", found });
    }
  }
}

/** Each rule set aside was found without fault for this quarter, in an inspection that two members signed. */
function checkSuppressions(proven, record, { suppressions }) {
  const covered = new Map();
  for (const [id, found] of proven.ofKind("inspection")) {
    const isMine = ["member", "project", "year", "quarter"].every((name) => found[name] === record[name]);
    if (!isMine || found.finding !== NO_FAULT) {
      throw new Invalid("an inspection of the bundle", { expected: "no fault, of this quarter", found: id });
    }
    for (const rule of reasonsOf(found.reasons)) covered.set(rule, [found.inspector, found.second]);
  }
  for (const { rule, signedBy } of suppressions) same(say`who set ${rule} aside`, covered.get(rule) ?? null, signedBy);
}

function checkGrade(context, proven, id, record, scheme, { grade: found, reached, marks, subject }) {
  checkSubject(record, subject.kind, subject.id);
  same("quarter", [record.year, record.quarter], [subject.year, subject.quarter]);
  same("grade", nameOf(record.grade), found);
  same("grade reached", nameOf(record.reached), reached);
  same("score", record.score, BigInt((marks.score ?? "0").replace(".", "")));
  same("key of the scheme", nameOf(record.schemeKey), scheme.head.key);
  const { peers = [], before = null } = context.bundle.inputs.inputs;
  if (["weighted-score", "efficiency-code"].includes(scheme.method)) checkPeers(context.bundle, peers, record);
  if (scheme.method === "weighted-score") checkBefore(proven, id, before, record);
  return say`${found} for ${subject.year}Q${subject.quarter} follows from the inputs and the published`
    .and` sums of the peers; the subject's own figures, and its code on that day, are the assessor's word.`;
}

/** Each group is the sum of the statements of four quarters at its level. */
function checkPeers({ statistics }, groups, record) {
  const last = quarterOf(record);
  const used = new Set();
  for (const group of groups) {
    const four = statistics.filter(({ statistics: s }) => {
      const at = quarterOf({ year: BigInt(s.year), quarter: BigInt(s.quarter) });
      return s.level === group.level && s.industry === group.industry && last - FOUR_QUARTERS < at && at <= last;
    });
    for (const { id } of four) used.add(id);
    same("statements of a level", FOUR_QUARTERS, four.length);
    const sums = ["emission", "value_added"].map((name) => String(sum(four.map(({ statistics: s }) => s[name]))));
    const told = [group.emission, group.value_added].map((value) => String(decimal(new Node(value))));
    const n = Math.min(...four.map(({ statistics: s }) => s.n));
    same(say`peers at ${group.level}`, [...sums, n], [...told, group.n]);
  }
  if (used.size !== statistics.length) {
    throw new Invalid("statistics of the bundle", { expected: "just those of the peers", found: "others" });
  }
  const rank = ({ statistics: s }) => LEVELS.indexOf(s.level);
  const newest = statistics.filter(({ statistics: s }) => BigInt(s.quarter) === record.quarter);
  const [finest] = newest.toSorted((a, b) => rank(a) - rank(b));
  same("statistics", record.statisticsDigest, finest?.statistics.id ?? ZERO);
}

/** The grade held is that of the quarter before, on the chain. */
function checkBefore(proven, id, before, record) {
  const others = proven.ofKind("grade").filter(([other]) => other !== id);
  if (before === null) return same("grade of the quarter before", 0, others.length);
  if (others.length !== 1) {
    throw new Invalid("records of the bundle", { expected: "the grade of the quarter before", found: others.length });
  }
  const [[, held]] = others;
  for (const name of ["member", "project", "schemeKey"]) same(say`${name} of the grade before`, record[name], held[name]);
  same("quarter of the grade before", quarterOf(record) - 1n, quarterOf(held));
  same("grade before", nameOf(held.grade), before.grade);
  return same("grade reached before", nameOf(held.reached), before.reached);
}

function checkSubject(record, kind, id) {
  const expected = record.project === ZERO ? ["enterprise", record.member] : ["project", record.project];
  same("subject", expected, [kind, id]);
}

/** Throws unless two values, or lists of them, are written alike. */
function same(what, expected, found) {
  const [wanted, given] = [expected, found].map((value) =>
    Array.isArray(value) ? JSON.stringify(value.map(String)) : String(value),
  );
  if (wanted !== given) throw new Invalid(what, { expected: wanted, found: given });
}

/** What the bundle is about; nothing in it is verified by being said here. */
function subjectOf({ kind, chain }) {
  const subject = { kind };
  for (const { id, fields } of chain?.ofKind(RECORD_OF[kind]) ?? []) {
    subject.assessment = { id, member: fields.member, quarter: Number(fields.quarter), year: Number(fields.year) };
  }
  return subject;
}

