"""The process of one VM: it answers its partition, maps what the firmware hands out, and executes the guest."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from attorn.model.reference.fault_points import Defect, FaultPoints
from attorn.model.reference.hosting import Hosted
from attorn.model.reference.link import Link
from attorn.model.reference.process import serve_until_orphaned
from attorn.model.reference.refusals import PeerGone
from attorn.model.reference.server import Server

__all__ = ["VmOptions", "hosted_methods"]


class VmOptions(msgspec.Struct, kw_only=True):
    """How the process of a VM is started; ``channel`` and ``lifeline`` are numbers of inherited handles."""

    lifeline: int
    firmware: str
    token: str
    vm: str
    channel: int = -1
    defects: tuple[Defect, ...] = ()


def hosted_methods(hosted: Hosted) -> tuple[Callable[..., Any], ...]:
    """What the process of a VM answers."""
    return (
        hosted.make, hosted.costly, hosted.prepare, hosted.attach, hosted.boot, hosted.start, hosted.suspend,
        hosted.capture, hosted.load, hosted.restore, hosted.release, hosted.detach, hosted.close, hosted.status,
        hosted.arm, hosted.reconnect,
    )  # fmt: skip


def serve(given: str) -> None:
    """Serve as the VM's process."""
    options = msgspec.json.decode(given, type=VmOptions)
    firmware = Link(Path(options.firmware), "the firmware", options.token, options.vm)
    try:
        firmware.reconnect()
    except PeerGone:
        os._exit(1)  # the partition sees that, and tells
    hosted = Hosted(firmware, options.vm, FaultPoints(frozenset(options.defects)))
    server = Server(f"the process of VM {options.vm}", hosted_methods(hosted))
    server.on_gone = lambda channel: os._exit(0)  # nobody is left to answer to
    server.add(socket.socket(fileno=options.channel), "the partition")
    serve_until_orphaned(server, options.lifeline)
