// What the steps share: the bundle, the policy, the code hashes to expect, and the records as far as proven.
import { Invalid, LedgerError } from "./errors.js";
import { sha256 } from "./crypto.js";
import { hex, utf8 } from "./bytes.js";
import { addressOf } from "./crypto.js";
import { EIP712, isOf } from "./note.js";
import { Proven } from "./proven.js";
import { say } from "./say.js";

export const objectId = async (identifier) => hex(await sha256(utf8(identifier)));

/** Id under which the chain keeps a note key: of a 0xff key its address, padded, else its key id. */
export const chainKeyId = (key) => (key.type === EIP712 ? "0".repeat(24) + addressOf(key.key.data) : key.key.id);

export class Context {
  static async of(bundle, policy, codeHashes) {
    const context = new Context();
    Object.assign(context, { bundle, policy, codeHashes });
    context.keys = new Map(bundle.log.keys.map((key) => [key.shortId, key]));
    const names = new Set([bundle.log.origin, ...bundle.entries.map((item) => item.body.signer)]);
    for (const unit of bundle.report?.units ?? []) names.add(unit);
    for (const device of bundle.report?.devices ?? []) names.add(device.identifier).add(device.unit);
    for (const { statement } of bundle.report?.months ?? []) names.add(statement.origin);
    context.ids = new Map();
    for (const name of names) context.ids.set(name, await objectId(name));
    return context;
  }

  /** Id (hex) of an identifier that is in the bundle. */
  idOf(identifier) {
    return this.ids.get(identifier);
  }

  get proven() {
    if (this.opened === undefined) {
      try {
        this.opened = new Proven(this.bundle.chain, this.bundle.report !== null);
      } catch (error) {
        if (!(error instanceof LedgerError)) throw error;
        this.opened = error;
      }
    }
    if (this.opened instanceof LedgerError) throw this.opened;
    return this.opened;
  }

  keyOf(item) {
    const key = this.keys.get(item.evidence.shortId);
    if (!key) {
      throw new Invalid(say`key of entry ${item.index}`, {
        expected: say`the public key ${item.evidence.shortId}`,
        found: "not in the bundle",
      });
    }
    return key;
  }

  /** The anchor that first covers a leaf, proven: [id, fields]. */
  anchorOf(index) {
    const { proven } = this;
    this.anchors ??= proven.chain.ofKind("anchor").toSorted((a, b) => (a.fields.size < b.fields.size ? -1 : 1));
    const found = this.anchors.find((anchor) => anchor.fields.size > BigInt(index));
    if (found && found.fields.previousSize <= BigInt(index)) return [found.id, proven.get("anchor", found.id)];
    throw new Invalid(say`anchor of entry ${index}`, {
      expected: "one with previousSize <= index < size",
      found: "none",
    });
  }

  /** The record of the report, proven: [id, fields]. */
  get report() {
    const { proven } = this;
    const found = proven.chain.ofKind("report");
    if (found.length !== 1) {
      throw new Invalid("records of the bundle", { expected: "one record 'report'", found: found.length });
    }
    return [found[0].id, proven.get("report", found[0].id)];
  }

  /** The keys of the checkpoint's lines that the policy knows: {log: [two], witnesses}; null where it leaves some out. */
  get noteKeys() {
    const { policy, bundle } = this;
    const log = this.logPolicy;
    if (!log || policy.witnesses === null) return null;
    const lines = bundle.log.note.signatures;
    return {
      log: [log.ed25519, log.eip712],
      witnesses: policy.witnesses.keys.filter((key) => lines.some((line) => isOf(key, line))),
    };
  }
  get logPolicy() {
    return this.policy.logs.find((log) => log.origin === this.bundle.log.origin) ?? null;
  }
}
