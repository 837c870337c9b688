// Errors, as the command's: what was expected, what was found, what to do.
//   Malformed  not of the form      Invalid  a check failed
//   Unknown    not known here (leads to INDETERMINATE)      Refused  a rule forbids it
import { Said } from "./say.js";

export class LedgerError extends Error {
  constructor(message, { expected, found, remedy } = {}) {
    const parts = [String(message)];
    if (expected !== undefined) parts.push(`expected ${shown(expected)}`);
    if (found !== undefined) parts.push(`found ${shown(found)}`);
    super(parts.join("; ") + (remedy ? `. ${remedy}` : ""));
    this.said = { message, expected, found, remedy };
  }
  toString() {
    return this.message;
  }
}
export class Malformed extends LedgerError {}
export class Invalid extends LedgerError {}
export class Unknown extends LedgerError {}
export class Refused extends LedgerError {}

/** One sentence for people, of bounded length, on one line. */
export function sentence(error) {
  let text = String(error.message ?? error).split(/\s+/).filter(Boolean).join(" ");
  if (text.length > 600) text = text.slice(0, 597) + "...";
  return text.slice(0, 1).toUpperCase() + text.slice(1) + (/(\.|\.\.\.)$/.test(text) ? "" : ".");
}

/** A value in quotes or words, cut: for `found`. */
export function quoted(value, most = 80) {
  if (typeof value === "string") return `'${value}'`.slice(0, most);
  if (value === null || value === undefined) return "None";
  if (value === true || value === false) return value ? "True" : "False";
  if (Array.isArray(value)) return `[${value.map((item) => quoted(item)).join(", ")}]`.slice(0, most);
  if (typeof value === "object") return JSON.stringify(value).slice(0, most);
  return String(value).slice(0, most);
}

function shown(value) {
  return typeof value === "string" || value instanceof Said ? String(value) : quoted(value, 400);
}
