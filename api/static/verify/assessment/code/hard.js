// Hard rules: deterministic, each explainable in a sentence. Any that fails makes the code red.
import { Fraction, ZERO, of, sum, text } from "../rational.js";
import { workingDayAfter } from "./calendar.js";
import { hard, measure, silent } from "./outcome.js";
import { monthText } from "./words.js";

const HOUR_S = 3_600n;

/** H01: months that have not come 10 working days after their deadline, and the annual report likewise. */
export function missingData({ filings, calendar, asOf }, p) {
  if (filings === null) return silent("filings");
  const grace = Number(p.get("grace").value.whole());
  const isOver = (due) => asOf > workingDayAfter(calendar, due, grace);
  const late = filings.months.filter((month) => month.received === null && isOver(month.due));
  const count = of(late.length);
  const months = late.map(({ month }) => monthText(month)).join(", ") || "-";
  const inputs = [["months_missing", String(late.length)], ["months", months]];
  const isLate = filings.reportReceived === null && isOver(filings.reportDue);
  const report = [["annual_report", String(filings.reportYear)], ["due", filings.reportDue]];
  return hard([
    measure("$.filings.months", inputs, count, p.get("months"), !count.below(p.get("months").value)),
    measure("$.filings.annual_report", report, null, p.get("grace"), isLate),
  ]);
}

/** H02: the kept evidence has another hash than the anchored one, a bad signature, or a revoked key. */
export function integrity({ evidence }) {
  if (evidence === null) return silent("evidence");
  return hard(
    evidence.map(({ path, id, anchored, computed, signature, key }) => {
      const inputs = Object.entries({
        ...{ id, anchored: anchored.slice(0, 16), computed: computed.slice(0, 16), signature, key },
      });
      const breached = anchored !== computed || signature === "invalid" || key === "revoked";
      return measure(path, inputs, null, null, breached);
    }),
  );
}

/** H03: one document or invoice in two firms, periods or loans. */
export function reuse({ uses }, p) {
  if (uses === null) return silent("uses");
  const places = new Map();
  const nameOf = ({ kind, number }) => JSON.stringify([kind, number]);
  for (const use of uses) {
    const name = nameOf(use);
    places.set(name, (places.get(name) ?? new Set()).add(JSON.stringify(use.place)));
  }
  const most = p.get("places");
  return hard(
    uses.map((use) => {
      const count = of(places.get(nameOf(use)).size);
      const inputs = [["kind", use.kind], ["number", use.number], ["places", text(count)]];
      return measure(use.path, inputs, count, most, count.above(most.value));
    }),
  );
}

/** H04: |recomputed - reported| / reported. */
export function arithmetic({ totals }, p) {
  if (totals === null) return silent("totals");
  const most = p.get("most");
  return hard(
    totals.map(({ path, name, reported, recomputed }) => {
      const inputs = [["name", name], ["reported", text(reported)], ["recomputed", text(recomputed)]];
      const value = gapOf(recomputed, reported);
      return measure(path, inputs, value, most, value === null || value.above(most.value));
    }),
  );
}

/** H05: a factor that is not in the register, or a value outside what the register allows. */
export function factors({ factors: given }) {
  if (given === null) return silent("factors");
  return hard(
    given.used.map(({ path, id, value }) => {
      const bounds = given.register.get(id);
      const allowed = bounds ? `${text(bounds.least)} … ${text(bounds.most)}` : "-";
      const breached = !bounds || value.below(bounds.least) || value.above(bounds.most);
      return measure(path, [["id", id], ["used", text(value)], ["allowed", allowed]], null, null, breached);
    }),
  );
}

/** H06: |reported - Σ invoices| / Σ invoices of the quarter; the narrow threshold above 500 kt a year. */
export function purchases({ purchases: given }, p) {
  if (given === null) return silent("purchases");
  const { annual } = given;
  const [wide, narrow] = [p.get("most"), p.get("most-large")];
  let undecided = false;
  const measures = given.carriers.map(({ path, name, reported, recomputed: invoiced }) => {
    const gap = gapOf(reported, invoiced);
    const threshold = annual !== null && annual.above(p.get("large").value) ? narrow : wide;
    undecided ||= annual === null && gap !== null && gap.above(narrow.value) && !gap.above(wide.value);
    const inputs = [["name", name], ["reported", text(reported)], ["invoiced", text(invoiced)]];
    return measure(path, inputs, gap, threshold, gap === null || gap.above(threshold.value));
  });
  if (undecided && !measures.some(({ breached }) => breached)) return silent("purchases.annual_emission");
  return hard(measures);
}

/** H07: sampled <= received <= tested <= reported; no two months tested on one day; the original code is there. */
export function labDates({ tests }) {
  if (tests === null) return silent("tests");
  const monthsOn = new Map();
  for (const { tested, month } of tests) monthsOn.set(tested, (monthsOn.get(tested) ?? new Set()).add(month));
  return hard(
    tests.map(({ path, month, sampled, received, tested, reported, originalCode }) => {
      const months = monthsOn.get(tested).size;
      const ordered = sampled <= received && received <= tested && tested <= reported;
      const inputs = [
        ["month", monthText(month)],
        ...Object.entries({ sampled, received, tested, reported }),
        ["months_tested_that_day", String(months)],
        ["original_code", originalCode],
      ];
      return measure(path, inputs, null, null, !ordered || months > 1 || originalCode === "missing");
    }),
  );
}

/** H08: a cumulative register never falls, is never negative, and never jumps by more than rated power x time. */
export function meters({ meters: given }) {
  return given === null ? silent("meters") : hard(given.flatMap(stepsOf));
}

function stepsOf({ id, ratedPower, readings }) {
  return readings.map(({ path, second, register }, at) => {
    const before = at ? readings[at - 1] : null;
    const step = before && register.minus(before.register);
    const most = before && ratedPower.times(new Fraction(BigInt(second - before.second), HOUR_S));
    const breached = register.n < 0n || (step !== null && (step.n < 0n || step.above(most)));
    const shown = (value) => (value === null ? "-" : text(value));
    const inputs = [["id", id], ["register", text(register)], ["step", shown(step)], ["most", shown(most)]];
    return measure(path, inputs, step, null, breached);
  });
}

/** H09: attributed <= reduction x loan / investment; shares sum to 1 at most; loan <= investment; windows. */
export function loans({ loans: given, quarter: current }, p) {
  if (given === null) return silent("loans");
  const measures = given.loans.flatMap((loan) => ofLoan(loan, p));
  for (const { path, measure: id, quarter, year, cumulative } of given.windows) {
    const isFirst = current === 1;
    const inputs = [
      ["id", id],
      ["found", `${text(quarter)} / ${text(year)} / ${text(cumulative)}`],
      ["expected", isFirst ? "quarter = year <= cumulative" : "quarter <= year <= cumulative"],
    ];
    const breached = quarter.above(year) || year.above(cumulative) || (isFirst && !quarter.equals(year));
    measures.push(measure(path, inputs, null, null, breached));
  }
  return hard(measures);
}

function ofLoan({ path, id, amount, investment, reduction, attributed, shares }, p) {
  const [tolerance, limit] = [p.get("tolerance"), p.get("shares")];
  const part = amount.over(investment);
  const most = reduction.times(amount).over(investment);
  const over = attributed.minus(most);
  const all = sum(shares);
  const said = (found, expected) => [["id", id], ["found", found], ["expected", expected]];
  return [
    measure(
      path,
      said(`${text(attributed)} t`, `attributed <= ${text(most)} t`),
      over,
      tolerance,
      over.above(tolerance.value),
    ),
    measure(path, said(`shares ${text(all)}`, "shares <= 1"), all, limit, all.above(limit.value)),
    measure(path, said(`loan / investment ${text(part)}`, "loan <= investment"), part, limit, part.above(limit.value)),
  ];
}

/** H10: a purpose outside the catalogue version in force, or funds traced elsewhere. */
export function proceeds({ proceeds: given }) {
  if (given === null) return silent("proceeds");
  return hard(
    given.map(({ path, id, catalogue, item, listed, traced }) => {
      const inputs = Object.entries({ id, catalogue, item, listed, traced });
      return measure(path, inputs, null, null, listed === "no" || traced === "elsewhere");
    }),
  );
}

/** |value - base| / base; 0 where both are zero, null (beyond every threshold) where only the base is. */
function gapOf(value, base) {
  if (base.isZero) return value.isZero ? ZERO : null;
  return value.minus(base).abs().over(base);
}
