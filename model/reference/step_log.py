"""How a driver logs its steps: in the words of the model, each with what is seen after it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from attorn.model.reference.event_log import EventLog
from attorn.model.reference.parties import Parties, Scene
from attorn.model.reference.refusals import PeerGone
from attorn.model.reference.witnessing import segment_name
from attorn.spec.trace import Said

__all__ = ["AT_SOURCE", "AT_TARGET", "BY_FIRMWARE", "MOVES", "StepLog", "party_of"]

MOVES = ("reassign", "complete", "give_back", "reclaim")
BY_FIRMWARE = (*MOVES, "bury")
PER_SEGMENT = ("allocate", "unmap", "remap", "map", *MOVES)
AT_SOURCE = ("suspend", "describe", "transfer", "unlock", "unmap", "exit", "hear", "time_out", "notice", "remap",
             "roll_back", "concede", "remind", "forget")  # fmt: skip
AT_TARGET = ("receive", "recover", "map", "create", "resume", "answer", "decline", "insist", "settle")


def party_of(step: str) -> str:
    """Whose step one that a driver takes is, as the specification calls parties."""
    return "source" if step in AT_SOURCE else "destination" if step in AT_TARGET else "firmware"


class StepLog:
    """Logs what a driver does.

    pending: told of the steps that are about to be taken, in groups of which all or none happens, and of none once
    they are logged.
    """

    def __init__(self, parties: Parties, log: EventLog) -> None:
        self.log = log
        self.pending: Callable[[Sequence[Sequence[Said]]], None] = lambda groups: None
        self._parties = parties
        self._owed: list[tuple[str, list[Said], bool]] = []

    def said(self, vm: str, step: str, scene: Scene) -> list[Said]:
        """A step in the words of the model, with all its arguments."""
        if step not in PER_SEGMENT:
            return [Said(step, {"vm": vm})]
        if self.log.silent:
            return []
        numbers = [each.segment for each in scene.grant.segments]
        if step in MOVES:
            other = scene.grant.source if step in ("reassign", "complete") else scene.destination
            pairs = zip(scene.grant.segments, scene.grant.owners, strict=True)
            numbers = [each.segment for each, owner in pairs if owner == other]
        return [Said(step, {"vm": vm, "segment": segment_name(number)}) for number in numbers]

    def done(self, vm: str, step: str, said: Sequence[Said], note: str) -> None:
        """Log a step with what is seen after it."""
        party = party_of(step)
        arguments = [each.arguments for each in said]
        try:
            state = self._parties.seen(vm) if arguments else {}
        except PeerGone:
            self.log.event(party, step, arguments, {}, note)
            raise
        if arguments:
            self.log.event(party, step, arguments, state, note)

    def owe(self, vm: str, said: list[Said], certain: bool) -> None:
        """Keep a suspension that is to be logged, and whether it surely happened."""
        self._owed.append((vm, said, certain))

    def pay(self) -> None:
        """Log suspensions that are not yet: first what the guest wrote before, for which the firmware must live."""
        while self._owed:
            vm, said, certain = self._owed[0]
            writes = self._parties.writes(vm)
            self._owed.pop(0)
            if certain:
                for step in writes:
                    self.log.event("guest", step.event, step.arguments)
                self.done(vm, "suspend", said, "")
            else:
                self.log.perhaps([writes, said], "whether it was suspended is not known")
            self.pending(())
