// Canonical JSON: RFC 8785 in a restricted domain (docs/formats/encodings.md).
import { Malformed, quoted } from "./errors.js";
import { equal, textOf, utf8 } from "./bytes.js";
import { say } from "./say.js";

const MAX_DEPTH = 64;

/** The value whose canonical form is exactly these bytes. */
export function decode(bytes) {
  const text = textOf(bytes, "the bytes of JSON");
  refuseDepth(text);
  let value;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new Malformed("the bytes are not one JSON value", { expected: "canonical JSON", found: faultOf(error) });
  }
  const canonical = encode(value);
  if (!equal(utf8(canonical), bytes)) {
    let at = 0;
    while (at < text.length && text[at] === canonical[at]) at++;
    throw new Malformed(say`JSON is not in canonical form from character ${at}`, {
      expected: quoted(canonical.slice(at, at + 24)),
      found: quoted(text.slice(at, at + 24)),
    });
  }
  return value;
}

export function decodeObject(bytes) {
  const value = decode(bytes);
  if (value === null || typeof value !== "object" || Array.isArray(value)) {
    throw new Malformed("canonical JSON is of another shape", { expected: "an object" });
  }
  return value;
}

/** Canonical text of a value; Malformed for anything outside the domain. */
export function encode(value, depth = MAX_DEPTH) {
  if (value === null || value === true || value === false) return String(value);
  if (typeof value === "number") {
    if (!Number.isSafeInteger(value) || Object.is(value, -0)) {
      throw new Malformed("a number outside canonical JSON", { expected: "a whole number below 2^53", found: value });
    }
    return String(value);
  }
  if (typeof value === "string") {
    if (!value.isWellFormed()) {
      throw new Malformed("a string of canonical JSON holds a lone surrogate", { expected: "Unicode scalar values" });
    }
    return JSON.stringify(value);
  }
  if (depth === 0) throw new Malformed("canonical JSON is nested too deeply", { expected: say`at most ${MAX_DEPTH} levels` });
  if (Array.isArray(value)) return `[${value.map((item) => encode(item, depth - 1)).join(",")}]`;
  const keys = Object.keys(value).sort();
  const odd = keys.find((key) => !/^[\x00-\x7f]*$/.test(key));
  if (odd !== undefined) throw new Malformed("a key of canonical JSON is not ASCII", { found: quoted(odd) });
  return `{${keys.map((key) => `${JSON.stringify(key)}:${encode(value[key], depth - 1)}`).join(",")}}`;
}

/** Where the parser stopped, as far as this browser tells. */
export function faultOf(error) {
  const at = /position (\d+)/.exec(error.message)?.[1];
  return at === undefined ? "another text" : say`a fault at character ${at}`;
}

function refuseDepth(text) {
  let depth = 0;
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"?|[[\]{}]/gs)) {
    if (token === "[" || token === "{") {
      if (++depth > MAX_DEPTH) {
        throw new Malformed("canonical JSON is nested too deeply", { expected: say`at most ${MAX_DEPTH} levels` });
      }
    } else if (token === "]" || token === "}") depth--;
  }
}
