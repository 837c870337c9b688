// Digests and signatures: WebCrypto for SHA-256, Ed25519 and P-256, noble for keccak-256 and secp256k1.
import { keccak_256 } from "../vendor/noble/hashes/sha3.js";
import { secp256k1 } from "../vendor/noble/curves/secp256k1.js";
import { Invalid, Malformed, Refused, Unknown, quoted } from "./errors.js";
import { be, concat, hex, numberOf, utf8 } from "./bytes.js";
import { hasSmallOrder, isPrimeOrderKey } from "./ed25519.js";
import { say } from "./say.js";

export const keccak = (...parts) => keccak_256(parts.length === 1 ? parts[0] : concat(...parts));

export async function sha256(...parts) {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", parts.length === 1 ? parts[0] : concat(...parts)));
}

export const ALGORITHMS = { ed25519: 1, es256: 2, es256k: 3, "sm2-sm3": 4 };
const P256 = {
  p: 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffffn,
  b: 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn,
  n: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
};
const K1_N = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

/** A public key that was checked when it was made. */
export class PublicKey {
  static async of(algorithm, data) {
    if (algorithm === "sm2-sm3") throw new Refused("this build has no sm2-sm3", { expected: "ed25519, es256 or es256k" });
    if (!Object.hasOwn(ALGORITHMS, algorithm)) {
      throw new Unknown("not a signature algorithm", {
        expected: Object.keys(ALGORITHMS).join(", "),
        found: quoted(algorithm),
      });
    }
    const size = algorithm === "ed25519" ? 32 : 33;
    if (data.length !== size) {
      throw new Malformed(say`not an ${algorithm} public key`, { expected: say`${size} bytes`, found: say`${data.length} bytes` });
    }
    const key = new PublicKey();
    key.algorithm = algorithm;
    key.number = ALGORITHMS[algorithm];
    key.data = data;
    key.crypto = await load(algorithm, data);
    key.id = hex(await sha256(utf8("carbonledger/key/v1\0"), Uint8Array.of(key.number), data));
    key.shortId = key.id.slice(0, 16);
    return key;
  }

  /** Throws unless `signature`, 64 bytes, is this key's over `message`. */
  async verify(message, signature) {
    if (signature.length !== 64) {
      throw new Invalid("the signature has the wrong length", {
        expected: "64 bytes",
        found: say`${signature.length} bytes`,
      });
    }
    if (!(await this.holds(message, signature))) {
      throw new Invalid(say`the ${this.algorithm} signature does not verify`, {
        expected: say`one by key ${this.shortId}`,
      });
    }
  }

  async holds(message, signature) {
    if (this.algorithm === "ed25519") {
      if (hasSmallOrder(signature.subarray(0, 32))) return false; // libsodium refuses them, BoringSSL does not
      return crypto.subtle.verify("Ed25519", this.crypto, signature, message);
    }
    requireLowS(signature, this.algorithm === "es256" ? P256.n : K1_N);
    if (this.algorithm === "es256") {
      return crypto.subtle.verify({ name: "ECDSA", hash: "SHA-256" }, this.crypto, signature, message);
    }
    return secp256k1.verify(signature, await sha256(message), this.data, { prehash: false, lowS: true });
  }
}

async function load(algorithm, data) {
  const refuse = (expected) => new Malformed(say`not an ${algorithm} public key`, { expected, found: hex(data) });
  if (algorithm === "ed25519") {
    if (!isPrimeOrderKey(data)) throw refuse("a canonical point of prime order");
    return crypto.subtle.importKey("raw", data, "Ed25519", false, ["verify"]);
  }
  try {
    if (algorithm === "es256k") {
      secp256k1.Point.fromBytes(data).assertValidity();
      return null;
    }
    const named = { name: "ECDSA", namedCurve: "P-256" };
    return await crypto.subtle.importKey("raw", uncompressedP256(data), named, false, ["verify"]);
  } catch {
    throw refuse("a point of the curve");
  }
}

function requireLowS(signature, order) {
  const r = numberOf(signature.subarray(0, 32));
  const s = numberOf(signature.subarray(32, 64));
  if (!(0n < r && r < order && 0n < s && s < order)) {
    throw new Invalid("r or s of the signature is out of range", {
      expected: "1 to the group order - 1",
      found: hex(signature),
    });
  }
  if (s > order / 2n) {
    throw new Invalid("s of the signature is high", { expected: "at most half the group order", found: hex(be(s, 32)) });
  }
}

/** The compressed public key (33 bytes) that made r, s, v (65 bytes, v 27 or 28, low s) over a digest. */
export function recoverPublicKey(digest, signature) {
  if (signature.length !== 65) {
    throw new Malformed("the signature has the wrong length", {
      expected: "65 bytes r, s, v",
      found: say`${signature.length} bytes`,
    });
  }
  const v = signature[64];
  if (v !== 27 && v !== 28) throw new Malformed("the signature's v is out of range", { expected: "27 or 28", found: v });
  requireLowS(signature.subarray(0, 64), K1_N);
  try {
    const recovered = concat(Uint8Array.of(v - 27), signature.subarray(0, 64));
    return secp256k1.recoverPublicKey(recovered, digest, { prehash: false });
  } catch {
    throw new Invalid("no key can have made the signature", { found: hex(signature) });
  }
}

/** The 20-byte address of a compressed secp256k1 key, in hex. */
export function addressOf(data) {
  return hex(keccak(secp256k1.Point.fromBytes(data).toBytes(false).subarray(1)).subarray(12));
}

/** Who made a seal of 65 bytes: an address in hex; v is `base` or one more (0 in headers, 27 elsewhere). */
export function sealSigner(digest, seal, base, what) {
  if (seal.length !== 65) {
    throw new Malformed(say`${what} is malformed`, { expected: "65 bytes", found: say`${seal.length} bytes` });
  }
  if (seal[64] !== base && seal[64] !== base + 1) {
    throw new Malformed(say`${what} is malformed`, { expected: say`v ${base} or ${base + 1}`, found: say`v ${seal[64]}` });
  }
  if (numberOf(seal.subarray(32, 64)) > K1_N / 2n) {
    throw new Malformed(say`${what} is malformed`, {
      expected: "s in the lower half of the order",
      found: "its high twin",
    });
  }
  const signature = concat(seal.subarray(0, 64), Uint8Array.of(seal[64] - base + 27));
  return addressOf(recoverPublicKey(digest, signature));
}

function uncompressedP256(data) {
  // y^2 = x^3 - 3x + b; p = 3 (mod 4), so the root is a power
  const x = numberOf(data.subarray(1));
  if ((data[0] !== 2 && data[0] !== 3) || x >= P256.p) throw new Error("not a point");
  const square = (((x * x - 3n) * x + P256.b) % P256.p + P256.p) % P256.p;
  let y = power(square, (P256.p + 1n) / 4n, P256.p);
  if ((y * y) % P256.p !== square) throw new Error("not a point");
  if (Number(y & 1n) !== (data[0] & 1)) y = P256.p - y;
  return concat(Uint8Array.of(4), be(x, 32), be(y, 32));
}

function power(base, exponent, modulus) {
  let result = 1n;
  for (let b = base % modulus, e = exponent; e > 0n; e >>= 1n, b = (b * b) % modulus) {
    if (e & 1n) result = (result * b) % modulus;
  }
  return result;
}
