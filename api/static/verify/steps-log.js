// Steps 2 to 7: the disclosed entries, that they are in the log, and who signed the log's checkpoint.
import { Invalid, LedgerError, Malformed, quoted } from "./errors.js";
import { hex } from "./bytes.js";
import { MEASURED, commitment, pseudonym, signedMessage } from "./entry.js";
import { leafHash, verifyInclusion } from "./merkle.js";
import { EIP712, checkLine, isOf } from "./note.js";
import { finding, undecided } from "./verdict.js";
import { say } from "./say.js";

/** 2. R was signed by the key named in A; every public key is used. */
export async function signature(context) {
  for (const item of context.bundle.entries) {
    try {
      await context.keyOf(item).verify(await signedMessage(item.evidence, item.body), item.evidence.signature);
    } catch (error) {
      if (!(error instanceof LedgerError)) throw error;
      throw new Invalid(say`signature of ${item.name}: ${error}`);
    }
  }
  const used = new Set(context.bundle.entries.map((item) => item.evidence.shortId));
  const unused = [...context.keys.keys()].filter((id) => !used.has(id)).sort();
  if (unused.length) {
    throw new Invalid("keys of the bundle", { expected: "each signed an entry", found: say`${unused[0]} did not` });
  }
  return finding(say`${count(context)} signed by the key that its evidence names.`);
}

/** 3. c = commitment of salt, R, A. */
export async function committed(context) {
  for (const item of context.bundle.entries) {
    if (item.body.nonce !== null && item.salt.some(Boolean)) {
      throw new Invalid(say`salt of ${item.name}`, { expected: "zeros, as R has a nonce", found: hex(item.salt) });
    }
    const found = await commitment(item.body.raw, item.evidence.raw, item.salt);
    if (found !== item.leaf.c) throw new Invalid(say`commitment of ${item.name}`, { expected: item.leaf.c, found });
  }
  return finding(say`${count(context)} committed to in its leaf.`);
}

/** 4. The leaf says what R says: pseudonym, kind, sequence, time, algorithm. */
export async function leaf(context) {
  for (const item of context.bundle.entries) {
    const { body } = item;
    if (MEASURED.includes(body.kind) && (body.kind === "commissioning") !== (body.sequence === 0)) {
      const expected = body.kind === "commissioning" ? "0" : "from 1";
      throw new Invalid(say`sequence of ${item.name}`, { expected, found: body.sequence });
    }
    const expected = {
      d: await pseudonym(item.deviceSalt, body.signer),
      k: body.kind,
      q: body.sequence,
      s: context.keyOf(item).algorithm,
      t: body.time,
    };
    for (const [name, value] of Object.entries(expected)) {
      if (item.leaf[name] !== value) {
        throw new Invalid(say`leaf field '${name}' of ${item.name}`, { expected: value, found: item.leaf[name] });
      }
    }
  }
  return finding(say`${count(context)} described by its leaf as it is.`);
}

/** 5. The leaf is in the checkpoint's tree. */
export async function inclusion(context) {
  const head = context.bundle.log.checkpoint;
  for (const item of context.bundle.entries) {
    await verifyInclusion(await leafHash(item.leaf.raw), BigInt(item.index), head.size, item.proof, head.root);
  }
  return finding(say`${count(context)} in the tree of ${head.size} leaves, root ${hex(head.root)}.`);
}

/** 6. The log's two keys, named by the policy, signed the checkpoint. */
export async function signedByTheLog(context) {
  const { note, origin } = context.bundle.log;
  const log = context.logPolicy;
  if (!log) return undecided(say`The policy names no log ${quoted(origin, 200)}: nobody vouches for the checkpoint's keys.`);
  const chain = context.policy.chain;
  for (const key of [log.ed25519, log.eip712]) {
    const line = note.signatures.find((candidate) => isOf(key, candidate));
    if (!line) {
      throw new Invalid("signature of the log", {
        expected: say`a line of ${key.text}`,
        found: note.signatures.map((candidate) => candidate.name).join(", "),
      });
    }
    if (chain === null && key.type === EIP712) {
      return undecided("The policy names no chain, so the log's secp256k1 line could not be checked.");
    }
    await checkLine(note, key, line, chain?.id);
  }
  return finding(say`Both keys that the policy names for ${origin} signed the checkpoint.`);
}

/** 7. As many of the policy's witnesses as it asks cosigned; there is no line of an unknown key. */
export async function cosigned(context) {
  const { note, origin } = context.bundle.log;
  const { witnesses, chain } = context.policy;
  const log = context.logPolicy;
  if (witnesses === null) return undecided("The policy names no witnesses.");
  const lines = witnessLines(note, log, witnesses);
  if (chain === null && lines.some(([key]) => key.type === EIP712)) {
    return undecided("The policy names no chain, so the witnesses' secp256k1 lines could not be checked.");
  }
  for (const [key, line] of lines) await checkLine(note, key, line, chain?.id);
  const names = [...new Set(lines.map(([key]) => key.name))].sort();
  if (names.length < witnesses.quorum) {
    throw new Invalid("witnesses of the checkpoint", { expected: say`${witnesses.quorum} of the policy's`, found: names.length });
  }
  if (!log) {
    return undecided(
      say`${names.length} witnesses cosigned, but the policy names no log ${quoted(origin, 200)}: other lines stay.`,
    );
  }
  return finding(say`${names.length} of the policy's witnesses cosigned (${witnesses.quorum} asked): ${names.join(", ")}.`);
}

function witnessLines(note, log, witnesses) {
  const origin = note.text.split("\n", 1)[0];
  const found = [];
  for (const line of note.signatures) {
    if (log && (isOf(log.ed25519, line) || isOf(log.eip712, line))) continue;
    const key = witnesses.keys.find((candidate) => isOf(candidate, line));
    if (!key) {
      if (!log && line.name === origin) continue;
      throw new Invalid("signature lines of the checkpoint", {
        expected: "keys that the policy names",
        found: say`a line of ${line.name}, key hash ${line.keyHash}`,
      });
    }
    if (found.some(([other]) => other === key)) {
      throw new Malformed("signature lines of the checkpoint", { expected: "one a key", found: say`two of ${key.name}` });
    }
    found.push([key, line]);
  }
  return found;
}

function count(context) {
  const number = context.bundle.entries.length;
  return number === 1 ? "The entry is" : say`Each of ${number} entries is`;
}
