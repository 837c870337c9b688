// A sentence that keeps its template beside its values, so that it can be said in another language too.

export class Said {
  constructor(template, values) {
    Object.assign(this, { template, values });
  }
  /** Tag: this, and what follows it. */
  and(strings, ...values) {
    return new Said(this.template + strings.join("{}"), [...this.values, ...values]);
  }
  /** In English, as the template is written. */
  toString() {
    return fill(this.template, this.values.map(String));
  }
}

/** Tag of a template literal: its text with {} for each value is the key of a translation (chinese.js). */
export function say(strings, ...values) {
  return new Said(strings.join("{}"), values);
}

/** Several, with what stands between them. */
export class Joined {
  constructor(parts, separator) {
    Object.assign(this, { parts, separator });
  }
  toString() {
    return this.parts.map(String).join(this.separator);
  }
}
export const joined = (parts, separator = ", ") => new Joined(parts, separator);

/** The values put in the order of the holes. */
export function fill(template, values) {
  const pieces = template.split("{}");
  return pieces.reduce((text, piece, at) => text + values[at - 1] + piece);
}
