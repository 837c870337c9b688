// Working days (工作日): Monday to Friday, less the holidays and with the make-up days that the State Council sets.
import { day, dayNumber, dayOf } from "../parameters.js";
import { say } from "../../say.js";

/** {holidays, workdays} as sets of YYYY-MM-DD. */
export function parseCalendar(node) {
  const fields = node.fields(["holidays", "workdays"]);
  const [holidays, workdays] = ["holidays", "workdays"].map(
    (name) => new Set(fields[name].items({ most: 2000 }).map((item) => day(item))),
  );
  const both = [...holidays].filter((on) => workdays.has(on)).sort();
  if (both.length) throw node.malformed("a day that is off and worked", say`${both[0]} in one list`);
  return { holidays, workdays };
}

/** The working day that is `days` working days after `start` (0: the day itself); `calendar` may be null. */
export function workingDayAfter(calendar, start, days) {
  let number = dayNumber(start);
  for (let left = days; left > 0; ) {
    number += 1;
    left -= isWorked(calendar, number) ? 1 : 0;
  }
  return dayOf(number);
}

function isWorked(calendar, number) {
  const on = dayOf(number);
  if (calendar?.workdays.has(on)) return true;
  const weekday = new Date(number * 86_400_000).getUTCDay();
  return weekday >= 1 && weekday <= 5 && !calendar?.holidays.has(on);
}
