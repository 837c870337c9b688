"""A listening socket, bound before anybody is told the address."""

from __future__ import annotations

import socket

from carbonledger.errors import Refused


def listening(name: str, host: str, port: int) -> socket.socket:
    """Bound to the address, port 0 for a free one; Refused if it is taken or is none of this machine."""
    # named TCP, so that asyncio turns Nagle's delay off
    door = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        door.bind((host, port))
    except OSError as error:
        door.close()
        found = f"{host}:{port}: {error.strerror or error}"
        raise Refused(f"the {name} cannot listen", expected="a free address of this machine", found=found) from error
    return door


def url_of(door: socket.socket) -> str:
    """The http URL of a bound socket."""
    host, port = door.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
