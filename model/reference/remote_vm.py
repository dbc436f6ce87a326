"""A VM in a process of its own, as its partition calls it."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Any, NoReturn

import msgspec

from attorn.model.reference.hosting import RunState, Status
from attorn.model.reference.process import Child, spawn
from attorn.model.reference.records import Plan
from attorn.model.reference.refusals import PeerGone, Refused
from attorn.model.reference.vm_process import VmOptions
from attorn.model.reference.vmm.cpu_state import CpuState
from attorn.model.reference.wire import Call, Caller, Channel, close_all, pair

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
        self._costly: tuple[int, ...] = ()

    def _call(self, method: str, **arguments: Any) -> Any:
        try:
            return self.caller.call(method, **arguments)
        except PeerGone as error:
            self._lost(error)

    def _lost(self, error: PeerGone) -> NoReturn:
        if error.party != self.caller.channel.peer or self.expendable:
            raise error
        os._exit(1)  # nobody took the process away: it has died, and this VMM with it

    def _asked(self, method: str, **arguments: Any) -> Status:
        return msgspec.convert(self._call(method, **arguments), Status)

    def make(self, engine: str, plan: Plan) -> Status:
        status = self._asked("make", engine=engine, plan=plan)
        # Held here too, so that nobody waits for their end when the firmware ends the process.
        _, self._costly = self.caller.call_for_handles("costly")
        return status

    def prepare(self) -> Status:
        return self._asked("prepare")

    def attach(self) -> Status:
        return self._asked("attach")

    def boot(self, plan: Plan) -> None:
        self._call("boot", plan=plan)

    def start(self) -> Status:
        return self._asked("start")

    def suspend(self) -> Status:
        return self._asked("suspend")

    def capture(self) -> RunState:
        return msgspec.convert(self._call("capture"), RunState)

    def load(self, cpu: CpuState) -> None:
        with contextlib.suppress(PeerGone):  # whoever asks next finds out
            self.caller.begin(Call("load", {"cpu": cpu}))

    def foresee(self, *calls: Call) -> None:
        try:
            self.caller.foresee(*calls)
        except PeerGone as error:
            self._lost(error)

    def restore(self, state: RunState) -> Status:
        return self._asked("restore", state=state)

    def release(self) -> Status:
        return self._asked("release")

    def detach(self) -> Status:
        return self._asked("detach")

    def status(self) -> Status:
        return self._asked("status")

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
        close_all(self._costly)
        self._costly = ()
