"""A VM in a process of its own, as its partition calls it."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Any

import msgspec

from attorn.model.reference.hosting import RunState, Status
from attorn.model.reference.process import Child, spawn
from attorn.model.reference.records import Plan
from attorn.model.reference.refusals import PeerGone, Refused
from attorn.model.reference.vm_process import VmOptions
from attorn.model.reference.vmm.cpu_state import CpuRequirements
from attorn.model.reference.wire import Caller, Channel, pair

__all__ = ["RemoteVm"]


class RemoteVm:
    """The methods of ``Hosted``, done by the process of a VM."""

    def __init__(self, nursery: Path, options: VmOptions) -> None:
        ours, theirs = pair()
        given = msgspec.structs.replace(options, channel=theirs.fileno())
        self.child: Child = spawn(nursery, "vm_process", f"VM {options.vm}", given, (theirs, options.lifeline))
        theirs.close()
        self.expendable = False
        """Whether the firmware may have ended it, as its policy is."""
        self.caller = Caller(Channel(ours, f"the process of VM {options.vm}"), seconds=60.0)

    def _call(self, method: str, **arguments: Any) -> Any:
        try:
            return self.caller.call(method, **arguments)
        except PeerGone as error:
            if error.party != self.caller.channel.peer or self.expendable:
                raise
            os._exit(1)  # nobody took the process away: it has died, and this VMM with it

    def make(self, engine: str, plan: Plan) -> CpuRequirements:
        return msgspec.convert(self._call("make", engine=engine, plan=plan), CpuRequirements)

    def attach(self) -> None:
        self._call("attach")

    def boot(self, plan: Plan) -> None:
        self._call("boot", plan=plan)

    def start(self) -> None:
        self._call("start")

    def suspend(self) -> Status:
        return msgspec.convert(self._call("suspend"), Status)

    def capture(self) -> RunState:
        return msgspec.convert(self._call("capture"), RunState)

    def restore(self, state: RunState) -> None:
        self._call("restore", state=state)

    def release(self) -> None:
        self._call("release")

    def detach(self) -> None:
        self._call("detach")

    def status(self) -> Status:
        return msgspec.convert(self._call("status"), Status)

    def arm(self, point: str, visits: int = 1) -> None:
        self._call("arm", point=point, visits=visits)

    def reconnect(self) -> None:
        self._call("reconnect")

    def close(self) -> None:
        """End the process; what it held goes with it."""
        with contextlib.suppress(PeerGone, Refused):
            self.caller.call("close")
        self.caller.close()
        self.child.close()
