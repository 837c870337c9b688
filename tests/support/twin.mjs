// Runs the browser's verifier on cases from standard input, outside a browser: the same modules, WebCrypto of node.
import { readFileSync } from "node:fs";

const at = (name) => import(new URL(`../../api/static/verify/${name}`, import.meta.url));
const { verify } = await at("verify.js");
const { policyOfText } = await at("policy.js");
const { LedgerError } = await at("errors.js");
const { assess } = await at("assessment/code/code.js");
const { parseRules } = await at("assessment/code/rules.js");
const { grade } = await at("assessment/grade/grade.js");
const { parseScheme } = await at("assessment/grade/scheme.js");
const { formDigest } = await at("assessment/form.js");
const { encode } = await at("jcs.js");
const { Record } = await at("records.js");
const { ln, log10, Fraction, text, fixed } = await at("assessment/rational.js");
const { CHINESE, inChinese } = await at("chinese.js");

const { codeHashes, cases } = JSON.parse(readFileSync(0, "utf8"));
const fraction = ([n, d]) => new Fraction(BigInt(n), BigInt(d));
const doors = {
  verify: async ({ bundle, policy }) => {
    const bytes = Uint8Array.from(Buffer.from(bundle, "base64"));
    const answer = await verify(bytes, policy === null ? null : await policyOfText(policy), codeHashes);
    return { ...answer, chinese: answer.steps.map((step) => inChinese(step.said)) };
  },
  code: async ({ document, set }) => encode(assess(document, parseRules(set)).explain),
  grade: async ({ document, set }) => encode(grade(document, parseScheme(set)).explain),
  form: async ({ set }) => formDigest(set.kind === "code" ? parseRules(set) : parseScheme(set)),
  record: async ({ value }) => [Record.parse(value).id, Record.parse(value).digest()],
  chinese: async () => CHINESE,
  number: async ({ value }) => {
    const found = fraction(value);
    return [text(found), fixed(found, 2), ...(found.n > 0n ? [String(ln(found, 6)), String(log10(found, 12))] : [])];
  },
};

const answers = [];
for (const one of cases) {
  try {
    answers.push(await doors[one.door](one));
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error;
    answers.push({ refused: error.message });
  }
}
process.stdout.write(JSON.stringify(answers));
