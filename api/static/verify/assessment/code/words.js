// Words of the assessment document that several sections share: names, digests, days, months, quarters, times.
import { PRINTABLE } from "../grade/document.js";
import { day, dayNumber, dayOf } from "../parameters.js";

/** Printable text. */
export function name(node, most = 128) {
  const value = node.text({ least: 1, most });
  if (!PRINTABLE.test(value)) throw node.malformed("control characters", "printable text");
  return value;
}

export function digest(node) {
  const value = node.text({ most: 64 });
  if (!/^[0-9a-f]{64}$/.test(value)) throw node.malformed("not a digest", "64 lower-case hex digits");
  return value;
}

/** YYYY-MM as months from year 0. */
export function month(node) {
  const match = /^([0-9]{4})-([0-9]{2})$/.exec(node.text({ most: 7 }));
  const [year, number] = match ? [Number(match[1]), Number(match[2])] : [0, 0];
  if (number < 1 || number > 12 || year < 1990 || year >= 9000) throw node.malformed("not a month", "YYYY-MM from 1990");
  return 12 * year + number - 1;
}

export const monthText = (at) => `${Math.floor(at / 12)}-${String((at % 12) + 1).padStart(2, "0")}`;

/** YYYYQn as quarters from year 0. */
export function quarter(node) {
  const match = /^([0-9]{4})Q([1-4])$/.exec(node.text({ most: 6 }));
  const year = match ? Number(match[1]) : 0;
  if (year < 1990 || year >= 9000) throw node.malformed("not a quarter", "YYYYQ1 to YYYYQ4 from 1990");
  return 4 * year + Number(match[2]) - 1;
}

/** YYYY-MM-DDThh:mm:ssZ as seconds. */
export function second(node) {
  const written = node.text({ most: 20 });
  const match = /^([0-9]{4}-[0-9]{2}-[0-9]{2})T([01][0-9]|2[0-3]):([0-5][0-9]):([0-5][0-9])Z$/.exec(written);
  if (!match || match[1] < "0001" || dayOf(dayNumber(match[1])) !== match[1]) {
    throw node.malformed("not a time", "YYYY-MM-DDThh:mm:ssZ");
  }
  const [hours, minutes, seconds] = match.slice(2).map(Number);
  return ((dayNumber(match[1]) * 24 + hours) * 60 + minutes) * 60 + seconds;
}

/** A day, null where it is not given. */
export const dayOrNull = (fields, field) => (field in fields ? day(fields[field]) : null);
