"""A machine in a file of the user's own: import it, and say plainly what is wrong with it."""

from __future__ import annotations

import importlib.util
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from attorn.commands.words import nearest
from attorn.spec.errors import AttornError, BadInput, UnknownName
from attorn.spec.language import Instance, Machine

__all__ = ["Found", "imported", "load"]


@dataclass(frozen=True)
class Found:
    """A machine, and the instances that its file offers; without any, the user gives the sizes."""

    machine: Machine
    instances: tuple[Instance, ...]


def load(file: Path, chosen: str = "") -> Found:
    """The machine that a file defines; ``chosen`` is the name of one of its machines or instances.

    Raises BadInput where the file cannot be read or imported, or does not say which machine is meant, and what the
    language raises for mistakes in the machine.
    """
    if file.is_dir():
        raise BadInput(f"{file} is a folder. Name the Python file that defines the machine.")
    if not file.is_file():
        raise BadInput(f"there is no file {file}.")
    module = imported(file)
    machines = _machines(module)
    instances = [each for each in getattr(module, "instances", ()) if isinstance(each, Instance)]
    machines |= {each.machine.name: each.machine for each in instances}
    if not machines:
        raise BadInput(f"{file} defines no machine. Write `machine = Machine(...)` in it.")
    if chosen:
        return _chosen(file, machines, instances, chosen)
    machine = getattr(module, "machine", None)
    if not isinstance(machine, Machine):
        if len(machines) > 1:
            raise BadInput(
                f"{file} defines several machines: {', '.join(machines)}. "
                f"Choose one: {file}:{next(iter(machines))}, or call it `machine`."
            )
        machine = next(iter(machines.values()))
    return _traced(file, machine, [each for each in instances if each.machine is machine])


def _chosen(file: Path, machines: dict[str, Machine], instances: list[Instance], chosen: str) -> Found:
    for instance in instances:
        if instance.name == chosen:
            return _traced(file, instance.machine, [instance])
    if chosen not in machines:
        known = dict.fromkeys((*machines, *(each.name for each in instances)))
        raise UnknownName(f"{file} has no machine or instance `{chosen}`. {nearest(chosen, known)}")
    machine = machines[chosen]
    return _traced(file, machine, [each for each in instances if each.machine is machine])


def _machines(module: ModuleType) -> dict[str, Machine]:
    """The machines that a file defines, by name; those that it only imports do not count."""
    found: dict[str, Machine] = {}
    from attorn.model.instances import MACHINES

    for value in vars(module).values():
        if isinstance(value, Machine) and all(value is not ours for ours in MACHINES.values()):
            found.setdefault(value.name, value)
    return found


def imported(file: Path) -> ModuleType:
    """A file of the user's as a module; raises BadInput where it cannot be imported."""
    path = file.resolve()
    spec = importlib.util.spec_from_file_location(file.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(path.parent))
    try:
        with _blamed_on(file, "cannot be imported"):
            spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(path.parent))
    return module


def _traced(file: Path, machine: Machine, instances: list[Instance]) -> Found:
    """Trace all that the machine says now, so that its mistakes are told as mistakes of the file."""
    with _blamed_on(file, "cannot be traced"):
        _ = machine.digest  # It speaks of every part.
    return Found(machine, tuple(instances))


@contextmanager
def _blamed_on(file: Path, what: str) -> Iterator[None]:
    """Turn whatever a user's code raises into one paragraph that ends in the user's own line."""
    try:
        yield
    except AttornError:
        raise
    except SyntaxError as error:
        own_file = error.filename and Path(error.filename).resolve() == file.resolve()
        where = f"{file if own_file else error.filename}:{error.lineno}"
        line = f"\n    {error.text.strip()}" if error.text else ""
        raise BadInput(f"{file} {what}.\n  {where}: {type(error).__name__}: {error.msg}{line}") from error
    except (Exception, SystemExit) as error:
        frames = traceback.extract_tb(error.__traceback__)
        own = [frame for frame in frames if Path(frame.filename).resolve() == file.resolve()]
        where = f"{file}:{own[-1].lineno}" if own else str(file)
        line = f"\n    {own[-1].line}" if own and own[-1].line else ""
        raise BadInput(f"{file} {what}.\n  {where}: {type(error).__name__}: {error}{line}") from error
