// The chain part of a bundle, opened: every record with its proof's outcome, and what is left over.
import { Invalid, LedgerError, Malformed } from "./errors.js";
import { hex, unhex, word } from "./bytes.js";
import { Header } from "./header.js";
import { slotOf } from "./records.js";
import { qbftHash } from "./seals.js";
import { NodePool, account, storage } from "./trie.js";
import { say } from "./say.js";

export const DIRECTORY = "Directory";
const DIRECTORY_WORD = word(1n);
const ZERO = "0".repeat(64);

export class Proven {
  /** Throws where header or nodes are not of their form. With `pointers`, each contract's Directory is read too. */
  constructor(chain, pointers) {
    this.chain = chain;
    this.header = Header.parse(chain.header);
    if (chain.engine === "qbft") qbftHash(this.header);
    this.pool = new NodePool(chain.nodes);
    const { hashes } = this.pool;
    if (hashes.length !== chain.nodes.length || hashes.some((digest, at) => at && hashes[at - 1] >= digest)) {
      throw new Malformed("nodes of chain evidence", {
        expected: "each once, sorted by keccak-256",
        found: "another order",
      });
    }
    this.accounts = new Map();
    this.contractErrors = new Map();
    this.code = new Map();
    this.directoryOf = new Map();
    for (const [name, address] of chain.contracts) {
      attempt(
        () => {
          const found = this.account(address);
          if (found === null) throw new Invalid(say`contract ${name}`, { expected: say`an account at ${address}`, found: "none" });
          this.code.set(name, found.codeHash);
          if (pointers) this.directoryOf.set(name, this.storage(address, DIRECTORY_WORD));
        },
        (error) => this.contractErrors.set(name, error),
      );
    }
    this.records = new Map();
    for (const record of chain.records) {
      const name = `${record.kind} ${record.id}`;
      attempt(
        () => {
          const digest = record.digest();
          const found = this.word(record.contract, slotOf(record.kind, record.id), BigInt(`0x${digest}`));
          if (found !== digest) throw new Invalid(say`record '${record.kind}' ${record.id}`, { expected: digest, found });
          this.records.set(name, record);
        },
        (error) => this.records.set(name, error),
      );
    }
  }

  account(address) {
    if (!this.accounts.has(address)) {
      this.accounts.set(address, account(this.pool, this.header.stateRoot, unhex(address)));
    }
    return this.accounts.get(address);
  }
  storage(address, slot, claim) {
    const found = this.account(address);
    return found === null ? ZERO : hex(word(storage(this.pool, found.storageRoot, slot, claim)));
  }
  word(contract, slot, claim) {
    const address = this.chain.contracts.get(contract);
    if (address === undefined) {
      throw new Invalid("contracts of the bundle", { expected: contract, found: [...this.chain.contracts.keys()].join(" ") });
    }
    return this.storage(address, slot, claim);
  }

  /** The record, proven; throws where it is not in the bundle, or its proof does not hold. */
  get(kind, id) {
    const found = this.records.get(`${kind} ${id}`);
    if (found === undefined) {
      throw new Invalid(say`record '${kind}'`, { expected: say`the one of id ${id}`, found: "not in the bundle" });
    }
    if (found instanceof LedgerError) throw found;
    return found.fields;
  }
  /** The record of a key, null if the chain is proven not to know it. */
  key(id) {
    if (this.records.has(`key ${id}`)) return this.get("key", id);
    if (this.word("MemberRegistry", slotOf("key", id)) !== ZERO) {
      throw new Invalid("record 'key'", { expected: say`the one of id ${id}`, found: "not in the bundle" });
    }
    return null;
  }
  /** Read a key's word, so that the nodes that prove it, or its absence, count as used. */
  touchKey(id) {
    if (this.records.has(`key ${id}`)) return; // its proof was read
    attempt(() => this.word("MemberRegistry", slotOf("key", id)), () => {});
  }
  /** All records of a kind, proven: [id, fields]. */
  ofKind(kind) {
    return this.chain.ofKind(kind).map((record) => [record.id, this.get(kind, record.id)]);
  }
  leftover() {
    const unused = this.pool.unused();
    if (unused.length) {
      throw new Invalid("chain evidence holds nodes that prove nothing", {
        expected: "each node used by a proof",
        found: say`${unused.length} unused, first ${unused[0]}`,
      });
    }
  }
}

function attempt(act, failed) {
  try {
    act();
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error;
    failed(error);
  }
}
