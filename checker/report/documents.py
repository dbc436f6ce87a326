"""What prove, hazards, guarantees and mutate leave in a run folder, as typed data."""

from __future__ import annotations

from dataclasses import dataclass, field

from attorn.checker.report.survey import HeatMap

__all__ = [
    "BrokenStep",
    "Column",
    "HazardRow",
    "Hazards",
    "Kills",
    "Matrix",
    "Mutant",
    "Mutation",
    "Obligation",
    "ProofDocument",
    "Proved",
    "Ranked",
    "RankedProof",
    "Square",
    "Surveyed",
    "SurveyedCell",
    "SurveyedGuarantee",
]


@dataclass(frozen=True)
class Proved:
    """A property or lemma, and whether it is proved for any size."""

    name: str
    lemma: bool
    evidence: str
    conjuncts: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    undecided: tuple[str, ...] = ()
    sentence: str = ""
    where: str = ""


@dataclass(frozen=True)
class BrokenStep:
    """The smallest step that does not keep a property or lemma, and whether it can happen.

    name:  of the property.  where: of the action, or of the property where an initial state breaks it.
    says:  whether the state before it is reachable.  run: another run of that size that violates the property.
    """

    name: str
    obligation: str
    refuted: bool
    where: str
    step: str = ""
    says: str = ""
    run: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Obligation:
    """A question to the solver: ``action/property.conjunct``; what was expected, and what it said."""

    name: str
    expected: str
    answer: str

    @property
    def done(self) -> bool:
        """Whether it was answered as it must be."""
        return self.answer in (self.expected, "unchanged")


@dataclass(frozen=True)
class Column:
    """A column of the matrix of obligations: a conjunct, and the property or lemma that it is of."""

    conjunct: str
    of: str
    lemma: bool


@dataclass(frozen=True)
class Square:
    """What became of one obligation: ``proved``, ``failed``, ``undecided``, or ``untouched``."""

    action: str
    conjunct: str
    outcome: str


@dataclass(frozen=True)
class Matrix:
    """The obligations, actions by conjuncts."""

    rows: tuple[str, ...]
    columns: tuple[Column, ...]
    squares: tuple[Square, ...]


@dataclass(frozen=True)
class Ranked:
    """A progress property, and whether a ranking proves it for any size."""

    name: str
    evidence: str
    ranking: str | None = None
    sentence: str = ""
    where: str = ""


@dataclass(frozen=True)
class RankedProof:
    """What is proved of progress."""

    properties: tuple[Ranked, ...] = ()


@dataclass(frozen=True)
class ProofDocument:
    """A proof for any size, as ``attorn prove`` writes it."""

    machine: str
    digest: str
    solver: str
    proved: bool
    stopped: str
    properties: tuple[Proved, ...]
    obligations: tuple[Obligation, ...]
    decidable: bool = True
    fragment: str = ""
    matrix: Matrix = Matrix((), (), ())
    progress: RankedProof = RankedProof()
    failing: tuple[BrokenStep, ...] = ()


@dataclass(frozen=True)
class HazardRow:
    """A known failure of a real system, and what became of the search for it; ``where`` is the property's line."""

    id: str
    name: str
    system: str
    sentence: str
    caught_by: str
    changed: str
    fixed_by: str
    standing: str
    steps: int
    loop: int | None = None
    sources: tuple[str, ...] = ()
    where: str = ""


@dataclass(frozen=True)
class Hazards:
    """The table of hazards.

    whole:   whether each was also looked for without its change.
    outside: those that the model does not have, each with the reason.
    """

    hazards: tuple[HazardRow, ...]
    whole: bool
    outside: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class SurveyedGuarantee:
    """What became of a property in a cell of a survey."""

    evidence: str
    steps: int


@dataclass(frozen=True)
class SurveyedCell:
    """A cell of a survey: the choices and the faults that make it, and what holds there."""

    choices: dict[str, str]
    fault: str
    states: int
    guarantees: dict[str, SurveyedGuarantee]


@dataclass(frozen=True)
class Surveyed:
    """A survey of choices under faults, as ``attorn guarantees`` writes it.

    faults, properties: what they are, by name.  where: the lines of properties.
    """

    specification: str
    stopped: str
    faults: dict[str, str]
    properties: dict[str, str]
    cells: tuple[SurveyedCell, ...]
    maps: tuple[HeatMap, ...]
    conclusions: tuple[str, ...]
    where: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Mutant:
    """A small mistake made on purpose, and who noticed it."""

    name: str
    action: str
    operator: str
    says: str
    where: str
    fate: str
    refuted: tuple[str, ...] = ()
    missed: tuple[str, ...] = ()
    unproved: tuple[str, ...] = ()
    why: str = ""
    example: str = ""

    @property
    def noticed(self) -> tuple[str, ...]:
        """All that notices it, each once."""
        return tuple(dict.fromkeys((*self.refuted, *self.missed, *self.unproved)))


@dataclass(frozen=True)
class Kills:
    """How many mutants a property notices, and how many nothing else notices."""

    name: str
    kills: int
    kills_alone: int
    stated: bool


@dataclass(frozen=True)
class Mutation:
    """The mutants of a machine, as ``attorn mutate`` writes them."""

    machine: str
    digest: str
    total: int
    judged: int
    counts: dict[str, int]
    properties: tuple[Kills, ...]
    mutants: tuple[Mutant, ...]
    stopped: str = ""
