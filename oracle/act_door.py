"""Signed acts through the door that any member uses: `POST /v1/acts` of a ledger's API, until they are on the chain."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import httpx2

from carbonledger.accounting.lines import Line
from carbonledger.acts import Act, Signed
from carbonledger.errors import CarbonLedgerError, Refused

SAFE: Final = 2**53
TURNS: Final = 600


class NoAnswer(CarbonLedgerError):
    """The API does not answer, or not as it should; asking again may help."""


def signed_json(act: Act, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """An act and what its call takes beside it, as `POST /v1/acts` takes them (docs/formats/acts.md)."""
    fields = {name: _value(act[name]) for _, name in act.type.fields}
    return {"act": act.type.name, "fields": fields, "arguments": {k: _argument(v) for k, v in arguments.items()}}


class ActDoor:
    """One member's way to a ledger's API."""

    def __init__(self, http: httpx2.Client, pause: Callable[[], object]) -> None:
        """`http` has the API's URL as its base and the member's key; `pause` passes the time between two looks."""
        self._http = http
        self._pause = pause

    def carry(self, act: Act, arguments: Mapping[str, Any]) -> None:
        """Hand an act in and wait until it is in a block; Refused, saying why. The same act again is quiet."""
        answer = self._ask("POST", "/v1/acts", signed_json(act, arguments))
        for _ in range(TURNS):
            last = answer["carried"][-1]
            if last["succeeded"] is True:
                return
            if last["succeeded"] is False:
                raise Refused(f"the chain refused the {act.type.name}", expected="an act", found=last["reason"])
            self._pause()
            answer = self._ask("GET", f"/v1/acts/{act.id.hex()}", None)
        raise NoAnswer(f"the {act.type.name} is in no block yet", expected="a block", found="none", remedy="Ask again")

    def _ask(self, method: str, path: str, value: object) -> dict[str, Any]:
        try:
            answer = self._http.request(method, path, json=value) if value else self._http.request(method, path)
            said: dict[str, Any] = answer.json()
        except (httpx2.HTTPError, ValueError) as error:
            raise NoAnswer("the ledger's API", expected="an answer", found=str(error)[:200]) from error
        if answer.status_code not in (200, 202):
            found = f"{answer.status_code} {said.get('detail', '')} {said.get('found') or ''}".strip()
            raise Refused(f"the ledger's API refused {method} {path}", expected="202", found=found)
        return said


def _value(value: bytes | int | str) -> str | int:
    if isinstance(value, bytes):
        return value.hex()
    return str(value) if isinstance(value, int) and value >= SAFE else value


def _argument(value: Any) -> Any:
    match value:
        case Signed():
            return {"signer": value.signer.hex(), "signature": value.signature.hex()}
        case bytes():
            return value.hex()
        case Line():
            return value.to_json()
        case _:
            return [_argument(item) for item in value]
