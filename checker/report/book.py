"""All that one or several run folders hold, put together: what every page is made from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TypeVar

import msgspec

from attorn.checker.report.documents import Hazards, Mutation, ProofDocument, Surveyed
from attorn.checker.report.json_reader import read_json
from attorn.checker.report.model import Report
from attorn.checker.report.observed import Observed
from attorn.checker.report.run_facts import RunFacts
from attorn.checker.report.run_folder import MANIFEST, PAGES, Part, RunFolder
from attorn.spec.errors import BadInput

__all__ = ["REPORT", "Book", "gathered"]

REPORT = "report.json"
T = TypeVar("T")


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
