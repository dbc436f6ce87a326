"""Checkpoints: after every level a search leaves all that it needs to go on, so that a lost one costs one level.

A folder holds the packed states of each level, in order, in one part or in several that were written apart, and an
index, which is written last, aside and then renamed: what the index does not name was never finished, and is written
again.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from attorn.checker.explore.disk import Files, mapped, settle, written
from attorn.checker.explore.layout import Layout, Rows
from attorn.checker.explore.options import Options
from attorn.checker.explore.phases import Phase, spends
from attorn.checker.explore.prepared import Prepared
from attorn.spec.errors import BadInput
from attorn.spec.language import Instance

__all__ = ["Checkpoint", "Saved"]

FORMAT = 2
INDEX = "search.json"


@dataclass(frozen=True)
class Saved:
    """A search after some levels, apart from its states.

    stand_for: for each depth that was expanded, how many states its states stand for.
    fired:     transitions of each effect.
    found:     for each question that turned out true somewhere, at which depth first, and in which packed state.
    """

    stand_for: list[int]
    fired: list[int]
    found: dict[str, tuple[int, list[int]]]


class Checkpoint:
    """The folder of one search.

    folder:  where it is.
    parts:   for each level kept so far, the files of its parts, those that have states.
    scratch: a folder within it, for work.

    Raises BadInput where the folder is of another search, or its files are not as they were left.
    """

    def __init__(self, prepared: Prepared, options: Options) -> None:
        assert options.checkpoint is not None
        instance = prepared.meaning.instance
        self.folder = options.checkpoint / re.sub(r"[^\w.-]", "_", instance.name)
        self._search = _identity(instance, prepared.layout, options)
        self._words = prepared.layout.words
        self.parts: list[list[Files]] = []
        self.scratch = self.folder / "scratch"

    @spends(Phase.DISK)
    def load(self) -> Saved | None:
        """What was saved; None where nothing was yet."""
        path = self.folder / INDEX
        try:
            index = json.loads(path.read_text(encoding="utf-8"))
            if index["format"] != FORMAT:
                raise BadInput(f"{path} has format {index['format']!r}; this version reads {FORMAT}.")
            said = index["search"]
            parts = [
                [Files(each["count"], tuple(each["names"]), tuple(each["digests"])) for each in level]
                for level in index["levels"]
            ]
            found = {
                name: (int(depth), [int(each) for each in words]) for name, (depth, words) in index["found"].items()
            }
            fired, stand_for = [int(each) for each in index["fired"]], [int(each) for each in index["stand_for"]]
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise BadInput(
                f"{path} cannot be read as a checkpoint ({error}). Remove the folder to start anew."
            ) from error
        for name, value in self._search.items():
            if said.get(name) != value:
                raise BadInput(
                    f"{self.folder} is a checkpoint of another search: its {name} is {said.get(name)!r}, this one's "
                    f"is {value!r}. Resume with what it was begun with, or choose another folder."
                )
        for each in itertools.chain(*parts):
            self._verify(each)
        self.parts = parts
        return Saved(stand_for, fired, found)

    @property
    def counts(self) -> list[int]:
        """How many states each level kept so far has; the last are those that come next."""
        return [sum(each.count for each in parts) for parts in self.parts]

    def levels(self) -> list[Rows]:
        """The levels kept so far, each in one part, as arrays that are read as they are used. Raises OSError."""
        for depth, parts in enumerate(self.parts):
            if len(parts) != 1:
                self.parts[depth] = [self._written(depth, self.read(depth))]
        return [self.read(depth)[0] for depth in range(len(self.parts))]

    def read(self, depth: int) -> list[Rows]:
        """The parts of a level, as arrays that are read as they are used."""
        return [mapped(self.folder, each) for each in self.parts[depth]]

    def keep(self, chunks: Iterable[Rows]) -> Rows:
        """Write the states that come next, given in order; as arrays that are read as they are used. Raises OSError."""
        self.parts.append([self._written(len(self.parts), chunks)])
        return mapped(self.folder, self.parts[-1][0])

    def keep_parts(self, parts: Sequence[Files]) -> None:
        """Take the states that come next as others have written them into the folder, in order."""
        self.parts.append([each for each in parts if each.count])

    def _written(self, depth: int, chunks: Iterable[Rows]) -> Files:
        self.folder.mkdir(parents=True, exist_ok=True)
        return written(self.folder, f"level-{depth:05}", self._words, chunks)

    @spends(Phase.DISK)
    def save(self, saved: Saved) -> None:
        """Say where the search is, now that the states that come next are kept; raises OSError."""
        index = {
            "format": FORMAT,
            "search": self._search,
            "levels": [[asdict(each) for each in level] for level in self.parts],
        }
        index |= {"stand_for": saved.stand_for, "fired": saved.fired, "found": saved.found}
        aside = self.folder / f".{INDEX}.partial"
        with open(aside, "w", encoding="utf-8") as text:
            json.dump(index, text)
            settle(text)
        aside.replace(self.folder / INDEX)
        self._sweep()

    def _sweep(self) -> None:
        """Remove parts that nobody will read: of levels that were begun again, or put together since."""
        named = {name for each in itertools.chain(*self.parts) for name in each.names}
        for path in self.folder.glob("level-*"):
            if path.name not in named:
                path.unlink()

    def _verify(self, files: Files) -> None:
        for name, digest in zip(files.names, files.digests, strict=True):
            path = self.folder / name
            try:
                with open(path, "rb") as file:
                    whole = hashlib.file_digest(file, "sha256").hexdigest() == digest
            except OSError as error:
                raise BadInput(f"{path} cannot be read ({error}). Remove the folder to start anew.") from error
            if not whole:
                raise BadInput(f"{path} is not as the search left it. Remove the folder to start anew.")


def _identity(instance: Instance, layout: Layout, options: Options) -> dict[str, Any]:
    """All on which the content of a checkpoint depends, by names that an error can speak of."""
    codes = hashlib.sha256()
    for each in layout.components:
        codes.update(repr(each.cells).encode() + each.raw.tobytes())
    return {
        "machine": f"{instance.machine.name} {instance.machine.digest}",
        "size": instance.shape(),
        "symmetry": options.symmetry,
        "properties": None if options.properties is None else sorted(options.properties),
        "goals": options.goals,
        "packing": codes.hexdigest(),
    }
