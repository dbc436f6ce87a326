"""All that one or several run folders hold, put together: what every page is made from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TypeVar

import msgspec

from attorn.checker.report.json_reader import read_json
from attorn.checker.report.model import Report
from attorn.checker.report.observed import Observed
from attorn.checker.report.run_facts import RunFacts
from attorn.checker.report.run_folder import MANIFEST, PAGES, Part, RunFolder
from attorn.checker.report.survey import HeatMap
from attorn.spec.errors import BadInput

__all__ = [
    "REPORT",
    "Book",
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
    "gathered",
]

REPORT = "report.json"
T = TypeVar("T")


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


@dataclass(frozen=True)
class Book:
    """The parts that were gathered; nothing for those that no folder has.

    runs:     when and where each part ran, by its name.
    observed: runs of real systems, each with when and where, and how long its episodes took.
    left_out: of each part that is about an older specification than a newer part of its folder, a sentence.
    """

    report: Report | None = None
    proofs: tuple[ProofDocument, ...] = ()
    hazards: Hazards | None = None
    survey: Surveyed | None = None
    mutation: tuple[Mutation, ...] = ()
    commands: tuple[tuple[str, str], ...] = ()
    attorn: str = ""
    runs: tuple[tuple[str, RunFacts], ...] = ()
    observed: tuple[tuple[Observed, RunFacts | None], ...] = ()
    left_out: tuple[str, ...] = ()

    def proof(self, machine: str) -> ProofDocument | None:
        """The proof of a machine, if there is one."""
        return next((each for each in self.proofs if each.machine == machine), None)

    def proved(self, machine: str, name: str) -> str:
        """What the proof of a machine says of a property; nothing where there is none, or it does not speak of it."""
        proof = self.proof(machine)
        if proof is None:
            return ""
        known = {each.name: each.evidence for each in proof.progress.properties}
        return (known | {each.name: each.evidence for each in proof.properties}).get(name, "")


def gathered(folders: Sequence[RunFolder]) -> Book:
    """Put folders together; of each folder what agrees with its newest parts.

    Raises BadInput where folders speak of different specifications of one name, or contradict each other.
    """
    current = [_current(folder) for folder in folders]
    _refuse_mixed([folder for folder, _ in current])
    book = Book(left_out=tuple(sentence for _, left_out in current for sentence in left_out))
    for folder, _ in current:
        for name, part in folder.parts.items():
            if name != PAGES:
                book = _with(book, folder, name, part)
    return book


def _current(folder: RunFolder) -> tuple[RunFolder, list[str]]:
    """A folder without the parts that are about an older specification than a newer part, and a sentence for each."""
    known: dict[str, str] = {}
    left_out: dict[str, str] = {}
    for name in sorted(folder.parts, key=lambda name: _started(folder, name), reverse=True):
        part = folder.parts[name]
        older = [machine for machine, digest in part.machines.items() if known.get(machine, digest) != digest]
        if older:
            left_out[name] = (
                f"{name} is left out: it is about an older specification of {', '.join(older)}. "
                f"Make it again: {part.command}"
            )
        else:
            known |= part.machines
    kept = {name: part for name, part in folder.parts.items() if name not in left_out}
    return replace(folder, parts=kept), [left_out[name] for name in folder.parts if name in left_out]


def _started(folder: RunFolder, name: str) -> datetime:
    run = folder.parts[name].run
    if run is None:
        return datetime.min.replace(tzinfo=UTC)
    try:
        return datetime.fromisoformat(run.started).astimezone()
    except ValueError as error:
        raise BadInput(f"{folder.path / MANIFEST} does not say when {name} began: {error}.") from error


def _with(book: Book, folder: RunFolder, name: str, part: Part) -> Book:
    texts = folder.of(name)
    commands = (*book.commands, (name, part.command)) if (name, part.command) not in book.commands else book.commands
    book = replace(book, commands=commands, attorn=part.attorn)
    if part.run is not None:
        book = replace(book, runs=(*book.runs, (name, part.run)))
    kind = name.partition("-")[0]
    match kind:
        case "check":
            return replace(book, report=_merged(book.report, _read(texts, REPORT, read_json, folder)))
        case "proof":
            proof = _read(texts, f"{name}.json", _typed(ProofDocument), folder)
            return replace(book, proofs=(*(each for each in book.proofs if each != proof), proof))
        case "hazards":
            return replace(book, hazards=_read(texts, "hazards.json", _typed(Hazards), folder))
        case "guarantees":
            return replace(book, survey=_read(texts, "guarantees.json", _typed(Surveyed), folder))
        case "mutation":
            mutation = _read(texts, "mutation.json", _typed(Mutation), folder)
            return replace(book, mutation=(*(each for each in book.mutation if each != mutation), mutation))
        case "run":
            seen = _read(texts, f"{name}.json", _typed(Observed), folder)
            return replace(book, observed=(*book.observed, (seen, part.run)))
        case _:
            raise BadInput(f"{folder.path} has a part `{name}`, which this attorn does not know. Use a newer one.")


def _typed(kind: type[T]) -> Callable[[str], T]:
    return lambda text: msgspec.json.decode(text, type=kind)


def _read(texts: dict[str, str], name: str, reader: Callable[[str], T], folder: RunFolder) -> T:
    if name not in texts:
        raise BadInput(f"the run folder {folder.path} lacks {name}; make the run again.")
    try:
        return reader(texts[name])
    except msgspec.DecodeError as error:
        raise BadInput(f"{folder.path / name} was written by another version of attorn: {error}.") from error


def _refuse_mixed(folders: Sequence[RunFolder]) -> None:
    known: dict[str, tuple[str, str, str]] = {}
    for folder in folders:
        for name, part in folder.parts.items():
            for machine, digest in part.machines.items():
                before = known.setdefault(machine, (digest, name, folder.path.as_posix()))
                if before[0] != digest:
                    raise BadInput(
                        f"two specifications are called {machine}: {before[1]} in {before[2]} is about "
                        f"{before[0][:12]}, {name} in {folder.path.as_posix()} about {digest[:12]}. "
                        f"Make the older one again: {part.command} --out {folder.path.as_posix()}"
                    )


def _merged(one: Report | None, other: Report) -> Report:
    if one is None:
        return other
    known = {each.name: each for each in one.instances}
    for each in other.instances:
        if each.name in known and each != known[each.name]:
            raise BadInput(
                f"two folders say different things of the instance {each.name}, perhaps because they were asked for "
                "different properties. Leave one of them out."
            )
    machines = {each.name: each for each in (*one.machines, *other.machines)}
    instances = {each.name: each for each in (*one.instances, *other.instances)}
    return Report(
        other.attorn,
        one.command if one.command == other.command else f"{one.command} && {other.command}",
        tuple(machines.values()),
        tuple(instances.values()),
        tuple(name for name in dict.fromkeys((*one.not_searched, *other.not_searched)) if name not in instances),
    )
