// A certificate in numbered steps, as `carbonledger credential` judges it: keys and status lists are handed in.
import { Invalid, LedgerError, Unknown, quoted, sentence } from "../verify/errors.js";
import { finding, judge, notApplicable, undecided, verdictOf } from "../verify/verdict.js";
import { PURPOSES, STATUS_CREDENTIAL, parse } from "./model.js";
import { read } from "./secured.js";
import { decode, isSet } from "./status-list.js";

/** {verdict, steps, credential}: `keys` is a Map of issuer to keys, `at` Unix seconds, `lists` bytes each. */
export async function verify(bytes, keys, at, lists = []) {
  let secured;
  try {
    secured = read(bytes);
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error;
    return { verdict: "ERROR", steps: [], error: sentence(error), credential: null };
  }
  const steps = [{ number: 1, name: "parse", verdict: "valid", reason: secured.isToken ? "A token." : "A document with a proof." }];
  let credential = null;
  steps.push(
    await judge(2, "form", async () => {
      credential = parse(secured.document);
      const kinds = credential.types.filter((type) => type !== "VerifiableCredential").join(", ");
      return finding(`A Verifiable Credential 2.0: ${kinds || "no more special type"}.`);
    }),
  );
  if (credential === null) return { verdict: verdictOf(steps), steps, credential };
  steps.push(await judge(3, "signature", () => signature(secured, credential.issuer, keys)));
  steps.push(await judge(4, "time", async () => time(credential, at)));
  for (const [place, purpose] of PURPOSES.entries()) {
    steps.push(await judge(5 + place, purpose, () => status(credential, purpose, keys, at, lists)));
  }
  return { verdict: verdictOf(steps), steps, credential };
}

async function signature(secured, issuer, keys) {
  const method = secured.method();
  if (method !== issuer && !method.startsWith(`${issuer}#`)) {
    throw new Invalid("key of the credential", { expected: `one of its issuer, ${issuer}#…`, found: method.slice(0, 200) });
  }
  const known = keys.get(issuer);
  if (!known?.length) return undecided(`No key of ${issuer} was named: whether it signed this is not known.`);
  await secured.check(known);
  return finding(`Signed by a key of ${issuer}.`);
}

const shown = (seconds) => new Date(seconds * 1000).toISOString().replace(".000Z", "Z");

function time({ since, until }, at) {
  if (since !== null && at < since) throw new Invalid("time", { expected: `from ${shown(since)}`, found: shown(at) });
  if (until !== null && at > until) throw new Invalid("time", { expected: `until ${shown(until)}`, found: shown(at) });
  return finding(`Valid at ${shown(at)}.`);
}

async function status(credential, purpose, keys, at, lists) {
  const entries = credential.statuses.filter((entry) => entry.purpose === purpose);
  if (!entries.length) return notApplicable("The credential names no such list.");
  for (const entry of entries) {
    const found = lists.map(read).find((one) => one.document.id === entry.url);
    if (found === undefined) return undecided(`The list ${entry.url} was not handed in: whether it is set is not known.`);
    const listed = parse(found.document);
    if (listed.issuer !== credential.issuer || !listed.types.includes(STATUS_CREDENTIAL)) {
      throw new Invalid("status list", { expected: `a ${STATUS_CREDENTIAL} of ${credential.issuer}`, found: listed.issuer });
    }
    const signed = await signature(found, listed.issuer, keys);
    if (signed.verdict !== "valid") return undecided(`The list: ${signed.reason}`);
    if ((listed.since !== null && at < listed.since) || (listed.until !== null && at > listed.until)) {
      return undecided(`The list ${entry.url} is not of this time: hand in the one that the issuer gives now.`);
    }
    const [content] = listed.subjects;
    if (![content.statusPurpose].flat().includes(purpose)) {
      throw new Invalid("purpose of the status list", { expected: purpose, found: quoted(content.statusPurpose) });
    }
    if ((content.statusSize ?? 1) !== 1) {
      throw new Unknown("status list", { expected: "one bit an entry", found: quoted(content.statusSize, 20) });
    }
    if (isSet(await decode(content.encodedList), entry.index)) {
      const word = purpose === "revocation" ? "revoked" : "suspended";
      throw new Invalid("status", { expected: `not ${word}`, found: word });
    }
  }
  return finding("Not set in the list.");
}
