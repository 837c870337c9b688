// RFC 9162 inclusion proofs over SHA-256.
import { Invalid } from "./errors.js";
import { equal, hex } from "./bytes.js";
import { sha256 } from "./crypto.js";
import { say } from "./say.js";

const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);

export const leafHash = (entry) => sha256(LEAF, entry);
const nodeHash = (left, right) => sha256(NODE, left, right);

/** The root that a proof leads to (2.1.3.2). `index` and `size` are BigInt. */
export async function rootFromInclusion(leaf, index, size, proof) {
  if (!(0n <= index && index < size)) {
    throw new Invalid("the leaf index is outside the tree", { expected: say`0 <= index < ${size}`, found: index });
  }
  let [position, last, result] = [index, size - 1n, leaf];
  for (const sibling of proof) {
    if (last === 0n) throw new Invalid("the inclusion proof is too long", { found: proof.length });
    if (position & 1n || position === last) {
      result = await nodeHash(sibling, result);
      while (position && !(position & 1n)) {
        position >>= 1n;
        last >>= 1n;
      }
    } else result = await nodeHash(result, sibling);
    position >>= 1n;
    last >>= 1n;
  }
  if (last !== 0n) throw new Invalid("the inclusion proof is too short", { found: proof.length });
  return result;
}

export async function verifyInclusion(leaf, index, size, proof, root) {
  const found = await rootFromInclusion(leaf, index, size, proof);
  if (!equal(found, root)) {
    throw new Invalid(say`leaf ${index} is not under the root of size ${size}`, { expected: hex(root), found: hex(found) });
  }
}
