"""One change somewhere in a JSON document or in its bytes: what a forger, or a bad copy, would do."""

from __future__ import annotations

import base64
import copy
import json
import random
from collections.abc import Callable, Iterator
from typing import Any

from carbonledger import jcs


def places(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a JSON value but its root."""
    if at:
        yield at
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, item in members:
        yield from places(item, (*at, name))


def scalar(value: Any, rng: random.Random) -> Any:
    """A value like another, and not the same."""
    if isinstance(value, str):
        changes: list[Callable[[], Any]] = [
            lambda: value + rng.choice(("a", "0", " ", "é", "\0")),
            lambda: value[:-1] if value else "x",
            lambda: value.upper() + "0",
            lambda: flipped(value, rng),
            lambda: inner(value, rng),
            lambda: 1,
        ]
        return rng.choice(changes)()
    return rng.choice([value + 1 if isinstance(value, int) else 0, 0, -1, 2**53 - 1, "1", None, True, [value], {}])


def flipped(value: str, rng: random.Random) -> str:
    """One bit of base64, or one character."""
    try:
        raw = bytearray(base64.b64decode(value, validate=True))
        raw[rng.randrange(len(raw))] ^= 1 << rng.randrange(8)
        return base64.b64encode(bytes(raw)).decode()
    except (ValueError, IndexError):
        return value[::-1] + "0"


def inner(value: str, rng: random.Random) -> str:
    """A change within the JSON that a string holds."""
    if not value.startswith("{"):
        return value.lower() + "x"
    return jcs.encode(mutated(json.loads(value), rng)).decode()


def mutated(value: Any, rng: random.Random) -> Any:
    """One change somewhere."""
    made = copy.deepcopy(value)
    *path, last = rng.choice(list(places(made)))
    parent = made
    for name in path:
        parent = parent[name]
    item = parent[last]
    if not isinstance(item, (dict, list)):
        parent[last] = scalar(item, rng)
    elif isinstance(item, list) and item and rng.random() < 0.8:
        changes: list[Callable[[], Any]] = [item.reverse, lambda: item.append(copy.deepcopy(item[0])), item.pop]
        rng.choice(changes)()
    elif isinstance(item, dict) and item and rng.random() < 0.6:
        item.pop(rng.choice(sorted(item)))
    else:
        parent[last] = rng.choice([None, [], {}, 0, ""])
    return made


def one_byte(data: bytes, rng: random.Random) -> bytes:
    """The bytes with one bit flipped, one byte left out or put in, or the end cut off."""
    raw, at = bytearray(data), rng.randrange(len(data))
    match rng.randrange(8):
        case 0:
            del raw[at]
        case 1:
            raw.insert(at, rng.randrange(256))
        case 2:
            del raw[at:]
        case _:
            raw[at] ^= 1 << rng.randrange(8)
    return bytes(raw)
