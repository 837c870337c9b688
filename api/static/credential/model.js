// The data model: what a reader asks of a Verifiable Credential 2.0 (section 4).
import { Malformed, quoted } from "../verify/errors.js";

const CONTEXT = "https://www.w3.org/ns/credentials/v2";
const STATUS_ENTRY = "BitstringStatusListEntry";
export const STATUS_CREDENTIAL = "BitstringStatusListCredential";
export const PURPOSES = ["revocation", "suspension"];
const TIME = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(\.\d+)?(?:Z|([+-])(\d\d):(\d\d))$/;

const isObject = (value) => value !== null && typeof value === "object" && !Array.isArray(value);

/** The parts of a credential that a reader judges; times in Unix seconds, null: not bounded. */
export function parse(document) {
  const context = document["@context"];
  if (!Array.isArray(context) || context[0] !== CONTEXT) {
    throw new Malformed("field '@context'", { expected: `a list that begins with ${CONTEXT}`, found: quoted(context, 200) });
  }
  const types = typeof document.type === "string" ? [document.type] : document.type;
  if (!Array.isArray(types) || types.some((type) => typeof type !== "string") || !types.includes("VerifiableCredential")) {
    throw new Malformed("field 'type'", { expected: "VerifiableCredential among strings", found: quoted(document.type, 200) });
  }
  const issuer = isObject(document.issuer) ? document.issuer.id : document.issuer;
  if (!isUrl(issuer)) {
    throw new Malformed("field 'issuer'", { expected: "a URL, or an object with one as id", found: quoted(document.issuer, 200) });
  }
  const subject = document.credentialSubject;
  const subjects = Array.isArray(subject) ? subject : [subject];
  if (!subjects.length || subjects.some((one) => !isObject(one) || !Object.keys(one).length)) {
    throw new Malformed("field 'credentialSubject'", { expected: "an object, or some", found: quoted(subject, 200) });
  }
  const id = document.id ?? null;
  if (id !== null && !isUrl(id)) throw new Malformed("field 'id'", { expected: "a URL", found: quoted(id, 200) });
  const since = timeOf(document, "validFrom");
  const until = timeOf(document, "validUntil");
  if (since !== null && until !== null && until < since) {
    throw new Malformed("field 'validUntil'", { expected: "not before validFrom", found: quoted(document.validUntil) });
  }
  return { id, types, issuer, subjects, since, until, statuses: statusesOf(document) };
}

function isUrl(value) {
  return typeof value === "string" && value.includes(":");
}

function timeOf(document, name) {
  const value = document[name] ?? null;
  if (value === null) return null;
  const match = typeof value === "string" ? TIME.exec(value) : null;
  if (match === null) {
    throw new Malformed(`field '${name}'`, { expected: "a dateTimeStamp such as 2026-01-01T00:00:00Z", found: quoted(value) });
  }
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number);
  const [zoneHour, zoneMinute] = [Number(match[9] ?? 0), Number(match[10] ?? 0)];
  const lastDay = new Date(Date.UTC(2000 + (year % 400), month, 0)).getUTCDate();
  if (!year || !month || month > 12 || !day || day > lastDay || hour > 23 || minute > 59 || second > 59 || zoneHour > 23 || zoneMinute > 59) {
    throw new Malformed(`field '${name}'`, { expected: "a date and time that exists", found: value });
  }
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day); // Date.UTC would take the years 0 to 99 for others
  date.setUTCHours(hour, minute, second);
  const offset = (match[8] === "-" ? -60 : 60) * (60 * zoneHour + zoneMinute);
  return date.getTime() / 1000 - offset + Number(`0${match[7] ?? ""}`);
}

function statusesOf(document) {
  const status = document.credentialStatus === undefined ? [] : document.credentialStatus;
  return (Array.isArray(status) ? status : [status]).map((entry) => {
    if (!isObject(entry) || entry.type !== STATUS_ENTRY) {
      throw new Malformed("field 'credentialStatus'", { expected: STATUS_ENTRY, found: quoted(entry, 200) });
    }
    const { statusPurpose: purpose, statusListCredential: url, statusListIndex: index } = entry;
    if (typeof purpose !== "string" || typeof url !== "string") {
      throw new Malformed("credentialStatus", { expected: "statusPurpose and statusListCredential", found: quoted(entry, 200) });
    }
    if (typeof index !== "string" || !/^(0|[1-9][0-9]{0,9})$/.test(index)) {
      throw new Malformed("field 'statusListIndex'", { expected: "a number from 0 as text", found: quoted(index) });
    }
    return { purpose, url, index: Number(index) };
  });
}
