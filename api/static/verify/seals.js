// Who stands for a block: the operator's seal, QBFT's validators, a Clique signer; and what each is worth.
import { Invalid, LedgerError, Malformed } from "./errors.js";
import { hex, unhex, utf8, word } from "./bytes.js";
import { keccak, sealSigner } from "./crypto.js";
import { digestUnder } from "./eip712.js";
import * as rlp from "./rlp.js";
import { say } from "./say.js";

export const OPERATED = new Set(["embedded", "anvil"]);
const SEAL_TYPE = "BlockSeal(bytes32 genesis,uint64 number,bytes32 blockHash)";

export const quorum = (validators) => Math.floor((2 * validators + 2) / 3);

/** {verdict, reason}: the seal of a block's evidence, judged by the chain table of a policy. */
export function sealVerdict(evidence, header, trust) {
  if (evidence.engine !== trust.engine) {
    return invalid(say`The evidence is of engine ${evidence.engine}, the reader trusts ${trust.engine} alone.`);
  }
  try {
    return judge(evidence, header, trust);
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error;
    const isSentence = error.message.endsWith(".");
    return invalid(isSentence ? say`The block's seal does not hold: ${error}` : say`The block's seal does not hold: ${error}.`);
  }
}

function judge(evidence, header, trust) {
  switch (evidence.engine) {
    case "embedded":
    case "anvil": {
      const struct = keccak(
        keccak(utf8(SEAL_TYPE)), unhex(trust.genesis), word(header.number), header.blockHash,
      );
      const found = sealSigner(digestUnder(trust.id, struct), evidence.seal, 27, "the operator's seal");
      if (found !== trust.operator) {
        throw new Invalid("the block was not sealed by the operator", { expected: trust.operator, found });
      }
      return valid(
        say`Block ${header.number} carries the seal of the operator ${trust.operator}: a single operator's word, which only`
          .and` witnesses and anchors elsewhere keep from being given to two histories.`,
      );
    }
    case "qbft": {
      const trusted = [...new Set(trust.validators)].sort();
      const signers = checkQbft(header, trusted);
      return valid(
        say`Block ${header.number} is sealed by ${signers.length} of ${trusted.length} trusted validators, a quorum`
          .and` (${quorum(trusted.length)} needed): final while fewer than a third lie. The seals name no chain.`,
      );
    }
    case "clique": {
      const trusted = new Set(trust.validators);
      const found = cliqueSigner(header);
      if (!trusted.has(found)) {
        throw new Invalid("the block was sealed by a stranger", {
          expected: say`one of ${[...trusted].sort().join(" ").slice(0, 400)}`,
          found,
        });
      }
      return valid(
        say`Block ${header.number} is sealed by one trusted signer, ${found}, of ${trusted.size}: one seal is no quorum,`
          .and` and the block may have been dropped from the chain later.`,
      );
    }
    default:
      return {
        verdict: "indeterminate",
        reason: "The engine seals no blocks: nobody stands for this header, anyone can make one like it.",
      };
  }
}

const valid = (reason) => ({ verdict: "valid", reason });
const invalid = (reason) => ({ verdict: "invalid", reason });

// --- QBFT: extraData = RLP([vanity32, [validator20…], vote, round, [seal65…]])

export function qbftExtra(raw) {
  const items = rlp.asList(rlp.decode(raw, "extraData"), "extraData");
  if (items.length !== 5) throw new Malformed("extraData", { expected: "5 parts", found: items.length });
  const vanity = rlp.asBytes(items[0], "vanity in extraData", 32);
  const validators = rlp.asList(items[1], "validators").map((v) => rlp.asBytes(v, "validator in extraData", 20));
  const vote = rlp.asList(items[2], "vote in extraData");
  if (vote.length) {
    const kind = vote.length === 2 && vote[1] instanceof Uint8Array ? hex(vote[1]) : "odd";
    if (kind !== "ff" && kind !== "") {
      throw new Malformed("vote in extraData", { expected: "an address, and ff or nothing" });
    }
    rlp.asBytes(vote[0], "recipient of a vote", 20);
  }
  const round = rlp.asInt(items[3], "round in extraData", 31);
  const seals = rlp.asList(items[4], "seals in extraData").map((s) => rlp.asBytes(s, "seal in extraData"));
  const encode = (newRound, newSeals) => rlp.encode([vanity, validators, vote, rlp.ofInt(newRound), newSeals]);
  return { validators: validators.map(hex), round, seals, encode };
}

/** The block's hash: QBFT leaves out round and seals; of block 0 it is as it is. */
export function qbftHash(header) {
  if (header.number === 0n) return header.blockHash;
  return keccak(header.encodeWith(qbftExtra(header.extraData).encode(0, [])));
}

function qbftDigest(header, extra) {
  return keccak(header.encodeWith(extra.encode(extra.round, [])));
}

function checkQbft(header, trusted) {
  const extra = qbftExtra(header.extraData);
  if (extra.validators.join() !== trusted.join()) {
    throw new Invalid("the header's validators are not the trusted set", {
      expected: addresses(trusted),
      found: addresses(extra.validators),
      remedy: "Name the validators of this block in the policy, or follow the votes from a block that you trust.",
    });
  }
  if (extra.seals.length > 2 * trusted.length) {
    throw new Invalid("the block has more seals than validators", { expected: trusted.length, found: extra.seals.length });
  }
  const digest = qbftDigest(header, extra);
  const signers = new Set();
  for (const seal of extra.seals) {
    const signer = sealSigner(digest, seal, 0, "a validator's seal");
    if (!trusted.includes(signer)) {
      throw new Invalid("a seal is by a stranger", { expected: say`one of ${addresses(trusted)}`, found: signer });
    }
    if (signers.has(signer)) throw new Invalid("a validator sealed twice", { expected: "one seal each", found: signer });
    signers.add(signer);
  }
  if (!signers.size || signers.size < quorum(trusted.length)) {
    throw new Invalid("the block has no quorum", {
      expected: say`${quorum(trusted.length)} of ${trusted.length} seals`,
      found: signers.size,
    });
  }
  return [...signers];
}

/** Throws unless a header in a bundle has exactly a quorum of seals, in ascending order of their signers. */
export function requireCanonicalSeals(header) {
  const extra = qbftExtra(header.extraData);
  const digest = qbftDigest(header, extra);
  const signers = extra.seals.map((seal) => sealSigner(digest, seal, 0, "a validator's seal"));
  const wanted = quorum(extra.validators.length);
  if (signers.join() !== [...signers].sort().join() || signers.length !== wanted) {
    throw new Invalid("seals in a bundle's header", {
      expected: say`${wanted}, in ascending order of their signers`,
      found: say`${extra.seals.length}, or in another order`,
    });
  }
}

function addresses(values) {
  return values.join(" ").slice(0, 400) || "none";
}

// --- Clique (EIP-225): the seal is the last 65 bytes of extraData

function cliqueSigner(header) {
  const extra = header.extraData;
  const body = extra.length - 65;
  if (body < 32 || (body - 32) % 20) {
    throw new Malformed("extraData", { expected: "32 bytes, addresses and a seal of 65", found: say`${extra.length} bytes` });
  }
  if (header.fromShanghai) throw new Malformed("header of a Clique block", { expected: "at most 16 fields" });
  const digest = keccak(header.encodeWith(extra.subarray(0, body)));
  return sealSigner(digest, extra.subarray(body), 0, "the signer's seal");
}

