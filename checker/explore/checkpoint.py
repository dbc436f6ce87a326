"""Checkpoints: after every level a search leaves all that it needs to go on, so that a lost one costs one level.

A folder holds one file of packed states for each level and an index, which is written last, aside and then renamed:
what the index does not name was never finished, and is written again.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from attorn.checker.explore.layout import Layout, Rows
from attorn.checker.explore.options import Options
from attorn.checker.explore.prepared import Prepared
from attorn.spec.errors import BadInput
from attorn.spec.language import Instance

__all__ = ["Checkpoint", "Saved"]

FORMAT = 1
INDEX = "search.json"


@dataclass(frozen=True)
class Saved:
    """A search after some levels.

    levels:    the packed states first met at each depth; the last are those that come next. Only they are saved anew.
    stand_for: for each depth that was expanded, how many states its states stand for.
    fired:     transitions of each effect.
    found:     for each question that turned out true somewhere, at which depth first, and in which packed state.
    """

    levels: list[Rows]
    stand_for: list[int]
    fired: list[int]
    found: dict[str, tuple[int, list[int]]]


class Checkpoint:
    """The folder of one search.

    Raises BadInput where the folder is of another search, or its files are not as they were left.
    """

    def __init__(self, prepared: Prepared, options: Options) -> None:
        assert options.checkpoint is not None
        instance = prepared.meaning.instance
        self._folder = options.checkpoint / re.sub(r"[^\w.-]", "_", instance.name)
        self._search = _identity(instance, prepared.layout, options)
        self._files: list[dict[str, str]] = []

    def load(self) -> Saved | None:
        """What was saved; None where nothing was yet."""
        path = self._folder / INDEX
        try:
            index = json.loads(path.read_text(encoding="utf-8"))
            found = {
                name: (int(depth), [int(each) for each in words]) for name, (depth, words) in index["found"].items()
            }
            said, files = index["search"], list(index["files"])
            fired, stand_for = [int(each) for each in index["fired"]], [int(each) for each in index["stand_for"]]
            if index["format"] != FORMAT:
                raise BadInput(f"{path} has format {index['format']!r}; this version reads {FORMAT}.")
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise BadInput(
                f"{path} cannot be read as a checkpoint ({error}). Remove the folder to start anew."
            ) from error
        for name, value in self._search.items():
            if said.get(name) != value:
                raise BadInput(
                    f"{self._folder} is a checkpoint of another search: its {name} is {said.get(name)!r}, this one's "
                    f"is {value!r}. Resume with what it was begun with, or choose another folder."
                )
        self._files = files
        return Saved([self._read(each) for each in files], stand_for, fired, found)

    def save(self, saved: Saved) -> None:
        """Add the states that come next, and say where the search is; raises OSError."""
        self._folder.mkdir(parents=True, exist_ok=True)
        name = f"level-{len(self._files):05}.npy"
        content = np.ascontiguousarray(np.stack(saved.levels[-1]))
        with open(self._folder / name, "wb") as file:
            np.save(file, content)
            _settle(file)
        files = [*self._files, {"name": name, "digest": _digest(content)}]
        index = {"format": FORMAT, "search": self._search, "files": files}
        index |= {"stand_for": saved.stand_for, "fired": saved.fired, "found": saved.found}
        aside = self._folder / f".{INDEX}.partial"
        with open(aside, "w", encoding="utf-8") as text:
            json.dump(index, text)
            _settle(text)
        aside.replace(self._folder / INDEX)
        self._files = files

    def _read(self, told: Mapping[str, str]) -> Rows:
        path = self._folder / told["name"]
        try:
            content = np.load(path, allow_pickle=False)
        except (OSError, ValueError, EOFError) as error:
            raise BadInput(f"{path} cannot be read ({error}). Remove the folder to start anew.") from error
        if content.dtype != np.uint64 or content.ndim != 2 or _digest(content) != told["digest"]:
            raise BadInput(f"{path} is not as the search left it. Remove the folder to start anew.")
        return list(content)


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


def _digest(content: np.ndarray[Any, np.dtype[Any]]) -> str:
    return hashlib.sha256(content.tobytes()).hexdigest()


def _settle(file: Any) -> None:
    """Have a file on the disk before anything says that it is there."""
    file.flush()
    os.fsync(file.fileno())
