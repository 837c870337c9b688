// Methods by bands: the carbon-efficiency code (碳效码), the four colours, the three-colour board.
import { fixed, of, text } from "../rational.js";
import { NOT_RATED } from "./document.js";
import { meanOf } from "./peers.js";
import { bandOf } from "./scheme.js";
import { NOT_RATED_TITLE, notRated, rated, step } from "./step.js";

const TITLES = {
  product: ["Per unit of product", "单位产品"],
  "value-added": ["Per value added", "单位增加值"],
  tax: ["Per tax paid", "单位税收"],
  total: ["Total emission", "排放总量"],
  "per-mu": ["Per mu of land", "亩均排放"],
  "per-value-added": ["Per value added", "单位增加值"],
};
const DEDUCTED = ["emission", "own_renewable", "sinks"];

/** Carbon level by L, efficiency level by K = L / mean of the industry, carbon-neutral rate without bands. */
export function efficiency(scheme, given) {
  const net = given.emission.minus(given.own_renewable).minus(given.sinks);
  const amounts = DEDUCTED.map((name) => [name, text(given[name])]);
  const formula = "energy emission − own renewable − sinks, t";
  const steps = [step("net", ["Net emission", "净排放量"], formula, amounts, { value: net })];
  const level = net.over(given.valueAdded);
  const band = bandOf(scheme.bands.level, level);
  const read = [["net", text(net)], ["value_added", text(given.valueAdded)]];
  steps.push(banded("level", ["Carbon level L", "碳水平 L"], "net / VA, t per 10^4 CNY", read, level, scheme, band));
  const marks = { level: band.key };
  if (given.emission.n > 0n) marks.neutral_rate = neutralRate(given, steps);
  const [mean, peers] = meanOf(given.peers, scheme.rules.get("peers"));
  steps.push(peers);
  if (mean === null) return notRated(steps, ["No level has enough peers", "同行数量不足"], marks);
  const k = level.over(mean);
  const found = bandOf(scheme.bands.efficiency, k);
  const compared = [["l", text(level)], ["mean", text(mean)]];
  const title = ["Carbon efficiency K", "碳效值 K"];
  steps.push(banded("efficiency", title, "L / mean of the peers", compared, k, scheme, found));
  return rated(found, found.key, steps, { ...marks, efficiency: found.key });
}

function neutralRate({ emission, own_renewable: own, sinks, offsets }, steps) {
  const neutral = own.plus(sinks).plus(offsets);
  const value = neutral.over(emission);
  const shown = fixed(of(100).times(value), 2);
  const read = [["deducted", text(neutral)], ["emission", text(emission)]];
  const formula = "(own renewable + sinks + offsets) / emission";
  const more = { value, rounded: `${shown} %` };
  steps.push(step("neutral", ["Carbon-neutral rate", "碳中和率"], formula, read, more));
  return shown;
}

/** A colour per dimension: ratio to the mean, or the place among the limits of a standard; overall the worst. */
export function colours(scheme, given) {
  const bands = scheme.bands.colours;
  const steps = [];
  const found = given.map((dimension) => {
    const { name, intensity, limits, mean } = dimension;
    if (limits !== null) {
      const band = bands[limits.filter((limit) => intensity.above(limit)).length];
      const named = ["advanced", "access", "limit"].map((what, at) => [what, text(limits[at])]);
      const formula = "≤ advanced, ≤ access, ≤ limit of the standard, above";
      const read = [["intensity", text(intensity)], ...named];
      steps.push(step(name, TITLES[name], formula, read, { value: intensity, outcome: band.key }));
      return band;
    }
    const ratio = intensity.over(mean);
    const band = bandOf(bands, ratio);
    const read = [["intensity", text(intensity)], ["mean", text(mean)]];
    steps.push(banded(name, TITLES[name], "intensity / mean", read, ratio, scheme, band, "colours"));
    return band;
  });
  const worst = worstOf(found, bands);
  steps.push(step("overall", ["Overall", "综合"], "the worst of the dimensions", [], { outcome: worst.key }));
  return rated(worst, worst.key, steps, Object.fromEntries(given.map(({ name }, at) => [name, found[at].key])));
}

/** A colour per board by the district's published percentiles; none with too few peers; overall the worst. */
export function board(scheme, given) {
  const bands = scheme.bands.colours;
  const [low, middle, high] = bands;
  const { rules } = scheme;
  const steps = [];
  const found = [];
  const marks = {};
  for (const place of given) {
    const enough = !of(place.n).below(rules.get("peers").value);
    const above = place.value.above(place.high) ? high : middle;
    const band = place.value.above(place.low) ? above : low;
    const ends = ["value", "low", "high"].map((name) => [name, text(place[name])]);
    const outcome = enough ? band.key : "too few peers";
    const thresholds = ["low", "high", "peers"].map((name) => rules.get(name));
    const formula = "low ≤ lower percentile < middle ≤ upper percentile < high";
    const read = [...ends, ["n", String(place.n)]];
    steps.push(step(place.name, TITLES[place.name], formula, read, { value: place.value, thresholds, outcome }));
    if (enough) found.push(band);
    marks[place.name] = enough ? band.key : NOT_RATED;
  }
  if (!found.length) return rated({ key: NOT_RATED, title: NOT_RATED_TITLE }, NOT_RATED, steps, marks);
  const worst = worstOf(found, bands);
  steps.push(step("overall", ["Overall", "综合"], "the worst of the boards", [], { outcome: worst.key }));
  return rated(worst, worst.key, steps, marks);
}

const worstOf = (found, bands) => found.reduce((a, b) => (bands.indexOf(b) > bands.indexOf(a) ? b : a));

function banded(key, title, formula, read, value, scheme, band, bands = key) {
  const thresholds = scheme.bands[bands].filter(({ most }) => most !== null).map(({ most }) => most);
  return step(key, title, formula, read, { value, thresholds, outcome: band.key });
}
