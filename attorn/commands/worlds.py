"""What ``attorn explore`` offers: instances, machines in files, known failures, and logs."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from attorn.checker.explorer import Entry
from attorn.commands.targets import Target, checked_names, is_hazard, resolve
from attorn.model.hazards import HAZARDS, hazard
from attorn.model.instances import INSTANCES
from attorn.spec.errors import BadInput
from attorn.spec.language import Instance

if TYPE_CHECKING:
    from attorn.checker.conform.trace_check import TraceSource
    from attorn.model.hazards import Hazard

REFERENCE = "reference"
"""What logs of ``attorn run`` call their machine."""

__all__ = ["log_text", "read_log", "worlds"]


def worlds(what: str, sizes: Mapping[str, int]) -> tuple[list[Entry], str]:
    """The worlds on offer, the one asked for first; and the goal or property to begin at, if any.

    Raises BadInput for what cannot be found.
    """
    place, _, aim = what.rpartition("/")
    if not place or ".py" in aim:  # The last part is the file, and no name of a property.
        place, aim = what, ""
    if is_hazard(place):
        failure = hazard(place)
        checked_names([failure.instance(failure.mutated)], [aim] if aim else [])
        chosen, aim = [_failure(failure)], aim or failure.caught_by
    else:
        targets = resolve([place], sizes)
        checked_names([each.instance for each in targets], [aim] if aim else [])
        chosen = [_target(each) for each in targets]
    names = {each.name for each in chosen}
    return [*chosen, *(each for each in _offered() if each.name not in names)], aim


def _target(target: Target) -> Entry:
    instance = target.instance
    command = " ".join(["attorn explore", target.said, *target.options])
    return Entry(instance.name, "chosen", instance.shape(), instance.machine.says, lambda: instance, command=command)


def _offered() -> Iterator[Entry]:
    """The named instances, and the known failures."""
    for each in INSTANCES.values():
        sizes = " × ".join(f"{size} {name}" for name, size in each.sizes.items())
        yield Entry(each.name, "instances", sizes, each.says, each.build, command=f"attorn explore {each.name}")
    for failure in HAZARDS.values():
        yield _failure(failure)


def _failure(each: Hazard) -> Entry:
    def build() -> Instance:
        return each.instance(each.mutated)

    title = f"{each.name} ({each.system})"
    return Entry(each.id, "hazards", title, each.sentence, build, each.caught_by, f"attorn explore {each.id}")


def log_text(log: str) -> str:
    """The text of a log; raises BadInput where it cannot be read."""
    try:
        return Path(log).read_text(encoding="utf-8")
    except OSError as error:
        raise BadInput(f"cannot read {log}: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise BadInput(
            f"{log} is no text in UTF-8: byte {error.start}. A log is JSON lines, or a run in ITF."
        ) from error


def read_log(name: str, data: bytes, sizes: Mapping[str, int]) -> tuple[Instance, TraceSource]:
    """The instance and the lines of a log; of a running system that is too large, an instance of what the log names."""
    from attorn.checker.explorer.playing import fitted, walkable
    from attorn.commands.trace import instance_of
    from attorn.model.reference.host import default_protocol
    from attorn.model.reference.judge import judged_machine

    source = _lines(name, data)
    said = source.header
    if said.machine == REFERENCE:
        machine = judged_machine(default_protocol(False))
        instance = Instance.of(machine, **{**said.sizes, **sizes})
    else:
        instance = instance_of(said, None, sizes)
        machine = instance.machine
    if not walkable(instance):
        instance = fitted(machine, instance.described(), _lines(name, data))
    return instance, source


def _lines(name: str, data: bytes) -> TraceSource:
    from attorn.checker.conform.byte_lines import ByteLines
    from attorn.checker.conform.itf import ItfReader
    from attorn.checker.conform.trace_reader import TraceReader

    if name.endswith(".itf.json"):
        return ItfReader(data, name)
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.seek(0)
        return TraceReader(ByteLines(os.dup(file.fileno()), name))
