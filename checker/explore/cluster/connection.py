"""The connection to Ray: a cluster that is there, or one of our own on this machine, which leaves nothing behind."""

from __future__ import annotations

import importlib
import logging
import os
import re
import secrets
import shutil
import socket
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from attorn.checker.explore.options import Options
from attorn.spec.errors import BadInput

__all__ = ["OWN", "connected", "gathered", "imported"]

OWN = "auto"
ADDRESS, TOKEN = "RAY_ADDRESS", "RAY_AUTH_TOKEN"
QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",  # nothing is told to anybody
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",  # no warning of what will change for graphics cards
    "RAY_DEDUP_LOGS_SKIP_REGEX": ".*",  # what workers and Ray itself print is not ours; read when Ray is imported
    "RAY_worker_niceness": "0",  # a search is no background work
    "RAY_IGNORE_UNHANDLED_ERRORS": "1",  # of a team that was given up
}
SETTINGS = b"\x04"  # the type of the frame that begins what either side of HTTP/2, which Ray speaks, says
HELLO = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0" + SETTINGS + b"\0\0\0\0\0"
TRIES = 3
PATIENCE = 5.0  # seconds for a machine to answer


def imported() -> Any:
    """The library; raises BadInput where it is missing."""
    try:
        return importlib.import_module("ray")
    except ImportError as error:
        raise BadInput(
            f"--cluster needs Ray, which cannot be imported ({error}). Install it: pip install 'attorn[cluster]'."
        ) from error


@contextmanager
def connected(cluster: str, workers: int | None = None) -> Iterator[Any]:
    """While open, Ray is there: it is given. Within another connection, that one is used.

    cluster: HOST:PORT of a cluster; or ``auto``: the one that RAY_ADDRESS names, else one of our own on this machine,
             with so many workers, as many as it has cores by default.

    Raises BadInput where Ray is missing or no cluster answers.
    """
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    ray = imported()
    if ray.is_initialized():
        yield ray
        return
    address = os.environ.get(ADDRESS, OWN) if cluster == OWN else cluster
    with ExitStack() as stack:
        how: dict[str, Any] = {"address": address}
        if address == OWN:
            # Paths of sockets must be short, so not where the user keeps temporary files.
            folder = tempfile.mkdtemp(prefix="attorn-", dir="/tmp" if Path("/tmp").is_dir() else None)
            stack.callback(shutil.rmtree, folder, ignore_errors=True)
            if not (Path.home() / ".ray" / "auth_token").exists():  # Ray would keep one there
                os.environ.setdefault(TOKEN, secrets.token_hex(32))
            how = {"address": "local", "num_cpus": workers, "include_dashboard": False, "_temp_dir": folder}
        else:
            _probe(address)
        stack.callback(ray.shutdown)
        _begin(ray, **how)
        yield ray


def _begin(ray: Any, **how: Any) -> None:
    """Connect, or begin a cluster of our own: again where Ray lost patience with a machine that is busy."""
    logging.getLogger("ray").setLevel(logging.ERROR)
    own = how["address"] == "local"
    for left in reversed(range(TRIES if own else 1)):
        try:
            ray.init(**how, logging_level=logging.ERROR, log_to_driver=False)
            return
        except Exception as error:  # Ray raises just that, too.
            ray.shutdown()
            if not left:
                where = "can be begun on this machine" if own else f"at {how['address']}"
                raise BadInput(f"no Ray cluster {where}: {' '.join(str(error).split())}") from error


def _probe(address: str) -> None:
    """Raise BadInput where nobody answers, sooner than Ray would."""
    found = re.fullmatch(r"(?P<host>[^:/\s]+|\[[^]]+\]):(?P<port>\d+)", address)
    if not found:
        raise BadInput(
            f"`{address}` is no address of a cluster. Write HOST:PORT, as `ray start --head` prints it, or "
            f"{OWN} for one on this machine."
        )
    try:
        with socket.create_connection((found["host"].strip("[]"), int(found["port"])), PATIENCE) as there:
            there.settimeout(PATIENCE)
            there.sendall(HELLO)
            if there.recv(4)[3:] != SETTINGS:
                raise OSError("what answers is no Ray cluster")
    except (OSError, OverflowError) as error:
        raise BadInput(
            f"no Ray cluster answers at {address} ({error}). Begin one with `ray start --head --port "
            f"{found['port']}` there, or choose {OWN} for one on this machine."
        ) from error


@contextmanager
def gathered(options: Options) -> Iterator[Options]:
    """While open, there is what a search with these options needs: a cluster, and a folder that all of it shares.

    Raises BadInput as ``connected`` does, and where there are several machines and no folder is given.
    """
    assert options.cluster is not None
    with ExitStack() as stack:
        ray = stack.enter_context(connected(options.cluster, options.workers))
        if options.checkpoint is not None:
            yield replace(options, checkpoint=options.checkpoint.resolve())
            return
        machines = sum(node["Alive"] for node in ray.nodes())
        if machines > 1:
            raise BadInput(
                f"the cluster has {machines} machines, which need a folder that all of them share. Give it: "
                "--checkpoint DIR."
            )
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="attorn-"))
        yield replace(options, checkpoint=Path(folder))
