// Steps 8 to 10: the contracts are those trusted, the head of the log is anchored, the block is sealed.
import { Invalid, Unknown, quoted } from "./errors.js";
import { hex } from "./bytes.js";
import { chainKeyId } from "./context.js";
import { nameId } from "./names.js";
import { rfc3339, rfc3339s } from "./periods.js";
import { DIRECTORY } from "./proven.js";
import { OPERATED, requireCanonicalSeals, sealVerdict } from "./seals.js";
import { finding, undecided } from "./verdict.js";
import { say } from "./say.js";

const LOG_FROZEN = 2n;
const CLOCK_AHEAD_S = 300n;

/** 8. Each contract's Directory entry, address and code hash are proven and equal the committed artefact's. */
export async function contracts(context) {
  const { proven, policy } = context;
  const directory = proven.chain.contracts.get(DIRECTORY) ?? "";
  const unknown = listed(proven, directory, context.codeHashes);
  const known = context.noteKeys;
  if (known !== null) {
    for (const key of known.witnesses) proven.touchKey(chainKeyId(key));
    proven.leftover();
  }
  if (unknown !== null) throw unknown;
  return ofThePolicy(proven, directory, policy.chain, 10);
}

/**
 * Throws unless just the contracts whose records are there are named, each as the Directory lists it, with the
 * committed code; the first contract or version that this build does not know is returned.
 */
export function listed(proven, directory, codeHashes) {
  const { chain } = proven;
  const names = [...chain.contracts.keys()];
  const wanted = [...new Set([DIRECTORY, ...chain.records.map((record) => record.contract)])].sort();
  if (names.join() !== wanted.join()) {
    throw new Invalid("contracts of the bundle", { expected: wanted.join(" "), found: names.join(" ") });
  }
  let unknown = null;
  for (const [name, address] of chain.contracts) {
    if (proven.contractErrors.has(name)) throw proven.contractErrors.get(name);
    const asked = name === DIRECTORY ? "0".repeat(64) : "0".repeat(24) + directory;
    const found = proven.directoryOf.get(name) ?? asked;
    if (found !== asked) {
      throw new Invalid(say`Directory that ${name} asks`, { expected: name === DIRECTORY ? "none" : directory, found });
    }
    try {
      checkCode(codeHashes, proven, name, address);
    } catch (error) {
      if (!(error instanceof Unknown)) throw error;
      unknown = error;
    }
  }
  const known = new Set(names.filter((name) => name !== DIRECTORY).map(nameId));
  for (const [id] of proven.ofKind("contract")) {
    if (!known.has(id)) throw new Invalid("record 'contract'", { expected: "of a contract but the Directory", found: id });
  }
  return unknown;
}

/** Whether the Directory is the one that the reader trusts; step `sealStep` judges the seal. */
export function ofThePolicy(proven, directory, trusted, sealStep) {
  if (trusted === null) {
    return undecided(say`The contracts are as committed, but no policy says that Directory ${directory} counts.`);
  }
  if (directory !== trusted.directory) {
    throw new Invalid("Directory of the chain", { expected: trusted.directory, found: directory });
  }
  const genesis = OPERATED.has(proven.chain.engine)
    ? say`genesis ${trusted.genesis} is part of what the operator's seal covers (step ${sealStep})`
    : "the seals of this engine name no genesis: validators, Directory and code stand for the chain";
  const names = [...proven.chain.contracts.keys()].join(", ");
  return finding(say`${names} are listed in the policy's Directory and have the committed code; ${genesis}.`);
}

function checkCode(codeHashes, proven, name, address) {
  if (!Object.hasOwn(codeHashes, name)) {
    throw new Unknown("contract", { expected: Object.keys(codeHashes).join(", "), found: quoted(name) });
  }
  const versions = codeHashes[name];
  const code = proven.code.get(name);
  if (name === DIRECTORY) {
    if (!Object.values(versions).includes(code)) {
      throw new Invalid("code of the Directory", { expected: Object.values(versions).join(" or "), found: code });
    }
    return;
  }
  const listing = proven.get("contract", nameId(name));
  if (listing.location !== address) throw new Invalid(say`address of ${name}`, { expected: listing.location, found: address });
  if (listing.codeHash !== code) throw new Invalid(say`code of ${name}`, { expected: listing.codeHash, found: code });
  const version = String(listing.version);
  if (!Object.hasOwn(versions, version)) {
    throw new Unknown(say`version of ${name}`, { expected: Object.keys(versions).join(", "), found: version });
  }
  if (versions[version] !== code) {
    throw new Invalid(say`code of ${name}`, { expected: say`${versions[version]}, the committed artefact's`, found: code });
  }
}

/** 9. The log's record is proven and its head is this checkpoint; each entry has its first anchor. */
export async function anchored(context) {
  const { proven } = context;
  const head = context.bundle.log.checkpoint;
  const root = hex(head.root);
  const log = proven.get("log", context.idOf(head.origin));
  if (log.size !== head.size || log.root !== root) {
    throw new Invalid("head of the log on the chain", {
      expected: say`size ${head.size}, root ${root}`,
      found: say`size ${log.size}, root ${log.root}`,
    });
  }
  if (log.status === LOG_FROZEN) {
    throw new Invalid("status of the log", { expected: "active or closed", found: "frozen after a proven fork" });
  }
  const used = new Set();
  for (const item of context.bundle.entries) {
    const [id, first] = context.anchorOf(item.index);
    used.add(id);
    if (BigInt(item.body.time) > (first.time + CLOCK_AHEAD_S) * 1000n) {
      throw new Invalid(say`time of ${item.name}`, {
        expected: say`at most ${CLOCK_AHEAD_S} s after its anchor, ${rfc3339s(first.time)}`,
        found: rfc3339(item.body.time),
      });
    }
  }
  const anchors = proven.ofKind("anchor");
  for (const [id, anchor] of anchors) {
    if (!used.has(id)) {
      throw new Invalid("anchors of the bundle", { expected: "each the first of an entry", found: say`size ${anchor.size}` });
    }
    checkAnchor(proven, log, anchor);
  }
  if (log.anchoredAt > proven.header.timestamp) {
    throw new Invalid("time of the log's anchor", { expected: say`at most ${proven.header.timestamp}`, found: log.anchoredAt });
  }
  return finding(
    say`Size ${head.size} with this root is the head of the log in block ${proven.header.number};`
      .and` ${anchors.length} anchors first covered the entries.`,
  );
}

function checkAnchor(proven, log, anchor) {
  if (anchor.logId !== log.logId) throw new Invalid("log of an anchor", { expected: log.logId, found: anchor.logId });
  if (anchor.size > log.size || anchor.time > log.anchoredAt) {
    throw new Invalid("an anchor is later than the head", {
      expected: say`size at most ${log.size}, time at most ${log.anchoredAt}`,
      found: say`size ${anchor.size}, time ${anchor.time}`,
    });
  }
  if (anchor.size === log.size && (anchor.root !== log.root || anchor.time !== log.anchoredAt)) {
    throw new Invalid("anchor of the head", { expected: log.root, found: anchor.root });
  }
  if (anchor.block > proven.header.number) {
    throw new Invalid("block of an anchor", { expected: say`at most ${proven.header.number}`, found: anchor.block });
  }
}

/** 10. The block is sealed by the operator, validators or signers that the policy trusts. */
export async function sealed(context) {
  return sealedBy(context.proven, context.policy.chain);
}

/** Whether the evidence's block is sealed by whom the policy trusts. */
export function sealedBy(proven, trusted) {
  if (trusted === null) return undecided("The policy names no chain: whose seal would count is not known.");
  const found = sealVerdict(proven.chain, proven.header, trusted);
  if (found.verdict === "invalid") throw new Invalid(found.reason);
  if (proven.chain.engine === "qbft" && found.verdict === "valid") requireCanonicalSeals(proven.header);
  return finding(found.reason, found.verdict);
}
