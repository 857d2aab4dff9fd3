"""Ports of this machine that nobody listens on."""

import socket

_PORTS_TRIED = 50


def free_port(wanted: int) -> int:
    """`wanted`, or the next port above it that nobody listens on. Raises OSError when all of them are busy."""
    for port in range(wanted, wanted + _PORTS_TRIED):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise OSError(f"no free port from {wanted} to {wanted + _PORTS_TRIED - 1}")
