// The offline verifier in the browser: bytes of a bundle and a policy in, a verdict with numbered steps out.
// The same sixteen steps as `carbonledger verify` (docs/formats/bundle.md); nothing is sent anywhere.
//
//    1  parse          5  inclusion              9  anchored         13  meters complete
//    2  signature      6  checkpoint signature  10  sealed           14  figures
//    3  commitment     7  witnesses             11  key valid then   15  approved
//    4  leaf           8  contracts             12  belongs          16  assessment
import { LedgerError, Unknown, sentence } from "./errors.js";
import { parseBundle } from "./bundle.js";
import { checkComplete } from "./complete.js";
import { Context } from "./context.js";
import { NO_POLICY } from "./policy.js";
import { anchored, contracts, sealed } from "./steps-chain.js";
import { figures } from "./steps-figures.js";
import { committed, cosigned, inclusion, leaf, signature, signedByTheLog } from "./steps-log.js";
import { approved, belongs, keysValid, metersComplete } from "./steps-registers.js";
import { finding, judge, notApplicable, undecided, verdictOf } from "./verdict.js";

export const STEPS = [
  ["parse", parsed],
  ["signature", signature],
  ["commitment", committed],
  ["leaf", leaf],
  ["inclusion", inclusion],
  ["checkpoint signature", signedByTheLog],
  ["witnesses", cosigned],
  ["contracts", contracts],
  ["anchored", anchored],
  ["sealed", sealed],
  ["key valid then", keysValid],
  ["belongs", belongs],
  ["meters complete", metersComplete],
  ["figures", figures],
  ["approved", approved],
  ["assessment", async () => notApplicable("Codes and grades are not in bundles of these kinds.")],
];
const ON_CHAIN = [8, 9, 10, 11, 12, 13, 14, 15];
const OF_REPORTS = [13, 14, 15];

/** Verify; any bytes get an answer. `policy` as `policyOf` gives it, null for none. */
export async function verify(bytes, policy, codeHashes, progress = () => {}) {
  let bundle;
  try {
    bundle = await parseBundle(bytes);
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error;
    const steps = STEPS.map(([name], at) => ({
      number: at + 1,
      name,
      verdict: at || error instanceof Unknown ? "indeterminate" : "invalid",
      reason: at ? "Not run: the bundle could not be read." : sentence(error),
    }));
    return { error: null, steps, subject: {}, v: 1, verdict: verdictOf(steps) };
  }
  const context = await Context.of(bundle, policy ?? NO_POLICY, codeHashes);
  const steps = [];
  for (const [at, [name, check]] of STEPS.entries()) {
    const number = at + 1;
    progress(number);
    const isSkipped =
      bundle.chain === null && ON_CHAIN.includes(number) && (bundle.report !== null || !OF_REPORTS.includes(number));
    const run = isSkipped ? async () => undecided("The bundle has no chain part.") : () => check(context);
    steps.push(await judge(number, name, run));
  }
  return { error: null, steps, subject: subjectOf(bundle), v: 1, verdict: verdictOf(steps) };
}

/** 1. Canonical, complete, no unknown field; no record or entry that no step asks for. */
async function parsed(context) {
  checkComplete(context);
  const { kind, entries } = context.bundle;
  return finding(`A ${kind}'s bundle in its one form, with ${entries.length} entries.`);
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
