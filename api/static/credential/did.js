// The document of an issuer (did:web): which keys are its own.
import { textOf } from "../verify/bytes.js";
import { Malformed, quoted } from "../verify/errors.js";
import { parseMultikey } from "./multibase.js";

/** [DID, its Multikeys for assertions]. */
export async function keysOf(bytes) {
  let found;
  try {
    found = JSON.parse(textOf(bytes, "the DID document"));
  } catch (error) {
    throw new Malformed("DID document", { expected: "a JSON object", found: error.message });
  }
  const { id: did, verificationMethod: methods, assertionMethod: asserting } = found ?? {};
  if (typeof did !== "string" || !did.startsWith("did:")) {
    throw new Malformed("id of the DID document", { expected: "a DID", found: quoted(did, 200) });
  }
  if (!Array.isArray(methods) || !Array.isArray(asserting)) {
    throw new Malformed("DID document", { expected: "lists verificationMethod and assertionMethod" });
  }
  const keys = [];
  for (const method of methods) {
    if (method?.type !== "Multikey" || !asserting.includes(method.id)) continue;
    if (method.controller !== did) throw new Malformed("controller of a key", { expected: did, found: quoted(method.controller, 200) });
    keys.push(await parseMultikey(method.publicKeyMultibase, "publicKeyMultibase"));
  }
  return [did, keys];
}
