// The offline verifier in the browser: bytes of a bundle and a policy in, a verdict with numbered steps out.
// The same sixteen steps as `carbonledger verify` (docs/formats/bundle.md), a certificate's six as `carbonledger title`;
// nothing is sent anywhere.
//
//    1  parse          5  inclusion              9  anchored         13  meters complete
//    2  signature      6  checkpoint signature  10  sealed           14  figures
//    3  commitment     7  witnesses             11  key valid then   15  approved
//    4  leaf           8  contracts             12  belongs          16  assessment
import { KINDS as ASSESSED } from "./assessment/bundle.js";
import { verifyAssessment } from "./assessed.js";
import { parseBundle } from "./bundle.js";
import { KINDS as CERTIFICATES, verifyCertificate } from "./certificate.js";
import { checkComplete } from "./complete.js";
import { Context } from "./context.js";
import { LedgerError } from "./errors.js";
import * as jcs from "./jcs.js";
import { NO_POLICY } from "./policy.js";
import { anchored, contracts, sealed } from "./steps-chain.js";
import { figures } from "./steps-figures.js";
import { committed, cosigned, inclusion, leaf, signature, signedByTheLog } from "./steps-log.js";
import { approved, belongs, keysValid, metersComplete } from "./steps-registers.js";
import { answerOf, finding, notApplicable, undecided, unread } from "./verdict.js";
import { say } from "./say.js";

export const STEPS = [
  ...["parse", "signature", "commitment", "leaf", "inclusion", "checkpoint signature", "witnesses", "contracts"],
  ...["anchored", "sealed", "key valid then", "belongs", "meters complete", "figures", "approved", "assessment"],
];
const CHECKS = [
  ...[parsed, signature, committed, leaf, inclusion, signedByTheLog, cosigned, contracts],
  ...[anchored, sealed, keysValid, belongs, metersComplete, figures, approved],
  () => notApplicable("Codes and grades are not in bundles of these kinds."),
];
const ON_CHAIN = [8, 9, 10, 11, 12, 13, 14, 15];
const OF_REPORTS = [13, 14, 15];

/** Verify; any bytes get an answer. `policy` as `policyOf` gives it, null for none. What it is, its kind says. */
export async function verify(bytes, policy, codeHashes, progress = () => {}) {
  const trusted = policy ?? NO_POLICY;
  const kind = kindOf(bytes);
  if (CERTIFICATES.includes(kind)) return verifyCertificate(bytes, trusted, codeHashes, progress);
  if (ASSESSED.includes(kind)) return verifyAssessment(bytes, trusted, codeHashes, STEPS, progress);
  let bundle;
  try {
    bundle = await parseBundle(bytes);
  } catch (error) {
    return unread(STEPS, error, "Not run: the bundle could not be read.");
  }
  const context = await Context.of(bundle, trusted, codeHashes);
  const checks = CHECKS.map((check, at) => {
    const number = at + 1;
    const isSkipped =
      bundle.chain === null && ON_CHAIN.includes(number) && (bundle.report !== null || !OF_REPORTS.includes(number));
    return isSkipped ? () => undecided("The bundle has no chain part.") : () => check(context);
  });
  return answerOf(STEPS, checks, subjectOf(bundle), progress);
}

/** What the bytes say that they are; undefined where they are no canonical JSON. */
function kindOf(bytes) {
  try {
    return jcs.decodeObject(bytes).kind;
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error;
    return undefined;
  }
}

/** 1. Canonical, complete, no unknown field; no record or entry that no step asks for. */
async function parsed(context) {
  checkComplete(context);
  const { kind, entries } = context.bundle;
  if (entries.length === 1) return finding(say`A ${kind}'s bundle in its one form, with one entry.`);
  return finding(say`A ${kind}'s bundle in its one form, with ${entries.length} entries.`);
}

/** What the bundle is about; nothing in it is verified by being said here. */
function subjectOf(bundle) {
  const { entries, kind, log, chain } = bundle;
  const subject = { entries: entries.length, kind, origin: log.origin, size: Number(log.checkpoint.size) };
  if (kind === "reading" && entries.length === 1) {
    const [{ body, index }] = entries;
    const number = (value) => (value === null ? null : Number(value));
    subject.reading = {
      device: body.signer,
      index,
      interval: number(body.interval),
      register: number(body.register),
      sequence: body.sequence,
      time_ms: body.time,
      unit: body.unit,
    };
  }
  for (const { id, fields } of chain?.ofKind("report") ?? []) {
    subject.report = { emission_g: String(fields.emission), id, member: fields.member, year: Number(fields.year) };
  }
  return subject;
}
