// Bytes: hex, base64 in its one spelling, UTF-8, big-endian numbers as BigInt.
import { Malformed, quoted } from "./errors.js";
import { say } from "./say.js";

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();
const HEX = Array.from({ length: 256 }, (_, value) => value.toString(16).padStart(2, "0"));

export const utf8 = (text) => encoder.encode(text);
export const hex = (bytes) => Array.from(bytes, (byte) => HEX[byte]).join("");

/** Text of UTF-8 bytes. */
export function textOf(bytes, what = "the bytes") {
  try {
    return decoder.decode(bytes);
  } catch {
    throw new Malformed(say`${what} are not UTF-8`, { expected: "UTF-8" });
  }
}

/** Bytes of lower-case hex that is known to be well formed. */
export function unhex(text) {
  const bytes = new Uint8Array(text.length / 2);
  for (let at = 0; at < bytes.length; at++) bytes[at] = parseInt(text.slice(2 * at, 2 * at + 2), 16);
  return bytes;
}

export const isHex = (value, size) =>
  typeof value === "string" && value.length === 2 * size && /^[0-9a-f]*$/.test(value);

export function concat(...parts) {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

export function compare(a, b) {
  const least = Math.min(a.length, b.length);
  for (let at = 0; at < least; at++) if (a[at] !== b[at]) return a[at] - b[at];
  return a.length - b.length;
}
export const equal = (a, b) => compare(a, b) === 0;

/** `size` bytes of a number, big-endian. */
export function be(number, size) {
  return unhex(BigInt(number).toString(16).padStart(2 * size, "0"));
}
export const numberOf = (bytes) => (bytes.length ? BigInt("0x" + hex(bytes)) : 0n);
export const word = (number) => be(number, 32);

export function base64(bytes) {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}

/** Standard base64 with padding and zero pad bits, `size` bytes if given. */
export function unbase64(text, what, size) {
  if (typeof text !== "string") throw new Malformed(what, { expected: "base64", found: quoted(text) });
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text) || text.length % 4) {
    throw new Malformed(say`${what} is not base64`, { expected: "RFC 4648 section 4", found: quoted(text) });
  }
  const raw = atob(text);
  const bytes = Uint8Array.from(raw, (character) => character.charCodeAt(0));
  if (btoa(raw) !== text) throw new Malformed(say`${what} is not canonical base64`, { found: text.slice(0, 80) });
  if (size !== undefined && bytes.length !== size) {
    throw new Malformed(what, { expected: say`${size} bytes`, found: say`${bytes.length} bytes` });
  }
  return bytes;
}

/** Reads framed bytes from the start; every read is bounded. */
export class Reader {
  constructor(bytes, what) {
    this.bytes = bytes;
    this.what = what;
    this.at = 0;
  }
  take(size) {
    if (this.at + size > this.bytes.length) {
      throw new Malformed(say`the ${this.what} ends too early`, {
        expected: say`${size} bytes at offset ${this.at}`,
        found: say`${this.bytes.length - this.at} bytes`,
      });
    }
    this.at += size;
    return this.bytes.subarray(this.at - size, this.at);
  }
  u8() {
    return this.take(1)[0];
  }
  u32() {
    return Number(numberOf(this.take(4)));
  }
  u64() {
    return numberOf(this.take(8));
  }
  end() {
    if (this.at !== this.bytes.length) {
      throw new Malformed(say`bytes follow the ${this.what}`, {
        expected: "the end",
        found: say`${this.bytes.length - this.at} bytes`,
      });
    }
  }
}
