// As much of TOML 1.0 as a policy needs: tables, arrays of tables, strings, whole numbers, arrays, comments.
import { Malformed } from "./errors.js";
import { say } from "./say.js";

const ESCAPES = { b: "\b", t: "\t", n: "\n", f: "\f", r: "\r", '"': '"', "\\": "\\" };

export function parseToml(text) {
  const root = {};
  let table = root;
  const scan = new Scanner(text.replace(/^\ufeff/, ""));
  for (;;) {
    scan.blank();
    if (scan.done()) return root;
    if (scan.takes("[[")) {
      const name = scan.key();
      scan.must("]]");
      if (Object.hasOwn(root, name) && !Array.isArray(root[name])) throw scan.error("a table of this name");
      table = {};
      (root[name] ??= []).push(table);
    } else if (scan.takes("[")) {
      const name = scan.key();
      scan.must("]");
      if (Object.hasOwn(root, name)) throw scan.error("each table once");
      table = root[name] = {};
    } else {
      const name = scan.key();
      scan.must("=");
      if (Object.hasOwn(table, name)) throw scan.error("each key once");
      table[name] = scan.value();
    }
    scan.endOfLine();
  }
}

class Scanner {
  constructor(text) {
    this.text = text;
    this.at = 0;
  }
  done() {
    return this.at >= this.text.length;
  }
  match(pattern) {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text);
    if (found) this.at = pattern.lastIndex;
    return found;
  }
  blank() {
    this.match(/(?:[ \t\r\n]|#[^\n]*)*/y);
  }
  space() {
    this.match(/[ \t]*/y);
  }
  takes(word) {
    if (!this.text.startsWith(word, this.at)) return false;
    this.at += word.length;
    return true;
  }
  must(word) {
    this.space();
    if (!this.takes(word)) throw this.error(`'${word}'`);
  }
  key() {
    this.space();
    const found = this.match(/[A-Za-z0-9_-]+/y);
    if (!found || found[0] === "__proto__") throw this.error("a plain key");
    return found[0];
  }
  endOfLine() {
    this.space();
    this.match(/#[^\n]*/y);
    if (!this.done() && !this.match(/\r?\n/y)) throw this.error("the end of the line");
  }
  value() {
    this.space();
    if (this.takes("[")) {
      const items = [];
      for (;;) {
        this.blank();
        if (this.takes("]")) return items;
        items.push(this.value());
        this.blank();
        if (this.takes("]")) return items;
        if (!this.takes(",")) throw this.error("',' or ']'");
      }
    }
    const number = this.match(/(?:0|[1-9][0-9]{0,15})(?![0-9_.eEx:-])/y);
    if (number) return Number(number[0]);
    const literal = this.match(/'([^'\n]*)'/y);
    if (literal) return literal[1];
    const string = this.match(/"((?:[^"\\\n]|\\.)*)"/y);
    if (!string) throw this.error("a string, a whole number or an array");
    return string[1].replace(/\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))/g, (_, four, eight, one) => {
      if (four ?? eight) return String.fromCodePoint(parseInt(four ?? eight, 16));
      if (!Object.hasOwn(ESCAPES, one)) throw this.error("an escape of TOML");
      return ESCAPES[one];
    });
  }
  error(expected) {
    const line = this.text.slice(0, this.at).split("\n").length;
    const found = JSON.stringify(this.text.slice(this.at, this.at + 20));
    return new Malformed("the policy is not TOML", { expected, found: say`${found} in line ${line}` });
  }
}
