"""What comes through the door: envelopes with signed entries, as JSON or lines of JSON (docs/formats/intake.md)."""

from __future__ import annotations

import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal, NamedTuple

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from carbonledger.entry import MAX_BATCH
from carbonledger.errors import Malformed

JSON: Literal["application/json"] = "application/json"
LINES: Literal["application/x-ndjson"] = "application/x-ndjson"
CONTENT_TYPES = (JSON, LINES)


class Single(NamedTuple):
    """One signed body R with its evidence A."""

    r: bytes
    a: bytes


class Batch(NamedTuple):
    """Bodies of one device, sequences from `first`, under one signature; `key` is the key's short id."""

    device: str
    first: int
    bodies: tuple[bytes, ...]
    key: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class Unreadable:
    """An envelope that could not be read; `raw` are its bytes."""

    raw: bytes
    reason: str
    expected: str
    found: str


Item = Single | Batch | Unreadable


class _BatchJson(Struct, forbid_unknown_fields=True):
    device: str
    first: Annotated[int, Meta(ge=0, lt=2**53)]
    bodies: Annotated[list[str], Meta(min_length=1, max_length=MAX_BATCH)]
    key: Annotated[str, Meta(min_length=16, max_length=16)]
    signature: bytes


class _EnvelopeJson(Struct, forbid_unknown_fields=True):
    r: str | UnsetType = UNSET
    a: bytes | UnsetType = UNSET
    batch: _BatchJson | UnsetType = UNSET


_one = msgspec.json.Decoder(_EnvelopeJson)
_many = msgspec.json.Decoder(list[_EnvelopeJson])
_raw_many = msgspec.json.Decoder(list[msgspec.Raw])
_encoder = msgspec.json.Encoder()


def decode(body: bytes, content_type: str) -> list[Item]:
    """The envelopes of a request body, in order; a bad one among good ones comes as `Unreadable`.

    Raises Malformed if the body as a whole is not JSON, or the content type is not one of CONTENT_TYPES.
    """
    try:
        if content_type == LINES:
            return [_item(envelope) for envelope in _one.decode_lines(body)]
        if body.lstrip()[:1] == b"[":
            return [_item(envelope) for envelope in _many.decode(body)]
        return [_item(_one.decode(body))]
    except (msgspec.DecodeError, UnicodeDecodeError, binascii.Error, Malformed, RecursionError) as error:
        return _one_by_one(body, content_type, error)


def _one_by_one(body: bytes, content_type: str, cause: Exception) -> list[Item]:
    if content_type == LINES:
        pieces: Sequence[bytes] = [line for line in body.split(b"\n") if line.strip()]
    elif content_type != JSON:
        raise Malformed("content type", expected=" or ".join(CONTENT_TYPES), found=content_type)
    elif body.lstrip()[:1] == b"[":
        try:
            pieces = [bytes(piece) for piece in _raw_many.decode(body)]
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise Malformed("request body", expected="a JSON array of envelopes", found=str(error)) from error
    else:
        try:
            msgspec.json.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise Malformed("request body", expected="one JSON envelope or an array", found=str(error)) from cause
        pieces = [body]
    return [_read(piece) for piece in pieces]


def _read(piece: bytes) -> Item:
    try:
        return _item(_one.decode(piece))
    except (msgspec.DecodeError, UnicodeDecodeError, binascii.Error, RecursionError) as error:
        return Unreadable(piece, "envelope", '{"r","a"} or {"batch":{…}} as in docs/formats/intake.md', str(error))
    except Malformed as error:
        return Unreadable(piece, error.message, str(error.expected), str(error.found))


def _item(envelope: _EnvelopeJson) -> Item:
    r, a, batch = envelope.r, envelope.a, envelope.batch
    if r is not UNSET and a is not UNSET and batch is UNSET:
        return Single(_body(r), a)
    if batch is not UNSET and r is UNSET and a is UNSET:
        try:
            key = bytes.fromhex(batch.key)
        except ValueError as error:
            raise Malformed("field 'key' of a batch", expected="16 hex digits", found=repr(batch.key)) from error
        bodies = tuple([_body(text) for text in batch.bodies])
        return Batch(batch.device, batch.first, bodies, key, batch.signature)
    present = [name for name in ("r", "a", "batch") if getattr(envelope, name) is not UNSET]
    raise Malformed("envelope", expected="either 'r' and 'a', or 'batch'", found=" ".join(present) or "neither")


def _body(text: str) -> bytes:
    if text[:1] == "{":
        try:
            return text.encode()
        except UnicodeEncodeError as error:
            raise Malformed("field 'r'", expected="valid Unicode", found="a lone surrogate") from error
    try:
        return binascii.a2b_base64(text, strict_mode=True)
    except (binascii.Error, ValueError) as error:
        raise Malformed("field 'r'", expected="the JSON text of R, or R in base64", found=str(error)) from error


def encode(items: Sequence[Single | Batch], content_type: str = JSON) -> bytes:
    """The request body for these envelopes; the inverse of `decode`."""
    objects = [to_json(item) for item in items]
    return _encoder.encode_lines(objects) if content_type == LINES else _encoder.encode(objects)


def to_json(item: Single | Batch) -> dict[str, object]:
    """One envelope as a JSON object; bodies as text where they are valid UTF-8 JSON objects, else base64."""
    if isinstance(item, Single):
        return {"r": _text(item.r), "a": item.a}
    return {
        "batch": {
            "device": item.device,
            "first": item.first,
            "bodies": [_text(body) for body in item.bodies],
            "key": item.key.hex(),
            "signature": item.signature,
        }
    }


def _text(body: bytes) -> str:
    try:
        text = body.decode()
    except UnicodeDecodeError:
        text = ""
    return text if text[:1] == "{" else binascii.b2a_base64(body, newline=False).decode()
