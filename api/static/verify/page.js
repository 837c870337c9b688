// The page: takes a bundle and a policy from this machine, verifies, shows the steps. Nothing is uploaded.
import { inChinese } from "./chinese.js";
import { policyOf, policyOfText } from "./policy.js";
import { verify } from "./verify.js";

const UTC_8_MS = 8 * 3_600_000;
const dataOf = (id) => JSON.parse(document.getElementById(id).textContent);
const strings = dataOf("strings");
const codeHashes = dataOf("code-hashes");
const ownPolicy = dataOf("own-policy");

const form = document.getElementById("verify");
const drop = document.getElementById("drop");
const bundleInput = document.getElementById("bundle");
const policyInput = document.getElementById("policy");
const chosen = document.getElementById("chosen");
const result = document.getElementById("result");
const SIGNS = { VALID: "✓", INVALID: "✕", INDETERMINATE: "?", ERROR: "!" };
const STEP_SIGNS = { valid: ["✓", "good"], invalid: ["✕", "bad"], indeterminate: ["?", "going"], "not applicable": ["–", "none"] };

let current = null; // {name, bytes}
let turn = 0;

form.addEventListener("submit", (event) => event.preventDefault());
bundleInput.addEventListener("change", () => take(bundleInput.files[0]));
policyInput.addEventListener("change", () => {
  form.elements.trust.value = "file";
  run();
});
for (const input of form.querySelectorAll("input[name=trust]")) input.addEventListener("change", run);
for (const kind of ["dragenter", "dragover"]) {
  document.addEventListener(kind, (event) => {
    event.preventDefault();
    drop.classList.add("over");
  });
}
for (const kind of ["dragleave", "drop"]) document.addEventListener(kind, () => drop.classList.remove("over"));
document.addEventListener("drop", (event) => {
  event.preventDefault();
  take(event.dataTransfer.files[0]);
});
// what was chosen while the modules were still on their way
if (policyInput.files[0]) form.elements.trust.value = "file";
if (bundleInput.files[0]) take(bundleInput.files[0]);
else if (form.dataset.bundle) fetchBundle(form.dataset.bundle);

async function take(file) {
  if (!file) return;
  try {
    current = { name: file.name, bytes: new Uint8Array(await file.arrayBuffer()) };
  } catch {
    return say("ERROR", strings["verify.unreadable"], file.name);
  }
  run();
}

async function fetchBundle(path) {
  const answer = await fetch(path);
  if (!answer.ok) return say("ERROR", strings["verify.unreadable"], `${path}: ${answer.status}`);
  current = { name: path, bytes: new Uint8Array(await answer.arrayBuffer()) };
  return run();
}

async function policyChosen() {
  const trust = form.elements.trust.value;
  if (trust === "none") return null;
  if (trust === "own") return policyOf(ownPolicy);
  const [file] = policyInput.files;
  return file ? policyOfText(await file.text()) : null;
}

async function run() {
  if (!current) return;
  const mine = ++turn;
  chosen.textContent = current.name;
  if (!globalThis.crypto?.subtle) return say("ERROR", strings["verify.insecure"]);
  result.hidden = false;
  result.replaceChildren(element("p", "quiet", strings["verify.working"]));
  let policy;
  try {
    policy = await policyChosen();
  } catch (error) {
    return say("ERROR", strings["verify.policy.bad"], error.message);
  }
  const began = performance.now();
  try {
    const answer = await verify(current.bytes, policy, codeHashes);
    if (mine === turn) show(answer, performance.now() - began);
  } catch (error) {
    if (mine === turn) say("ERROR", String(error));
    throw error;
  }
}

function say(verdict, ...sentences) {
  result.hidden = false;
  result.dataset.verdict = verdict;
  result.replaceChildren(banner(verdict, sentences.filter(Boolean).join(" · ")));
}

function show(answer, ms) {
  result.dataset.verdict = answer.verdict;
  result.dataset.answer = JSON.stringify(answer);
  const list = element("ol", "steps");
  for (const step of answer.steps) {
    const [sign, look] = STEP_SIGNS[step.verdict];
    const badge = element("span", `badge ${look}`, `${sign} ${strings[`step.${step.verdict}`]}`);
    const what = element("div", "what", nameOf(answer, step));
    what.append(badge);
    const row = element("li");
    const why = element("div", "why", inPageLanguage(step));
    row.append(element("div", "n", String(step.number)), what, why);
    list.append(row);
  }
  const text = strings[`verdict.${answer.verdict}.text`];
  const save = element("a", "button plain", strings["verify.download"]);
  save.href = URL.createObjectURL(new Blob([JSON.stringify(answer, null, 1)], { type: "application/json" }));
  save.download = "verification.json";
  const buttons = element("p", "buttons");
  buttons.append(save);
  const about = element("p", "quiet break", `${strings["verify.subject"]}: ${subjectText(answer.subject)}`);
  result.replaceChildren(
    banner(answer.verdict, `${text} ${strings["verify.took"]} ${Math.round(ms)} ms`),
    about,
    element("h2", "", strings["verify.steps"]),
    list,
    buttons,
  );
  result.scrollIntoView({ block: "nearest" });
}

/** A certificate has six steps of its own, by other numbers. */
function nameOf({ steps }, { number, name }) {
  const isCertificate = steps.length === 6;
  return strings[isCertificate ? `step.title.${number}` : `step.${number}`] ?? name;
}

function inPageLanguage({ reason, said }) {
  return document.documentElement.lang.startsWith("zh") ? inChinese(said) : reason;
}

function subjectText(subject) {
  if (subject.report) {
    const { emission_g: grams, member, year } = subject.report;
    return `${year} · ${BigInt(grams).toLocaleString(document.documentElement.lang)} gCO₂e · ${member}`;
  }
  if (subject.reading) {
    const { device, sequence, register, interval, unit, time_ms: time } = subject.reading;
    const local = new Date(time + UTC_8_MS).toISOString().slice(0, 19).replace("T", " "); // as all pages tell the time
    return `${device} · #${sequence} · ${register ?? interval} ${unit} · ${local} UTC+8`;
  }
  if (subject.assessment) {
    const { member, quarter, year } = subject.assessment;
    return `${strings[`verify.kind.${subject.kind}`]} · ${year} Q${quarter} · ${member}`;
  }
  if (subject.lot) {
    const { kind, member, tonnes, vintage } = subject;
    const total = typeof tonnes === "number" ? tonnes : Object.values(tonnes).reduce((sum, held) => sum + held, 0);
    const amount = total.toLocaleString(document.documentElement.lang);
    return `${strings[`verify.kind.${kind}`]} · ${vintage} · ${amount} t · ${member}`;
  }
  return "–";
}

function banner(verdict, text) {
  const box = element("div", `verdict ${verdict}`);
  const words = element("div");
  words.append(element("strong", "", strings[`verdict.${verdict}`]), element("span", "", text));
  const sign = element("div", "sign", SIGNS[verdict]);
  sign.setAttribute("aria-hidden", "true");
  box.append(sign, words);
  return box;
}

function element(tag, look = "", text = "") {
  const made = document.createElement(tag);
  if (look) made.className = look;
  if (text) made.textContent = text;
  return made;
}
