"""Requests to addresses that a reader of the API named: never into this node's own networks.

The name is resolved here, every address is judged, and the connection goes to the address that was judged: what the
name means a moment later does not matter. The certificate is still that of the name.
"""

from __future__ import annotations

import ipaddress
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Final
from urllib.parse import SplitResult, urlsplit

import httpx2

from api.posting import TIMEOUT_S
from carbonledger.errors import Malformed, Refused

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
MOST_URL: Final = 2048
MOST_SAID: Final = 200
_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")
_PORTS: Final = {"https": 443, "http": 80}


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, the header Retry-After, and the first bytes of a refusal."""

    status: int
    retry_after: str | None
    text: str


def _resolve(host: str, port: int) -> list[str]:
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


class Outside:
    """Posts to the public Internet, and to the private networks that the operator named."""

    def __init__(
        self,
        networks: Sequence[Network] = (),
        http: httpx2.Client | None = None,
        resolve: Callable[[str, int], list[str]] = _resolve,
    ) -> None:
        self._networks = tuple(networks)
        self._given = http
        self._resolve = resolve

    @cached_property
    def _http(self) -> httpx2.Client:
        # no connection is kept: it would be found again by its address, whatever name its certificate was of
        limits = httpx2.Limits(max_keepalive_connections=0)
        return self._given or httpx2.Client(timeout=TIMEOUT_S, follow_redirects=False, trust_env=False, limits=limits)

    def close(self) -> None:
        """Gives the connections back."""
        self._http.close()

    def require(self, url: str) -> tuple[SplitResult, str]:
        """The parts of an address and where it leads; Malformed or Refused for one that nothing is posted to."""
        parts = _parts(url)
        host = str(parts.hostname)
        try:
            found = [ipaddress.ip_address(one) for one in self._resolve(host, parts.port or _PORTS[parts.scheme])]
        except (OSError, ValueError, UnicodeError) as error:
            raise Refused(f"the host {host!r} has no address", expected="a name that resolves") from error
        inside = [one for one in found if not _is_public(one) and not self._is_named(one)]
        if inside or not found:
            raise Refused(
                "the address is private",
                expected="a public one",
                found=", ".join(map(str, inside)) or "none",
                remedy="Have the operator name its network in `webhooks.networks`",
            )
        if parts.scheme == "http" and not all(self._is_named(one) for one in found):
            raise Malformed("address of a webhook", expected="https://…", found="http")
        return parts, str(found[0])

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Post; redirects are not followed, and of a refusal no more than its beginning is read."""
        parts, address = self.require(url)
        host = f"[{address}]" if ":" in address else address
        port = "" if parts.port is None else f":{parts.port}"
        target = f"{parts.scheme}://{host}{port}{parts.path or '/'}" + (f"?{parts.query}" if parts.query else "")
        name = str(parts.hostname)
        sent = {**headers, "Host": (f"[{name}]" if ":" in name else name) + port}
        request = self._http.build_request(
            "POST", target, content=body, headers=sent, extensions={"sni_hostname": name, "timeout": _timeout()}
        )
        answer = self._http.send(request, stream=True)
        try:
            said = "" if answer.is_success else _beginning(answer)
        finally:
            answer.close()
        return Answer(answer.status_code, answer.headers.get("retry-after"), said)

    def _is_named(self, address: Address) -> bool:
        return any(address in network for network in self._networks)


def _timeout() -> dict[str, float]:
    return dict.fromkeys(("connect", "read", "write", "pool"), TIMEOUT_S)


def _beginning(answer: httpx2.Response) -> str:
    """What a refusal says first; who sends it byte by byte is not waited for."""
    ends = time.monotonic() + TIMEOUT_S
    begun = b""
    for piece in answer.iter_raw():
        begun += piece
        if len(begun) >= MOST_SAID or time.monotonic() > ends:
            break
    return begun[:MOST_SAID].decode("utf-8", "replace")


def _parts(url: str) -> SplitResult:
    wanted = f"https://HOST/…, at most {MOST_URL} characters, no user and no fragment"
    if len(url) > MOST_URL or not url.isascii() or not url.isprintable() or " " in url:
        raise Malformed("address of a webhook", expected=wanted, found=f"{len(url)} characters")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise Malformed("address of a webhook", expected=wanted, found=str(error)) from error
    plain = parts.scheme in _PORTS and parts.hostname and port != 0
    if not plain or "@" in parts.netloc or "\\" in url or parts.fragment or url.endswith("#"):
        raise Malformed("address of a webhook", expected=wanted, found=url[:120])
    return parts


def _is_public(address: Address) -> bool:
    """Whether it is of the public Internet, also what is embedded in it (RFC 4291 2.5.5.2, RFC 3056, RFC 6052)."""
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if address in _NAT64:
            inner = IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return _is_public(inner)
        if address.teredo is not None or address.is_site_local:
            return False
    return address.is_global and not (address.is_multicast or address.is_unspecified or address.is_reserved)
