"""Free TCP ports for private servers."""

from __future__ import annotations

import random
import socket

# Below the ports that systems lend to outgoing connections (from 32768), so that a server
# which was stopped finds its port free when it comes back.
LOWEST = 20_000
HIGHEST = 32_000
TRIES = 200


def is_free(port: int, host: str = "127.0.0.1") -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def free_ports(count: int) -> list[int]:
    """`count` different ports on which nobody listens now. Raises OSError when there are none."""
    found: list[int] = []
    for port in random.sample(range(LOWEST, HIGHEST), TRIES):
        if is_free(port):
            found.append(port)
        if len(found) == count:
            return found
    raise OSError(f"no {count} free TCP ports between {LOWEST} and {HIGHEST}")


def accepts(port: int, host: str = "127.0.0.1", timeout_s: float = 1.0) -> bool:
    """Whether somebody listens there."""
    with socket.socket() as probe:
        probe.settimeout(timeout_s)
        return probe.connect_ex((host, port)) == 0
