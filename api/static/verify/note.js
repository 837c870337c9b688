// C2SP signed notes, verifier keys and checkpoints; the three types of line: 0x01, 0x04, 0xff.
import { Invalid, Malformed, Unknown, quoted } from "./errors.js";
import { Reader, concat, equal, hex, unbase64, utf8, word } from "./bytes.js";
import { PublicKey, keccak, recoverPublicKey, sha256 } from "./crypto.js";
import { digestUnder } from "./eip712.js";
import { say } from "./say.js";

export const ED25519 = 0x01;
export const COSIGNATURE = 0x04;
export const EIP712 = 0xff;

const LABEL = utf8("carbonledger/eip712");
const PREFIX = "— ";
const MAX_SIGNATURES = 100;
// white space and control characters as the command's language counts them
const NOT_IN_NAMES = /[\u0000-\u0020\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000+]/;
const EMPTY_ROOT = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
const CHECKPOINT_TYPE = "Checkpoint(string origin,uint64 size,bytes32 root)";

function requireName(name) {
  if (!name || NOT_IN_NAMES.test(name) || !name.isWellFormed()) {
    throw new Malformed("not a key name of a note", {
      expected: "no space, plus or control character",
      found: quoted(name),
    });
  }
}

function requireText(text) {
  if (!text.endsWith("\n")) throw new Malformed("the note's text does not end in a newline");
  if (/[\x00-\x09\x0b-\x1f]/.test(text)) {
    throw new Malformed("the note's text holds a control character", { expected: "none but newline" });
  }
}

/** A note: `text` ends in a newline; `signatures` [{name, keyHash, payload}]. */
export function parseNote(whole) {
  const cut = whole.lastIndexOf("\n\n");
  if (cut < 0) throw new Malformed("the note has no signatures", { expected: "a blank line before the signature lines" });
  const text = whole.slice(0, cut + 1);
  requireText(text);
  const lines = whole.slice(cut + 2);
  if (!lines.endsWith("\n")) throw new Malformed("the signature lines do not end in a newline");
  const each = lines.slice(0, -1).split("\n");
  if (each.length > MAX_SIGNATURES) {
    throw new Malformed("a note has too many signatures", { expected: say`at most ${MAX_SIGNATURES}`, found: each.length });
  }
  return { text, signatures: each.map(parseLine) };
}

function parseLine(line) {
  const parts = line.startsWith(PREFIX) ? line.slice(PREFIX.length).split(" ") : [];
  if (parts.length !== 2) {
    throw new Malformed("not a signature line of a note", {
      expected: "'— <name> <base64>' and a newline",
      found: quoted(line),
    });
  }
  const blob = unbase64(parts[1], "the signature of a note");
  requireName(parts[0]);
  if (blob.length < 5) throw new Malformed("a signature line is too short");
  return { name: parts[0], keyHash: hex(blob.subarray(0, 4)), payload: blob.subarray(4) };
}

/** A checkpoint {origin, size (BigInt), root (bytes), extensions}. */
export function parseCheckpoint(text) {
  const lines = text.slice(0, -1).split("\n");
  if (lines.length < 3) throw new Malformed("the checkpoint has too few lines", { expected: "origin, size, root" });
  const [origin, decimal, root64, ...extensions] = lines;
  if (!/^(0|[1-9][0-9]{0,19})$/.test(decimal) || BigInt(decimal) >= 1n << 64n) {
    throw new Malformed("the size of a checkpoint is not a plain decimal", { found: quoted(decimal) });
  }
  const size = BigInt(decimal);
  const root = unbase64(root64, "the root of a checkpoint", 32);
  if (!origin) throw new Malformed("the origin of a checkpoint is not one line");
  if (size === 0n && hex(root) !== EMPTY_ROOT) {
    throw new Malformed("an empty log has another root", { expected: EMPTY_ROOT, found: hex(root) });
  }
  if (extensions.some((line) => !line)) throw new Malformed("an extension line of a checkpoint is empty");
  return { origin, size, root, extensions };
}

/** `name+hex(key hash)+base64(type || public key)`. */
export async function parseVerifierKey(vkey) {
  const [name, hash, ...rest] = typeof vkey === "string" ? vkey.split("+") : [];
  if (!rest.length || !/^[0-9a-f]{8}$/.test(hash)) {
    throw new Malformed("not a verifier key", { expected: "<name>+<8 hex digits>+<base64>", found: quoted(vkey, 200) });
  }
  const encoded = unbase64(rest.join("+"), "the verifier key");
  requireName(name);
  if (hex((await sha256(utf8(name + "\n"), encoded)).subarray(0, 4)) !== hash) {
    throw new Malformed("the verifier key's hash is not its own", { found: hash });
  }
  const type = encoded[0];
  const labelled = concat(Uint8Array.of(EIP712), LABEL);
  let key;
  if (type === ED25519 || type === COSIGNATURE) key = await PublicKey.of("ed25519", encoded.subarray(1));
  else if (equal(encoded.subarray(0, labelled.length), labelled)) {
    key = await PublicKey.of("es256k", encoded.subarray(labelled.length));
  } else throw new Unknown("no such type of note signature", { expected: "0x01, 0x04 or 0xff", found: type });
  return { name, type, key, keyHash: hash, text: vkey };
}

export const isOf = (key, line) => key.name === line.name && key.keyHash === line.keyHash;

/** Throws unless this line of this key verifies over the checkpoint. `chainId` is needed for type 0xff. */
export async function checkLine(note, key, line, chainId) {
  try {
    if (key.type === ED25519) return await key.key.verify(utf8(note.text), line.payload);
    if (key.type === COSIGNATURE) return await checkCosignature(note.text, key, line.payload);
    const head = parseCheckpoint(note.text);
    if (head.extensions.length) throw new Malformed("checkpoint", { expected: "no extension lines" });
    const struct = keccak(keccak(utf8(CHECKPOINT_TYPE)), keccak(utf8(head.origin)), word(head.size), head.root);
    const found = recoverPublicKey(digestUnder(chainId, struct), line.payload);
    if (!equal(found, key.key.data)) {
      throw new Invalid("another key signed it", { expected: hex(key.key.data), found: hex(found) });
    }
  } catch (error) {
    throw new Invalid(say`line of ${line.name} on the checkpoint: ${error}`);
  }
  return undefined;
}

async function checkCosignature(text, key, payload) {
  if (payload.length !== 72) {
    throw new Malformed("not a cosignature", { expected: "72 bytes", found: say`${payload.length} bytes` });
  }
  const time = new Reader(payload.subarray(0, 8), "cosignature").u64();
  if (time >= 1n << 63n) throw new Malformed("the cosignature's time is out of range", { found: time });
  await key.key.verify(utf8(`cosignature/v1\ntime ${time}\n${text}`), payload.subarray(8));
}
