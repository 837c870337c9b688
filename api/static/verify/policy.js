// What a reader trusts (docs/formats/policy.md): from TOML, or the same tables as JSON.
import { Malformed, quoted } from "./errors.js";
import { isHex } from "./bytes.js";
import { COSIGNATURE, ED25519, EIP712, parseVerifierKey } from "./note.js";
import { faultOf } from "./jcs.js";
import { parseToml } from "./toml.js";
import { say } from "./say.js";

const ENGINES = ["embedded", "anvil", "qbft", "clique", "unsealed"];
const OPERATED = ["embedded", "anvil"];
const SEALED = ["qbft", "clique"];

export const NO_POLICY = { chain: null, logs: [], witnesses: null, regulators: null };

export async function policyOfText(text) {
  return policyOf(/^\s*\{/.test(text) ? parseJson(text) : parseToml(text));
}

function parseJson(text) {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Malformed("the policy is not JSON", { found: faultOf(error) });
  }
}

export async function policyOf(value) {
  table("policy", value, ["version"], ["chain", "log", "witnesses", "regulator"]);
  if (value.version !== 1) throw malformed("policy", "version", "a whole number 1 to 1", value.version);
  const policy = {
    chain: "chain" in value ? chain(value.chain) : null,
    logs: "log" in value ? await logs(value.log) : [],
    witnesses: "witnesses" in value ? await witnesses(value.witnesses) : null,
    regulators: "regulator" in value ? regulators(value.regulator) : null,
  };
  const names = new Set(policy.logs.map((log) => log.origin));
  const both = policy.witnesses?.keys.find((key) => names.has(key.name));
  if (both) throw new Malformed("policy: a log is its own witness", { expected: "names of others", found: both.name });
  return policy;
}

function chain(value) {
  table("chain", value, ["id", "genesis", "directory", "engine"], ["operator", "validators"]);
  if (!Number.isSafeInteger(value.id) || value.id < 1) throw malformed("chain", "id", "a whole number", value.id);
  if (!ENGINES.includes(value.engine)) throw malformed("chain", "engine", ENGINES.join(", "), value.engine);
  hexadecimal("chain", "genesis", value.genesis, 32);
  hexadecimal("chain", "directory", value.directory, 20);
  const operator = value.operator ? hexadecimal("chain", "operator", value.operator, 20) : null;
  const validators = distinct("chain", "validators", value.validators ?? [], 20);
  if ((operator !== null) !== OPERATED.includes(value.engine)) {
    throw malformed("chain", "operator", OPERATED.includes(value.engine) ? "an address" : "none", operator ?? "none");
  }
  if (validators.length > 0 !== SEALED.includes(value.engine)) {
    throw malformed("chain", "validators", SEALED.includes(value.engine) ? "at least one address" : "none", validators.length);
  }
  const { id, genesis, directory, engine } = value;
  return { id, genesis, directory, engine, operator, validators };
}

async function logs(value) {
  if (!Array.isArray(value) || !value.length) throw malformed("policy", "log", "tables [[log]]", value);
  const found = [];
  for (const item of value) {
    table("log", item, ["origin", "ed25519", "eip712"], []);
    const log = {
      origin: item.origin,
      ed25519: await vkey("log", "ed25519", item.ed25519, [ED25519]),
      eip712: await vkey("log", "eip712", item.eip712, [EIP712]),
    };
    if (log.ed25519.name !== log.origin || log.eip712.name !== log.origin) {
      throw new Malformed("name of a log's key in the policy", { expected: log.origin, found: log.ed25519.name });
    }
    found.push(log);
  }
  if (new Set(found.map((log) => log.origin)).size !== found.length) {
    throw malformed("policy", "log", "each origin once", "one twice");
  }
  return found;
}

async function witnesses(value) {
  table("witnesses", value, ["quorum", "keys"], []);
  const keys = [];
  for (const item of list("witnesses", "keys", value.keys)) {
    keys.push(await vkey("witnesses", "keys", item, [COSIGNATURE, EIP712]));
  }
  if (new Set(keys.map((key) => `${key.name} ${key.keyHash}`)).size !== keys.length) {
    throw malformed("witnesses", "keys", "each key once", "one twice");
  }
  const most = new Set(keys.map((key) => key.name)).size;
  if (!Number.isSafeInteger(value.quorum) || value.quorum < 0 || value.quorum > most) {
    throw malformed("witnesses", "quorum", `a whole number 0 to ${most}`, value.quorum);
  }
  return { quorum: value.quorum, keys };
}

function regulators(value) {
  table("regulator", value, ["members"], []);
  return new Set(distinct("regulator", "members", value.members, 32));
}

function table(name, value, required, optional) {
  if (value === null || typeof value !== "object" || Array.isArray(value)) {
    throw new Malformed(say`${name} of the policy`, { expected: "a table" });
  }
  const unknown = Object.keys(value).find((key) => !required.includes(key) && !optional.includes(key));
  if (unknown !== undefined) {
    throw new Malformed(say`${name}: unknown key`, { expected: [...required, ...optional].join(" "), found: quoted(unknown) });
  }
  const missing = required.find((key) => !Object.hasOwn(value, key));
  if (missing) throw new Malformed(say`${name}: a key is missing`, { expected: missing, found: "nothing" });
}

function list(name, key, value) {
  if (!Array.isArray(value) || value.length > 1000) throw malformed(name, key, "a list of at most 1000", value);
  return value;
}
function distinct(name, key, value, size) {
  const found = list(name, key, value).map((item) => hexadecimal(name, key, item, size));
  if (new Set(found).size !== found.length) throw malformed(name, key, "each once", "one twice");
  return found;
}
function hexadecimal(name, key, value, size) {
  if (!isHex(value, size)) throw malformed(name, key, `${2 * size} lower-case hex digits`, value);
  return value;
}
async function vkey(name, key, value, types) {
  let found;
  try {
    found = await parseVerifierKey(value);
  } catch (error) {
    throw new Malformed(say`${name}.${key} of the policy: ${error}`);
  }
  if (!types.includes(found.type)) throw malformed(name, key, "a key of another type", found.type);
  return found;
}
function malformed(name, key, expected, found) {
  return new Malformed(say`${name}.${key} of the policy`, { expected, found: quoted(found) });
}
