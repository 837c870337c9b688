// Points of edwards25519, only as far as keys must be judged: canonical, and of prime order (RFC 8032 5.1.3).
// WebCrypto verifies the signatures; it does not say whether a key has a small or mixed order.
import { numberOf } from "./bytes.js";

const P = 2n ** 255n - 19n;
const L = 2n ** 252n + 27742317777372353535851937790883648493n;
const D = mod(-121665n * inverse(121666n));
const ROOT = power(2n, (P - 1n) / 4n);

/** Whether 32 bytes are a canonical point of prime order. */
export function isPrimeOrderKey(bytes) {
  const point = decode(bytes);
  return point !== null && !isIdentity(point) && isIdentity(times(point, L));
}

/** Whether 32 bytes are a point whose order divides the cofactor. */
export function hasSmallOrder(bytes) {
  const point = decode(bytes);
  return point !== null && isIdentity(times(point, 8n));
}

function decode(bytes) {
  const y = numberOf(Uint8Array.from(bytes).reverse()) & ((1n << 255n) - 1n);
  if (y >= P) return null;
  const sign = BigInt(bytes[31] >> 7);
  const u = mod(y * y - 1n);
  const v = mod(D * y * y + 1n);
  let x = mod(u * v ** 3n * power(mod(u * v ** 7n), (P - 5n) / 8n));
  const check = mod(v * x * x);
  if (check === mod(-u)) x = mod(x * ROOT);
  else if (check !== u) return null;
  if (x === 0n && sign) return null;
  if ((x & 1n) !== sign) x = P - x;
  return [x, y, 1n, mod(x * y)];
}

function add([x1, y1, z1, t1], [x2, y2, z2, t2]) {
  const a = mod((y1 - x1) * (y2 - x2));
  const b = mod((y1 + x1) * (y2 + x2));
  const c = mod(2n * D * t1 * t2);
  const d = mod(2n * z1 * z2);
  const [e, f, g, h] = [b - a, d - c, d + c, b + a];
  return [mod(e * f), mod(g * h), mod(f * g), mod(e * h)];
}

function times(point, scalar) {
  let result = [0n, 1n, 1n, 0n];
  for (let p = point, s = scalar; s > 0n; s >>= 1n, p = add(p, p)) if (s & 1n) result = add(result, p);
  return result;
}

function isIdentity([x, y, z]) {
  return mod(x) === 0n && mod(y - z) === 0n;
}
function mod(value) {
  const rest = value % P;
  return rest < 0n ? rest + P : rest;
}
function power(base, exponent) {
  let result = 1n;
  for (let b = mod(base), e = exponent; e > 0n; e >>= 1n, b = mod(b * b)) if (e & 1n) result = mod(result * b);
  return result;
}
function inverse(value) {
  return power(value, P - 2n);
}
