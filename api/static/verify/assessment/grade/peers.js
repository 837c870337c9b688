// The peers' mean, with fallback: the finest industry level that has enough peers.
import { of, text } from "../rational.js";
import { step } from "./step.js";

/** [ΣE / ΣVA of the first group with enough peers (they come finest first) or null, its step]. */
export function meanOf(groups, least) {
  const chosen = groups.find((group) => !of(group.n).below(least.value));
  const given = groups.map((group) => [group.level, String(group.n)]);
  const title = ["Mean of the peers", "同行平均强度"];
  const formula = "ΣE / ΣVA at the finest industry level with enough peers";
  const thresholds = [least];
  if (!chosen) return [null, step("peers", title, formula, given, { thresholds, outcome: "no level has enough peers" })];
  const value = chosen.emission.over(chosen.valueAdded);
  const read = [["emission", text(chosen.emission)], ["value_added", text(chosen.valueAdded)]];
  const outcome = `${chosen.level} ${chosen.industry}`;
  return [value, step("peers", title, formula, [...given, ...read], { value, thresholds, outcome })];
}
