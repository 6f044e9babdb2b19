"""The scheduler of a running Dask cluster: its address, and a check that it answers."""

from __future__ import annotations

import contextlib
import ipaddress
import json
import logging
import socket
import time
from collections.abc import Iterator
from pathlib import Path

from harness.components.executor import LostWorkers
from harness.components.fault import said

CONNECT = 10.0
"""Longest time to the first answer of a scheduler, in seconds."""


def address_of(scheduler: str) -> str:
    """Return the address of a scheduler.

    Args:
        scheduler: The address, or the path of a scheduler file.

    Raises:
        LostWorkers: If the file does not exist, or is not a scheduler file.
    """
    path = Path(scheduler)
    try:
        if not path.is_file():
            if "://" not in scheduler and path.suffix == ".json":
                why = "a scheduler that is started with it writes it"
                raise LostWorkers(f"there is no scheduler file {scheduler}; {why}")
            return scheduler
        return str(json.loads(path.read_text(encoding="utf-8"))["address"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise LostWorkers(f"{scheduler} is no scheduler file: {said(error)}") from error


def unprotected(address: str) -> str:
    """Return why a scheduler's address is open to others, or an empty string if it is not.

    >>> unprotected("tcp://10.0.0.1:8786")[:40]
    'tcp://10.0.0.1:8786 is neither encrypted'
    >>> unprotected("tls://10.0.0.1:8786"), unprotected("tcp://127.0.0.1:8786"), unprotected("localhost:8786")
    ('', '', '')
    """
    from distributed.comm.addressing import parse_address, parse_host_port

    try:
        protocol, where = parse_address(address)
        host, _ = parse_host_port(where)
        loopback = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:  # the name of a host, or no address, which is refused when it is joined
        loopback = False
    if protocol != "tcp" or loopback:
        return ""
    return (
        f"{address} is neither encrypted nor authenticated: whoever reaches it can run code here and on its workers; "
        "use tls:// unless the network is yours alone"
    )


def greet(address: str) -> None:
    """Check that a scheduler answers at an address.

    This comes before a client of Dask is made. A client without a scheduler waits for two minutes when it is closed,
    even after an interrupt.

    Raises:
        LostWorkers: If there is no scheduler.
    """
    import asyncio  # takes longer to import than this whole module without it

    try:
        _knock(address)
        with _silence():
            asyncio.run(asyncio.wait_for(_identity(address), CONNECT + 2))  # so that its own error comes first
    except Exception as error:  # another program may listen there and answer with anything
        raise LostWorkers(
            f"no Dask scheduler answers at {address} ({_why(error)}); start one (dask scheduler), or mend --scheduler"
        ) from error


def _why(error: BaseException) -> str:
    """Return the message of the operating system, which Dask wraps into errors of its own."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.strerror:
            return cause.strerror
        cause = cause.__cause__ or cause.__context__
    if isinstance(error, OSError):  # as those of Dask, and of time that is over, are
        return f"nothing in {CONNECT:g} s"
    return str(error) if isinstance(error, ValueError) else "something else does"


def _knock(address: str) -> None:
    """Connect to an address. The errors of the operating system are clearer than those of Dask.

    Raises:
        OSError: If no program listens in time.
        ValueError: If it is no address.
    """
    from distributed.comm.addressing import parse_address, parse_host_port

    protocol, where = parse_address(address)
    if protocol not in ("tcp", "tls"):
        return
    host_and_port = parse_host_port(where)
    until = time.monotonic() + CONNECT
    while True:
        try:
            socket.create_connection(host_and_port, timeout=max(until - time.monotonic(), 0.1)).close()
        except OSError:  # it may be about to start
            if time.monotonic() + 0.2 >= until:
                raise
            time.sleep(0.2)
        else:
            return


async def _identity(address: str) -> None:
    from distributed.core import rpc
    from distributed.security import Security

    async with rpc(address, connection_args=Security().get_connection_args("client"), timeout=CONNECT) as scheduler:
        found = await scheduler.identity()
    if not isinstance(found, dict) or found.get("type") != "Scheduler":
        raise ValueError("it is none")


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """Suppress the log of Dask, which prints a traceback for each connection that fails."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(before)
