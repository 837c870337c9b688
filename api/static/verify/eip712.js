// EIP-712 digests in the ledger's domain: name "carbonledger", version "1", chain id.
import { utf8, word } from "./bytes.js";
import { keccak } from "./crypto.js";

const DOMAIN_TYPE = "EIP712Domain(string name,string version,uint256 chainId)";

/** keccak256(0x19 0x01 || separator || struct hash). */
export function digestUnder(chainId, structHash) {
  const separator = keccak(
    keccak(utf8(DOMAIN_TYPE)),
    keccak(utf8("carbonledger")),
    keccak(utf8("1")),
    word(chainId),
  );
  return keccak(Uint8Array.of(0x19, 0x01), separator, structHash);
}
