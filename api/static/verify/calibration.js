// The conservative correction for a meter's calibration (verification guide CETS-VG-01.01-V02-2026, 3.4.1).
import { Invalid } from "./errors.js";

export const CASES = ["on-time", "not-calibrated", "late"];
export const DATA = ["activity", "production"];
const ONE = 10n ** 18n;

/** The quantity that counts, whole base units; accuracies are shares in 1e-18, `covered` base units. */
export function countedBy({ kind, data, required, calibrated, covered }, measured) {
  const side = data === "activity" ? 1n : -1n;
  const worse = calibrated !== null && calibrated > required ? calibrated - required : 0n;
  const onTime = ONE + side * worse;
  const notCalibrated = ONE + side * required;
  if (kind === "late" && covered > measured) {
    throw new Invalid("more is covered by a calibration than was measured", { expected: measured, found: covered });
  }
  const inTime = { "on-time": measured, "not-calibrated": 0n, late: covered }[kind];
  const amount = inTime * onTime + (measured - inTime) * notCalibrated;
  // what is finer than the base unit goes to the side that the correction goes to
  return data === "activity" ? (amount + ONE - 1n) / ONE : amount / ONE;
}
