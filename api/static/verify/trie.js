// Merkle-Patricia proofs: values under a state root, from a pool of nodes that are each needed.
import { Invalid, Malformed } from "./errors.js";
import { hex, unhex } from "./bytes.js";
import { keccak } from "./crypto.js";
import * as rlp from "./rlp.js";
import { say } from "./say.js";

const MAX_NODE_BYTES = 64 << 10;
const EMPTY_ROOT = "56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421";

/** Trie nodes by their keccak-256, and which of them a proof has needed so far. */
export class NodePool {
  constructor(nodes) {
    this.raw = new Map(nodes.map((node) => [hex(keccak(node)), node]));
    this.parsed = new Map();
  }
  get hashes() {
    return [...this.raw.keys()];
  }
  node(digest, isRoot = false) {
    let parsed = this.parsed.get(digest);
    const raw = this.raw.get(digest);
    if (parsed === undefined) {
      if (raw === undefined) {
        throw new Invalid("a proof lacks a node", {
          expected: say`the trie node whose keccak-256 is ${digest}`,
          found: say`${this.raw.size} other nodes`,
          remedy: "The evidence is incomplete or of another block; have it made again.",
        });
      }
      parsed = shape(rlp.decode(raw, `trie node ${digest}`, MAX_NODE_BYTES));
      this.parsed.set(digest, parsed);
    }
    if (!isRoot && raw.length < 32) {
      throw new Invalid("a trie node is referred to by hash", {
        expected: "nodes under 32 bytes inside their parent",
        found: say`${raw.length} bytes under ${digest}`,
      });
    }
    return parsed;
  }
  unused() {
    return this.hashes.filter((digest) => !this.parsed.has(digest));
  }
}

/**
 * The value under a key (bytes) in the trie of this root (hex); null if the nodes prove that there is none.
 * With `claim` (bytes), the leaf that holds this value follows from it, and must not be in the pool.
 */
export function get(pool, root, key, claim = null) {
  if (root === EMPTY_ROOT) return null;
  const path = hex(key);
  let child = unhex(root);
  let isRoot = true;
  let at = 0;
  for (;;) {
    const digest = child instanceof Uint8Array ? hex(child) : null;
    if (claim && digest !== null && !pool.raw.has(digest) && hex(keccak(leaf(path.slice(at), claim))) === digest) {
      return claim;
    }
    const node = isRoot ? pool.node(digest, true) : follow(pool, child);
    isRoot = false;
    if (node.length === 17) {
      if (at === path.length) {
        const value = rlp.asBytes(node[16], "value of a branch");
        return value.length ? value : null;
      }
      child = node[parseInt(path[at], 16)];
      at += 1;
      if (child instanceof Uint8Array && !child.length) return null;
    } else {
      const [isLeaf, part] = pathOf(node[0]);
      if (isLeaf) {
        if (path.slice(at) !== part) return null;
        const value = rlp.asBytes(node[1], "value of a leaf");
        if (!value.length) throw new Malformed("value of a leaf", { expected: "at least one byte", found: "none" });
        if (claim && digest !== null && hex(value) === hex(claim)) {
          throw new Invalid("a leaf that follows from its record", {
            expected: "left out of the evidence",
            found: say`the node ${digest}`,
          });
        }
        return value;
      }
      if (!path.startsWith(part, at)) return null;
      at += part.length;
      child = node[1];
    }
  }
}

/** The account at an address (bytes): {storageRoot, codeHash} in hex; null if it is proven that there is none. */
export function account(pool, stateRoot, address) {
  const raw = get(pool, stateRoot, keccak(address));
  if (raw === null) return null;
  const fields = rlp.asList(rlp.decode(raw, "account"), "account");
  if (fields.length !== 4) throw new Malformed("account", { expected: "4 fields", found: fields.length });
  rlp.asInt(fields[0], "nonce of an account", 64);
  rlp.asInt(fields[1], "balance of an account");
  return {
    storageRoot: hex(rlp.asBytes(fields[2], "storage root of an account", 32)),
    codeHash: hex(rlp.asBytes(fields[3], "code hash of an account", 32)),
  };
}

/** The word in a storage slot (32 bytes) as BigInt; 0 if it is proven that nothing is kept there. `claim` as in get. */
export function storage(pool, storageRoot, slot, claim = 0n) {
  const raw = get(pool, storageRoot, keccak(slot), claim ? rlp.encode(rlp.ofInt(claim)) : null);
  return raw === null ? 0n : rlp.asInt(rlp.decode(raw, "storage word"), "storage word");
}

function shape(item) {
  const node = rlp.asList(item, "trie node");
  if (node.length !== 2 && node.length !== 17) {
    throw new Malformed("trie node", { expected: "2 or 17 items", found: node.length });
  }
  return node;
}

function follow(pool, child) {
  if (child instanceof Uint8Array) return pool.node(hex(rlp.asBytes(child, "reference to a trie node", 32)));
  const size = rlp.encode(child).length;
  if (size >= 32) throw new Malformed("trie node inside its parent", { expected: "under 32 bytes", found: say`${size} bytes` });
  return shape(child);
}

/** The leaf that holds a value at the end of a path (hex digits). */
function leaf(path, value) {
  return rlp.encode([unhex((path.length % 2 ? "3" : "20") + path), value]);
}

/** Hex-prefix encoding (yellow paper, appendix C): is it a leaf, and the nibbles as hex digits. */
function pathOf(item) {
  const raw = rlp.asBytes(item, "path of a trie node");
  if (!raw.length || raw[0] > 0x3f || (!(raw[0] & 0x10) && raw[0] & 0x0f)) {
    throw new Malformed("path of a trie node", { expected: "hex-prefix encoding", found: hex(raw) || "nothing" });
  }
  const isLeaf = raw[0] >= 0x20;
  const nibbles = hex(raw).slice(raw[0] & 0x10 ? 1 : 2);
  if (!isLeaf && !nibbles) throw new Malformed("path of an extension", { expected: "at least one nibble", found: "none" });
  return [isLeaf, nibbles];
}
