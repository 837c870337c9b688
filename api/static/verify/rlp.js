// RLP, strict: one encoding per value, nothing after it. An item is a Uint8Array or an array of items.
import { Malformed } from "./errors.js";
import { concat, hex, numberOf, unhex } from "./bytes.js";
import { say } from "./say.js";

const MAX_DEPTH = 8;

export function decode(data, what, most = 1 << 20) {
  if (data.length > most) throw new Malformed(what, { expected: say`at most ${most} bytes`, found: say`${data.length} bytes` });
  const [item, end] = itemAt(data, 0, data.length, MAX_DEPTH, what);
  if (end !== data.length) {
    throw new Malformed(what, { expected: say`one item of ${end} bytes`, found: say`${data.length - end} bytes after it` });
  }
  return item;
}

/** The lists that stand one after another in `data`, each as its own bytes; what they hold is not read. */
export function splitLists(data, what) {
  const lists = [];
  for (let at = 0; at < data.length; ) {
    if (data[at] < 0xc0) throw new Malformed(what, { expected: say`a list at byte ${at}` });
    const stop = span(data, at, data.length, data[at] - 0xc0, what)[1];
    lists.push(data.subarray(at, stop));
    at = stop;
  }
  return lists;
}

export function encode(item) {
  if (item instanceof Uint8Array) {
    return item.length === 1 && item[0] < 0x80 ? item : concat(head(0x80, item.length), item);
  }
  const payload = concat(...item.map(encode));
  return concat(head(0xc0, payload.length), payload);
}

export function asBytes(item, what, size) {
  if (!(item instanceof Uint8Array)) {
    throw new Malformed(what, { expected: size === undefined ? "a string" : `${size} bytes`, found: "a list" });
  }
  if (size !== undefined && item.length !== size) {
    throw new Malformed(what, { expected: say`${size} bytes`, found: say`${item.length} bytes` });
  }
  return item;
}

export function asList(item, what) {
  if (item instanceof Uint8Array) throw new Malformed(what, { expected: "a list", found: say`a string of ${item.length} bytes` });
  return item;
}

/** A number (BigInt) of at most `bits` bits without leading zero bytes. */
export function asInt(item, what, bits = 256) {
  const raw = asBytes(item, what);
  if (raw[0] === 0) throw new Malformed(what, { expected: "a number without leading zeros", found: hex(raw).slice(0, 80) });
  const number = numberOf(raw);
  if (number >> BigInt(bits)) throw new Malformed(what, { expected: say`a number of at most ${bits} bits` });
  return number;
}

export function ofInt(number) {
  if (!number) return new Uint8Array();
  const digits = BigInt(number).toString(16);
  return unhex(digits.length % 2 ? "0" + digits : digits);
}

function head(base, size) {
  if (size < 56) return Uint8Array.of(base + size);
  const digits = ofInt(size);
  return concat(Uint8Array.of(base + 55 + digits.length), digits);
}

function itemAt(data, at, end, depth, what) {
  if (at >= end) throw new Malformed(what, { expected: say`an item at byte ${at}`, found: "the end" });
  const first = data[at];
  if (first < 0x80) return [data.subarray(at, at + 1), at + 1];
  if (first < 0xc0) {
    const [start, stop] = span(data, at, end, first - 0x80, what);
    if (stop - start === 1 && data[start] < 0x80) {
      throw new Malformed(what, { expected: say`the shortest form at byte ${at}`, found: "a small byte with a length" });
    }
    return [data.subarray(start, stop), stop];
  }
  if (depth === 0) throw new Malformed(what, { expected: "no deeper nesting", found: say`one more list at byte ${at}` });
  const [start, stop] = span(data, at, end, first - 0xc0, what);
  const children = [];
  for (let from = start; from < stop; ) {
    const [child, next] = itemAt(data, from, stop, depth - 1, what);
    children.push(child);
    from = next;
  }
  return [children, stop];
}

function span(data, at, end, size, what) {
  let start = at + 1;
  let length = size;
  if (size > 55) {
    start += size - 55;
    if (start > end) throw new Malformed(what, { expected: say`${size - 55} bytes of length at byte ${at}`, found: "the end" });
    const read = numberOf(data.subarray(at + 1, start));
    if (read < 56n || data[at + 1] === 0) throw new Malformed(what, { expected: say`the shortest length at byte ${at}` });
    length = read > BigInt(end) ? end + 1 : Number(read);
  }
  if (length > end - start) {
    throw new Malformed(what, { expected: say`${length} bytes at byte ${start}`, found: say`${end - start} bytes` });
  }
  return [start, start + length];
}
