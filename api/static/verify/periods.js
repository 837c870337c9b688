// Periods of the accounts: (start, end] at UTC+08:00 (docs/formats/encodings.md).
import { Malformed } from "./errors.js";

/** The starts of the twelve months and the end of the year, ms UTC: thirteen. */
export function instants(year) {
  if (!(year > 1970 && year < 9999)) throw new Malformed("month", { expected: "a year 1971 to 9998", found: year });
  return Array.from({ length: 13 }, (_, month) => Date.UTC(year, month, 1) - 8 * 3_600_000);
}

/** For people: 2026-01-31T00:00:00Z; the number itself where it is out of range. */
export function rfc3339(ms) {
  const time = Number(ms);
  if (!(time >= 0 && time < 253_402_300_800_000)) return `${ms} ms`;
  return new Date(time).toISOString().replace(".000Z", "Z");
}
export const rfc3339s = (seconds) => rfc3339(BigInt(seconds) * 1000n);
