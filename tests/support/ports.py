"""Ports for programs that tests start and that cannot be handed an open socket."""

from __future__ import annotations

import random
import socket

_FIRST, _END = 20_000, 32_000
"""Below what systems give to whoever asks for any port (Linux: from 32,768), so that no connection takes one first."""


def free_port() -> int:
    """A port on loopback that is free now."""
    while True:
        port = random.SystemRandom().randrange(_FIRST, _END)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
