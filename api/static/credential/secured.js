// What secures a credential: a proof of eddsa-jcs-2022, or a token (vc+jwt).
import * as jcs from "../verify/jcs.js";
import { sha256 } from "../verify/crypto.js";
import { concat, textOf, utf8 } from "../verify/bytes.js";
import { Invalid, LedgerError, Malformed, Unknown, quoted } from "../verify/errors.js";
import { parseBase58, parseBase64url } from "./multibase.js";

const MAX_BYTES = 1 << 20;
const MAX_CHARACTERS = 100_000;
const REQUIRED = ["type", "cryptosuite", "proofPurpose", "verificationMethod", "proofValue"];
const KNOWN = [...REQUIRED, "@context", "created", "expires", "id"];
const ALGORITHMS = { ed25519: "EdDSA", es256: "ES256" };

/** A document with a proof or a compact token: {document, token, method(), check(keys)}. Nothing is verified yet. */
export function read(bytes) {
  if (bytes.length > MAX_BYTES) throw new Malformed("credential", { expected: `at most ${MAX_BYTES} bytes`, found: bytes.length });
  const text = textOf(bytes, "the credential").trim();
  if (text.startsWith("{")) {
    const document = jcs.decodeObject(utf8(text));
    return secured(document, false, () => methodOf(document), (key) => checkProof(document, key));
  }
  const token = parseToken(text);
  return secured(token.payload, true, () => kidOf(token), (key) => checkToken(token, key));
}

function secured(document, isToken, method, checkOne) {
  const check = async (keys) => {
    let failure = new Invalid("keys of the issuer", { expected: "one", found: "none" });
    for (const key of keys) {
      try {
        return await checkOne(key);
      } catch (error) {
        if (!(error instanceof LedgerError)) throw error;
        failure = error;
      }
    }
    throw failure;
  };
  return { document, isToken, method, check };
}

function proofOf(document) {
  const { proof } = document;
  if (proof === null || typeof proof !== "object" || Array.isArray(proof)) {
    throw new Malformed("proof", { expected: "one Data Integrity proof", found: typeof proof });
  }
  if (proof.type !== "DataIntegrityProof" || proof.cryptosuite !== "eddsa-jcs-2022") {
    throw new Unknown("proof", { expected: "DataIntegrityProof, eddsa-jcs-2022", found: quoted(proof.cryptosuite, 200) });
  }
  const missing = REQUIRED.filter((name) => !Object.hasOwn(proof, name));
  if (missing.length) throw new Malformed("proof", { expected: REQUIRED.join(" "), found: `without ${missing.join(" ")}` });
  const more = Object.keys(proof).filter((name) => !KNOWN.includes(name));
  if (more.length) throw new Unknown("proof", { expected: "no field that this version does not judge", found: more.join(" ") });
  if (proof.proofPurpose !== "assertionMethod") {
    throw new Malformed("purpose of the proof", { expected: "assertionMethod", found: quoted(proof.proofPurpose) });
  }
  return proof;
}

const methodOf = (document) => String(proofOf(document).verificationMethod);

async function checkProof(document, key) {
  const { proofValue, ...options } = proofOf(document);
  if (key.algorithm !== "ed25519") {
    throw new Invalid("key of an eddsa-jcs-2022 proof", { expected: "ed25519", found: key.algorithm });
  }
  const { proof: _, ...unsecured } = document;
  if (Object.hasOwn(options, "@context")) {
    const given = asList(options["@context"]);
    const own = asList(document["@context"]).slice(0, given.length);
    if (jcs.encode(own) !== jcs.encode(given)) {
      throw new Invalid("@context of the proof", { expected: "the first of the document's", found: quoted(given, 200) });
    }
    unsecured["@context"] = options["@context"];
  }
  const signed = concat(await sha256(utf8(jcs.encode(options))), await sha256(utf8(jcs.encode(unsecured))));
  await key.verify(signed, parseBase58(proofValue, "proofValue"));
}

const asList = (value) => (Array.isArray(value) ? value : [value]);

function parseToken(text) {
  if (text.length > MAX_CHARACTERS) throw new Malformed("token", { expected: `at most ${MAX_CHARACTERS} characters`, found: text.length });
  const parts = text.split(".");
  if (parts.length !== 3) throw new Malformed("token", { expected: "three parts", found: parts.length });
  const header = jcs.decodeObject(parseBase64url(parts[0], "header of the token"));
  const payload = jcs.decodeObject(parseBase64url(parts[1], "payload of the token"));
  if (header.typ !== "vc+jwt" || (Object.hasOwn(header, "cty") && header.cty !== "vc")) {
    throw new Malformed("type of the token", { expected: "vc+jwt, vc", found: quoted(header.typ) });
  }
  const more = Object.keys(header).filter((name) => !["alg", "cty", "kid", "typ", "iss"].includes(name));
  if (more.length) throw new Unknown("header of the token", { expected: "alg cty kid typ iss", found: more.join(" ") });
  const signature = parseBase64url(parts[2], "signature of the token");
  return { header, payload, signed: utf8(`${parts[0]}.${parts[1]}`), signature };
}

function kidOf(token) {
  const { kid } = token.header;
  if (typeof kid !== "string") throw new Malformed("kid of the token", { expected: "the URL of a key", found: quoted(kid) });
  return kid;
}

async function checkToken(token, key) {
  const expected = ALGORITHMS[key.algorithm];
  if (expected === undefined || token.header.alg !== expected) {
    throw new Invalid("algorithm of the token", { expected, found: quoted(token.header.alg) });
  }
  await key.verify(token.signed, token.signature); // of ES256 low s alone: this issuer makes no other
}
