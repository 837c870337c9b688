// Bitstring Status List 1.0: one bit for each certificate.
import { Malformed, quoted } from "../verify/errors.js";
import { parseBase64url } from "./multibase.js";

const ENTRIES = 131072;
const MAX_BYTES = 1 << 20; // unpacked: a small file must not fill the reader's memory

/** The bits of an `encodedList`. */
export async function decode(text) {
  if (typeof text !== "string" || text[0] !== "u") {
    throw new Malformed("encodedList", { expected: "u and base64url", found: quoted(text) });
  }
  const packed = parseBase64url(text.slice(1), "encodedList");
  const bits = await unpack(packed);
  if (bits.length * 8 < ENTRIES) {
    throw new Malformed("encodedList", { expected: `at least ${ENTRIES} entries`, found: bits.length * 8 });
  }
  return bits;
}

export function isSet(bits, index) {
  if (index >= bits.length * 8) {
    throw new Malformed("statusListIndex", { expected: `0 to ${bits.length * 8 - 1}`, found: index });
  }
  return Boolean(bits[index >> 3] & (0x80 >> (index & 7)));
}

async function unpack(packed) {
  const bits = new Uint8Array(MAX_BYTES);
  let size = 0;
  try {
    const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
    for (const reader = stream.getReader(); ; ) {
      const { done, value } = await reader.read();
      if (done) break;
      if (size + value.length > MAX_BYTES) {
        await reader.cancel();
        throw new RangeError("too long");
      }
      bits.set(value, size);
      size += value.length;
    }
  } catch (error) {
    throw new Malformed("encodedList", { expected: `one gzip member of at most ${MAX_BYTES} bytes`, found: error.message });
  }
  return bits.subarray(0, size);
}
