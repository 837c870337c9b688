// Strict reading of the JSON values in a bundle: exact fields, hex, lists within bounds.
import { Malformed, quoted } from "./errors.js";
import { isHex, unhex } from "./bytes.js";
import { say } from "./say.js";

export const MAX_LIST = 1 << 16;

export function object(value, what, names) {
  const keys = value !== null && typeof value === "object" && !Array.isArray(value) ? Object.keys(value).sort() : null;
  if (keys === null || keys.join() !== names.join()) {
    throw new Malformed(say`fields of ${what}`, { expected: names.join(" "), found: keys?.join(" ") ?? typeof value });
  }
  return value;
}

export function text(value, what, most) {
  if (typeof value !== "string" || !value || (value.length > most && Array.from(value).length > most)) {
    throw new Malformed(what, { expected: say`a string of 1 to ${most} characters`, found: quoted(value) });
  }
  return value;
}

export function list(value, what, most = MAX_LIST) {
  if (!Array.isArray(value) || value.length > most) {
    throw new Malformed(what, { expected: say`a list of at most ${most}`, found: value?.length ?? typeof value });
  }
  return value;
}

export function hexBytes(value, what, size) {
  if (!isHex(value, size)) {
    throw new Malformed(what, { expected: say`${2 * size} lower-case hex digits`, found: quoted(value) });
  }
  return unhex(value);
}

export function ascending(items, order, what, expected) {
  if (items.some((item, at) => at && order(items[at - 1], item) >= 0)) {
    throw new Malformed(what, { expected, found: "another order" });
  }
}
