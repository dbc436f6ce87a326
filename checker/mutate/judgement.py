"""What is known of a mutant: its fate, who noticed it, and what freedom a survivor has."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from attorn.checker.mutate.mutants import Mutant
from attorn.spec.language.source import Where

__all__ = ["Fate", "Judgement", "unjudged"]

NOT_JUDGED = "not judged"


class Fate(Enum):
    """What became of a mutant."""

    KILLED = "an instance or the proof notices it"
    EQUIVALENT = "it makes the same steps as the original"
    HARMLESS = "nothing notices it, and it is known why that is right"
    HOLE = "nothing notices it, although it makes steps that the original does not make, and nobody has said why"
    STILLBORN = "it is not well formed"
    UNDETERMINED = "it was not judged to the end"


@dataclass(frozen=True)
class Judgement:
    """A mutant and all that is known of it.

    refuted:  properties that an instance refutes.
    missed:   what else instances miss: ``goal x`` out of reach, ``dead x`` never happens, ``inert x`` never changes
              anything, ``no_deadlock``, progress properties.
    unproved: properties and lemmas with an obligation of the mutated action that fails; ``lemmas`` says which are.
    why:      of a survivor what freedom it has, of others what kept it from being judged, if anything did.
    example:  of a survivor a step that the mutant makes and the original does not, or the other way round.
    """

    mutant: str
    action: str
    operator: str
    sentence: str
    where: Where
    ghost: bool
    fate: Fate
    refuted: tuple[str, ...] = ()
    missed: tuple[str, ...] = ()
    unproved: tuple[str, ...] = ()
    lemmas: tuple[str, ...] = ()
    why: str = ""
    example: str = ""

    @property
    def judged(self) -> bool:
        """Whether anything was asked about it."""
        return self.why != NOT_JUDGED

    @property
    def by_instances(self) -> bool:
        """Whether an instance notices it."""
        return bool(self.refuted or self.missed)

    @property
    def by_proof(self) -> bool:
        """Whether the proof notices it."""
        return bool(self.unproved)

    @property
    def killers(self) -> frozenset[str]:
        """All that notices it; lemmas do not count, for they only serve proofs."""
        return frozenset((*self.refuted, *self.missed, *(name for name in self.unproved if name not in self.lemmas)))


def unjudged(mutant: Mutant) -> Judgement:
    """What is known of a mutant before anything is asked."""
    return Judgement(
        mutant.name, mutant.action.name, mutant.operator, mutant.sentence, mutant.where, mutant.ghost,
        Fate.UNDETERMINED, why=NOT_JUDGED,
    )  # fmt: skip
