// Block headers as the chain hashes them: RLP of 15 to 21 fields, by fork.
import { Malformed } from "./errors.js";
import { hex } from "./bytes.js";
import { keccak } from "./crypto.js";
import * as rlp from "./rlp.js";
import { say } from "./say.js";

// name, bytes of a string or null, bits of a number or null
const FIELDS = [
  ["parent_hash", 32, null], ["uncles_hash", 32, null], ["coinbase", 20, null], ["state_root", 32, null],
  ["transactions_root", 32, null], ["receipts_root", 32, null], ["logs_bloom", 256, null], ["difficulty", null, 256],
  ["number", null, 64], ["gas_limit", null, 64], ["gas_used", null, 64], ["timestamp", null, 64],
  ["extra_data", undefined, null], ["mix_hash", 32, null], ["nonce", 8, null], ["base_fee_per_gas", null, 256],
  ["withdrawals_root", 32, null], ["blob_gas_used", null, 64], ["excess_blob_gas", null, 64],
  ["parent_beacon_block_root", 32, null], ["requests_hash", 32, null],
];
const COUNTS = [15, 16, 17, 20, 21];
const EXTRA_DATA = 12;
const SHANGHAI = 17;

export class Header {
  static parse(raw) {
    const items = rlp.asList(rlp.decode(raw, "block header", 64 << 10), "block header");
    if (!COUNTS.includes(items.length)) {
      throw new Malformed("block header", { expected: "15, 16, 17, 20 or 21 fields", found: items.length });
    }
    const values = {};
    items.forEach((item, at) => {
      const [name, size, bits] = FIELDS[at];
      const what = say`${name} of a block header`;
      values[name] = bits === null ? rlp.asBytes(item, what, size) : rlp.asInt(item, what, bits);
    });
    const header = new Header();
    header.items = items;
    header.number = values.number;
    header.timestamp = values.timestamp;
    header.stateRoot = hex(values.state_root);
    header.extraData = values.extra_data;
    header.fromShanghai = items.length >= SHANGHAI;
    return header;
  }

  encodeWith(extraData) {
    return rlp.encode(this.items.map((item, at) => (at === EXTRA_DATA ? extraData : item)));
  }

  get blockHash() {
    return keccak(rlp.encode(this.items));
  }
}
