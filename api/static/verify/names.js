// Names on the chain: at most 31 printable ASCII characters, right-padded with zeros to 32 bytes.
import { Malformed, quoted } from "./errors.js";
import { concat, hex, unhex, utf8 } from "./bytes.js";

export function requireName32(name) {
  if (!/^[\x20-\x7e]{0,31}$/.test(name)) {
    throw new Malformed("a name on the chain", {
      expected: "at most 31 printable ASCII characters",
      found: quoted(name),
    });
  }
  return name;
}

/** The word of a name, bytes. */
export function name32(name) {
  const raw = utf8(requireName32(name));
  return concat(raw, new Uint8Array(32 - raw.length));
}

/** Strict inverse of `name32`, from hex. */
export function nameOf(text) {
  const stripped = text.replace(/(?:00)+$/, "");
  const raw = unhex(stripped);
  if (raw.length > 31 || raw.some((byte) => byte < 0x20 || byte > 0x7e)) {
    throw new Malformed("the word of a name on the chain", {
      expected: "ASCII, right-padded with zeros",
      found: text,
    });
  }
  return String.fromCharCode(...raw);
}

export const nameId = (name) => hex(name32(name));
