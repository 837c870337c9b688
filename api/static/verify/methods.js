// The closed list of methods: quantity and parameters (1e-18) to an exact amount, numerator / (divisor · 12·10^54) g.
// The same as carbonledger/accounting/methods.py; products are built from left to right, refused where one reaches 2^512.
import { Refused } from "./errors.js";

export const SCALE = 10n ** 18n;
const WORD = 1n << 256n;
const LIMIT = 1n << 512n;

export function checked(numerator) {
  if (numerator >= LIMIT) {
    throw new Refused("an amount is too large to compute exactly", { expected: "a numerator below 2^512" });
  }
  return numerator;
}
function product(...numbers) {
  return numbers.reduce((result, number) => checked(result * number), 1n);
}
function refused(what, expected, found) {
  return new Refused(what, { expected, found: String(found) });
}
function restOf(method, part) {
  if (part > SCALE) throw refused(`a fraction of method ${method}`, `at most ${SCALE} · 1e-18`, part);
  return SCALE - part;
}
function above(method, value, base) {
  if (value < base) throw refused(`a value of method ${method}`, `at least its base, ${base} · 1e-18`, value);
  return value - base;
}
const whole = (numerator) => ({ numerator, divisor: 1n });

const factor = (q, [ef]) => whole(product(q, ef, 12n * SCALE ** 2n));
const three = (q, [a, b, c]) => whole(product(q, a, b, c, 12n));

function airDried(q, [carbon, received, dried, oxidised]) {
  const wet = restOf("combustion-carbon-ad", received);
  const numerator = product(q, carbon, wet, oxidised, 44n * SCALE);
  if (dried >= SCALE) throw refused("a fraction of method combustion-carbon-ad", `below ${SCALE} · 1e-18`, dried);
  return { numerator, divisor: SCALE - dried };
}
function volatile(q, [carbon, part, k]) {
  const both = checked(product(carbon, SCALE, 44n) + product(k, part, 33n));
  return whole(product(both, SCALE, q));
}
function shielding(q, [dioxide, second, secondMass, third, thirdMass]) {
  const sum = dioxide + second + third;
  if (sum !== SCALE) throw refused("volume fractions of a shielding gas", "a sum of 1 (100 %)", `${sum} · 1e-18`);
  const divisor = dioxide * 44n * SCALE + second * secondMass + third * thirdMass;
  if (divisor <= 0n || divisor >= WORD) {
    throw refused("molar mass of a shielding gas", "above 0, below 2^256 · 1e-36", divisor);
  }
  return { numerator: product(q, dioxide, 44n * 12n, SCALE ** 4n), divisor };
}

const ENERGY = "EnergyCalculator";
const COMBUSTION = "CombustionCalculator";
const PROCESS = "ProcessCalculator";
const HEAT_G = [["ncv", "kJ/g"], ["cc", "gC/kJ"]];
const HEAT_L = [["ncv", "kJ/L"], ["cc", "gC/kJ"]];
const OF = ["of", "1"];
const GWP = ["gwp", "GWP100"];

function row(calculator, forms, amount) {
  return { calculator, forms, amount };
}

/** Method → calculator, base unit of the quantity → parameters [name, unit], amount. */
export const METHODS = {
  electricity: row(ENERGY, { Wh: [["ef", "gCO2e/Wh"]] }, factor),
  heat: row(ENERGY, { kJ: [["ef", "gCO2e/kJ"]] }, factor),
  steam: row(ENERGY, { g: [["h", "kJ/g"], ["h0", "kJ/g"], ["ef", "gCO2e/kJ"]] }, (q, [h, h0, ef]) =>
    whole(product(q, above("steam", h, h0), ef, 12n * SCALE)),
  ),
  "hot-water": row(
    ENERGY,
    { g: [["t", "degC"], ["t0", "degC"], ["cp", "kJ/(g.degC)"], ["ef", "gCO2e/kJ"]] },
    (q, [t, t0, cp, ef]) => whole(product(q, above("hot-water", t, t0), cp, ef, 12n)),
  ),
  "combustion-heat": row(COMBUSTION, { g: [...HEAT_G, OF], L: [...HEAT_L, OF] }, (q, [ncv, cc, of]) =>
    whole(product(q, ncv, cc, of, 44n)),
  ),
  "combustion-carbon": row(COMBUSTION, { g: [["c", "gC/g"], OF], L: [["c", "gC/L"], OF] }, (q, [c, of]) =>
    whole(product(q, c, of, 44n * SCALE)),
  ),
  "combustion-carbon-ad": row(COMBUSTION, { g: [["c_ad", "gC/g"], ["m_ar", "1"], ["m_ad", "1"], OF] }, airDried),
  "combustion-carbon-dry": row(COMBUSTION, { g: [["c_d", "gC/g"], ["m_ar", "1"], OF] }, (q, [c, wet, of]) =>
    whole(product(q, c, restOf("combustion-carbon-dry", wet), of, 44n)),
  ),
  "carbon-heat": row(COMBUSTION, { g: HEAT_G, L: HEAT_L }, (q, [ncv, cc]) => whole(product(q, ncv, cc, 44n * SCALE))),
  "carbon-mass": row(COMBUSTION, { g: [["c", "gC/g"]], L: [["c", "gC/L"]] }, (q, [c]) =>
    whole(product(q, c, 44n * SCALE ** 2n)),
  ),
  "carbon-volatile": row(COMBUSTION, { g: [["c", "gC/g"], ["var", "1"], ["k", "1"]] }, volatile),
  anode: row(COMBUSTION, { g: [["nc", "g/g"], ["s", "1"], ["a", "1"]] }, (q, [nc, s, a]) =>
    whole(product(q, nc, restOf("anode", s + a), 44n * SCALE)),
  ),
  "factor-mass": row(PROCESS, { g: [["ef", "gCO2e/g"]] }, factor),
  carbonate: row(PROCESS, { g: [["ef", "gCO2e/g"], ["purity", "1"], ["conversion", "1"]] }, three),
  "gas-mass": row(PROCESS, { g: [GWP] }, factor),
  "gas-release": row(PROCESS, { g: [["ef", "g/g"], GWP] }, (q, [ef, gwp]) => whole(product(q, ef, gwp, 12n * SCALE))),
  "methane-wastewater": row(PROCESS, { g: [["b0", "gCH4/gCOD"], ["mcf", "1"], GWP] }, three),
  "shielding-gas": row(
    PROCESS,
    { g: [["p_co2", "1"], ["p_2", "1"], ["m_2", "g/mol"], ["p_3", "1"], ["m_3", "g/mol"]] },
    shielding,
  ),
  "measured-gas": row(PROCESS, { L: [["c", "gCO2/L"]] }, factor),
  "measured-mass": row(PROCESS, { g: [] }, (q) => whole(product(q, 12n * SCALE ** 3n))),
};
