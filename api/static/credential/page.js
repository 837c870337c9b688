// The page that checks a certificate: fetches it, its lists and its issuer's keys, and judges them in this browser.
import { LedgerError } from "../verify/errors.js";
import { keysOf } from "./did.js";
import { verify } from "./verify.js";

const strings = JSON.parse(document.getElementById("strings").textContent);
const box = document.getElementById("checked");
const SIGNS = { valid: ["✓", "good"], invalid: ["✕", "bad"], indeterminate: ["?", "going"], "not applicable": ["–", "none"] };

check().catch((error) => {
  say("ERROR", strings["cert.own.failed"], error.message);
  if (!(error instanceof LedgerError)) throw error;
});

async function check() {
  if (!globalThis.crypto?.subtle) return say("ERROR", strings["cert.own.insecure"]);
  const [certificate, issuer] = await Promise.all([bytesOf(box.dataset.credential), bytesOf(box.dataset.issuer)]);
  const [did, keys] = await keysOf(issuer);
  // lists are asked of this server whatever their address says: what counts is who signed them and their id
  const named = JSON.parse(new TextDecoder().decode(certificate)).credentialStatus ?? [];
  const paths = [named].flat().map((entry) => new URL(entry.statusListCredential).pathname);
  const lists = await Promise.all([...new Set(paths)].map((path) => bytesOf(path)));
  show(await verify(certificate, new Map([[did, keys]]), Number(box.dataset.at) || Math.floor(Date.now() / 1000), lists));
}

async function bytesOf(path) {
  const answer = await fetch(path, { cache: "no-cache" });
  if (!answer.ok) throw new LedgerError(`${path}: ${answer.status}`);
  return new Uint8Array(await answer.arrayBuffer());
}

function show({ verdict, steps, error }) {
  say(verdict, strings[`cert.own.${verdict}`], error);
  const list = element("ul", "checks");
  for (const { number, name, verdict: found, reason } of steps.slice(1)) {
    const [sign, look] = SIGNS[found];
    const row = element("li", look);
    const mark = element("span", "mark", sign);
    mark.setAttribute("aria-hidden", "true");
    row.append(mark, element("span", "", strings[`cert.step.${name}`]), element("strong", "", strings[`step.${found}`]));
    row.dataset.step = number;
    row.title = reason;
    list.append(row);
  }
  box.append(list);
}

function say(verdict, ...sentences) {
  box.dataset.verdict = verdict;
  const line = element("p", `own ${verdict}`, sentences.filter(Boolean).join(" "));
  box.replaceChildren(line);
}

function element(tag, look = "", text = "") {
  const made = document.createElement(tag);
  if (look) made.className = look;
  if (text) made.textContent = text;
  return made;
}
