// A JSON value and its path; each accessor checks the shape and names the path where it differs.
import { Malformed, Refused } from "../errors.js";
import * as jcs from "../jcs.js";
import { utf8 } from "../bytes.js";
import { say } from "../say.js";

const MAX_BYTES = 2 << 20;
const MAX_DEPTH = 32;

export class Node {
  constructor(value, parent = null, name = null) {
    Object.assign(this, { value, parent, name });
  }

  /** A document that is judged: of canonical JSON in a bundle, within the bounds of the command's input. */
  static document(value) {
    const size = utf8(jcs.encode(value)).length;
    if (size > MAX_BYTES) {
      throw new Malformed("$: the input is too large", { expected: say`at most ${MAX_BYTES} bytes`, found: size });
    }
    if (depthOf(value) > MAX_DEPTH) {
      throw new Malformed("$: the input is nested too deeply", { expected: say`at most ${MAX_DEPTH} levels`, found: "more" });
    }
    return new Node(value);
  }

  get path() {
    if (this.parent === null) return "$";
    return typeof this.name === "number" ? `${this.parent.path}[${this.name}]` : member(this.parent.path, this.name);
  }
  malformed(what, expected, remedy) {
    return new Malformed(say`${this.path}: ${what}`, { expected, found: shown(this.value), remedy });
  }
  refused(what, expected, remedy) {
    return new Refused(say`${this.path}: ${what}`, { expected, found: shown(this.value), remedy });
  }

  /** The members of an object that has all the required fields and no unknown one. */
  fields(required, optional = []) {
    const { value } = this;
    if (!isObject(value)) throw this.malformed("a value of another type", "an object");
    for (const name of Object.keys(value)) {
      if (!required.includes(name) && !optional.includes(name)) {
        const expected = say`only ${[...required, ...optional].join(", ")}`;
        throw new Malformed(say`${member(this.path, name)}: unknown field`, { expected, found: shown(name) });
      }
    }
    for (const name of required) {
      if (!Object.hasOwn(value, name)) {
        const found = Object.keys(value).join(", ") || "{}";
        throw new Malformed(say`${member(this.path, name)}: a field is missing`, { expected: name, found });
      }
    }
    return Object.fromEntries(Object.keys(value).map((name) => [name, new Node(value[name], this, name)]));
  }

  /** The elements of an array of `least` to `most` elements. */
  items({ least = 0, most = 10_000 } = {}) {
    const { value } = this;
    if (!Array.isArray(value)) throw this.malformed("a value of another type", "an array");
    if (value.length < least || value.length > most) {
      const expected = `${least} to ${most} elements`;
      throw new Malformed(say`${this.path}: an array of another length`, { expected, found: value.length });
    }
    return value.map((item, at) => new Node(item, this, at));
  }

  /** A string of `least` to `most` characters. */
  text({ least = 0, most = 4096 } = {}) {
    this.requireText("a string");
    const { value } = this;
    const length = value.length <= least || value.length > most ? Array.from(value).length : value.length;
    if (length < least || length > most) {
      throw this.malformed("a string of another length", say`${least} to ${most} characters`);
    }
    return value;
  }

  /** A whole number in a closed range. */
  integer(least, most) {
    const { value } = this;
    if (typeof value !== "number" || value < least || value > most) {
      throw this.malformed("not a whole number in range", say`a whole number from ${least} to ${most}`);
    }
    return value;
  }

  /** One of the words of a closed list. */
  oneOf(allowed, what = "not a known word") {
    const expected = say`one of ${allowed.join(", ")}`;
    this.requireText(expected);
    if (!allowed.includes(this.value)) throw this.malformed(what, expected);
    return this.value;
  }

  requireText(expected) {
    if (typeof this.value === "string") return;
    const remedy = typeof this.value === "number" ? "Write the number as a decimal string" : undefined;
    throw this.malformed("a value of another type", expected, remedy);
  }
}

const isObject = (value) => value !== null && typeof value === "object" && !Array.isArray(value);

function depthOf(value) {
  if (value === null || typeof value !== "object") return 0;
  return 1 + Object.values(value).reduce((most, item) => Math.max(most, depthOf(item)), 0);
}

function member(path, name) {
  if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) return `${path}.${name}`;
  return `${path}['${shown(name).slice(1, -1).replaceAll("'", "\\'")}']`;
}

function shown(value) {
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (isObject(value)) return "an object";
  const text = JSON.stringify(value);
  return text.length <= 80 ? text : text.slice(0, 77) + "...";
}
