"""What an eager driver has done ahead of its plan, so that a VM that stands still waits for fewer messages.

Nothing is done that the plan would not come to, nor in another order where that could be seen: what one party does
without a word from another comes in one message, and what parties do that does not touch goes on side by side. What
was asked ahead is answered when the plan comes to it. Whoever turns back instead finds out, as always, by asking.
"""

from __future__ import annotations

import contextlib
import os
import struct

from attorn.model.reference.parties import Parties, Scene
from attorn.model.reference.revocation import Policy
from attorn.model.reference.wire import Call
from attorn.spec.handover import Arrival

__all__ = ["AHEAD", "Awake", "Foresight"]

AHEAD = {
    "describe": ("transfer",),
    "unlock": ("unmap", "reassign"),
    "unmap": ("reassign",),
    "map": ("create", "resume"),
}
"""Steps that may have happened with another one, if somebody dies meanwhile."""

LATENCY = "/dev/cpu_dma_latency"


class Foresight:
    """Asks ahead, step by step."""

    def __init__(self, parties: Parties, policy: Policy) -> None:
        self._parties = parties
        self._policy = policy

    def suspending(self, vm: str, source: str, target: str) -> None:
        """The source suspends and describes."""
        calls = Call("suspend", {"vm": vm, "target": target, "describing": True}), Call("describe", {"vm": vm})
        self._parties.link(source).foresee(*calls)

    def described(self, vm: str, source: str) -> None:
        """The source hears that the description is durable, and hands it out."""
        self._parties.link(source).foresee(Call("described", {"vm": vm}), Call("transfer", {"vm": vm}))

    def releasing(self, vm: str, scene: Scene) -> None:
        """The source gives its VM up; meanwhile the firmware takes the memory, unless it must wait for the source."""
        if self._policy is Policy.NONE:
            return  # nothing is taken
        if not scene.source.status.has_disk and self._policy is not Policy.COOPERATE:
            self._parties.firmware.begin(*self._revocation(vm, scene))
        calls = Call("unlock", {"vm": vm}), Call("unmap", {"vm": vm, "policy": self._policy})
        self._parties.link(scene.grant.source).foresee(*calls)

    def revoking(self, vm: str, scene: Scene) -> None:
        """The firmware takes the memory from the source and reassigns it; the destination loads its vCPU meanwhile."""
        calls = self._revocation(vm, scene)
        if not self._parties.firmware.has_begun(*calls):
            self._parties.firmware.begin(*calls)
        if scene.target.arrival is Arrival.RECEIVED:
            self._parties.link(scene.destination).call("load", vm=vm)
        self._parties.firmware.foresee(*calls)

    def taking_over(self, vm: str, target: str) -> None:
        """The destination maps, creates and resumes."""
        self._parties.link(target).foresee(*(Call(each, {"vm": vm}) for each in ("map", "create", "resume")))

    def _revocation(self, vm: str, scene: Scene) -> tuple[Call, Call]:
        revocation = {"vm": vm, "partition": scene.grant.source, "policy": self._policy}
        return Call("revoke", revocation), Call("reassign", {"vm": vm, "step": "reassign"})


class Awake:
    """Keeps the processors from going to sleep, where that may be asked: to wake one takes as long as a message.

    Linux takes that, from root, at /dev/cpu_dma_latency, and drops it with the last handle.
    """

    def __init__(self) -> None:
        self._handle = -1

    def begin(self) -> None:
        """From now on."""
        if self._handle < 0:
            with contextlib.suppress(OSError):
                self._handle = os.open(LATENCY, os.O_WRONLY | os.O_CLOEXEC)
                os.write(self._handle, struct.pack("i", 0))

    def end(self) -> None:
        """Until now. May be called again."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1
