"""A hazard: a known failure of a real system, as a protocol with one thing changed for the worse."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from attorn.model.protocol import Protocol
from attorn.model.variants import build
from attorn.spec.language import Action, Declaration, Instance, Machine
from attorn.spec.recovery import RECOVERY

__all__ = ["Change", "Hazard", "Source"]

SMALLEST = {
    "VM": 1, "Segment": 1, "Partition": 2, "Word": 1, "Address": 1,
    "crashes": 0, "losses": 0, "timeouts": 0, "cancels": 0,
}  # fmt: skip


@dataclass(frozen=True)
class Source:
    """Where a failure is documented.

    read: whether the commit, source or thread itself was read, or an excerpt of it only.
    """

    text: str
    read: bool = True


@dataclass(frozen=True)
class Change:
    """What is changed of a machine, as ``Machine.variant`` takes it; action by action, never copied."""

    remove: tuple[str, ...] = ()
    rewrite: Mapping[str, Callable[[Action], Action]] = field(default_factory=dict)
    strengthen: Mapping[str, Callable[..., None]] = field(default_factory=dict)
    add: tuple[Declaration, ...] = ()

    def apply(self, machine: Machine, name: str) -> Machine:
        """The machine with the change, under another name."""
        return machine.variant(name, remove=self.remove, rewrite=self.rewrite, strengthen=self.strengthen, add=self.add)


@dataclass(frozen=True)
class Hazard:
    """A failure of a real system that the checker must find.

    id:        its number in the catalogue, such as H3.
    sentence:  what goes wrong.  story: what happened in the real system.
    changed:   what the mutated protocol does otherwise.  fixed_by: what removes the hazard.
    caught_by: the property that it violates.
    base:      the protocol without it.  instead: the protocol with it, where another choice is all that is changed.
    change:    what is changed of the machine beyond that choice.
    sizes:     the instance that shows it, as far as it is larger than the smallest.
    spared:    properties that are not asked of the base, each with the reason.
    """

    id: str
    name: str
    system: str
    sentence: str
    story: str
    sources: tuple[Source, ...]
    changed: str
    caught_by: str
    fixed_by: str
    base: Protocol
    instead: Protocol | None = None
    change: Change = field(default_factory=Change)
    sizes: Mapping[str, int] = field(default_factory=dict)
    spared: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def sound(self) -> Machine:
        """The protocol without the hazard, held to all that a protocol can be held to."""
        return self._held(build(self.base), f"{self.id}-without")

    @cached_property
    def mutated(self) -> Machine:
        """The protocol with the hazard."""
        machine = self._held(build(self.instead or self.base), self.id)
        return self.change.apply(machine, self.id)

    def instance(self, machine: Machine) -> Instance:
        """The smallest instance that shows the hazard, of either of the two machines."""
        return Instance.of(machine, machine.name, **{**SMALLEST, **self.sizes})

    def _held(self, machine: Machine, name: str) -> Machine:
        known = {each.name for each in machine.statements}
        return machine.variant(
            name,
            remove=[each for each in self.spared if each in known],
            add=[each for each in RECOVERY if each.name not in known and each.name not in self.spared],
            says=self.sentence,
        )
