// Multibase strings and Multikey public keys (Controlled Identifiers 1.0, sections 2.4 and 2.2.2).
import { PublicKey } from "../verify/crypto.js";
import { base64, equal, hex, unbase64 } from "../verify/bytes.js";
import { Malformed, Unknown, quoted } from "../verify/errors.js";

const BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
const MAX_BASE58 = 200;
const MULTICODEC = { ed25519: [0xed, 0x01], es256: [0x80, 0x24], es256k: [0xe7, 0x01] };

/** Bytes of `z` and base58-btc. */
export function parseBase58(text, what) {
  if (typeof text !== "string" || text.length < 2 || text.length > MAX_BASE58 || text[0] !== "z") {
    throw new Malformed(what, { expected: "z and base58-btc digits", found: quoted(text) });
  }
  let number = 0n;
  for (const character of text.slice(1)) {
    const value = BASE58.indexOf(character);
    if (value < 0) throw new Malformed(what, { expected: "base58-btc digits", found: quoted(character) });
    number = number * 58n + BigInt(value);
  }
  const zeros = text.slice(1).match(/^1*/)[0].length;
  const bytes = [];
  for (; number > 0n; number >>= 8n) bytes.unshift(Number(number & 255n));
  return Uint8Array.from([...new Array(zeros).fill(0), ...bytes]);
}

/** Bytes of base64url without padding, in its one form. */
export function parseBase64url(text, what) {
  if (typeof text !== "string") throw new Malformed(what, { expected: "base64url", found: typeof text });
  if (!/^[A-Za-z0-9_-]*$/.test(text)) {
    throw new Malformed(what, { expected: "base64url without padding", found: quoted(text) });
  }
  const padded = text.replaceAll("-", "+").replaceAll("_", "/") + "=".repeat((4 - (text.length % 4)) % 4);
  return unbase64(padded, what);
}

export const base64url = (bytes) => base64(bytes).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

/** The key of a Multikey. */
export async function parseMultikey(text, what = "public key") {
  const data = parseBase58(text, what);
  for (const [algorithm, prefix] of Object.entries(MULTICODEC)) {
    if (equal(data.subarray(0, 2), Uint8Array.from(prefix))) return PublicKey.of(algorithm, data.subarray(2));
  }
  throw new Unknown(what, { expected: `a Multikey of ${Object.keys(MULTICODEC).join(", ")}`, found: hex(data.subarray(0, 2)) });
}
