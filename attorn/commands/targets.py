"""What the user names: an instance of ours, or a machine in a file of the user's own."""

from __future__ import annotations

import math
import os
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from attorn.commands.words import NAMED_SIZES, nearest
from attorn.spec.errors import BadInput, TooLarge, UnknownName

if TYPE_CHECKING:
    from attorn.spec.language import Instance, Machine, Possibility, Progress, Property

__all__ = [
    "Target",
    "check_sizes",
    "checked_names",
    "claim_elements",
    "claim_model",
    "is_hazard",
    "preset_notes",
    "promised",
    "proof_command",
    "resolve",
    "resolve_machine",
    "resolve_one",
    "size_arguments",
    "statement_names",
]

BASE = "claim"
MOST_CELLS = 100_000


@dataclass(frozen=True)
class Target:
    """An instance to look at, and what to type to name it again.

    said:    the instance's name or file as arguments of a command.
    options: the options that change its sizes.
    """

    instance: Instance
    said: str
    options: Sequence[str] = ()

    def explain(self, name: str = "{0}") -> str:
        """The command that shows one run of this instance."""
        return " ".join([f"attorn explain {self.said}/{name}", *self.options])

    def testgen(self, name: str = "{0}") -> str:
        """The command that makes a test of a counterexample of this instance."""
        asked = [f"attorn testgen {self.said}/{name}", *self.options]
        return " ".join([*asked, f"--adapter MODULE:CLASS --out test_{name}.py"])

    def check(self) -> str:
        """The command that checks this instance."""
        return " ".join([f"attorn check {self.said}", *self.options])


def resolve(names: Sequence[str], sizes: Mapping[str, int]) -> list[Target]:
    """The instances that the arguments of a command name; the default ones where there are none.

    Raises BadInput for whatever cannot be found or built.
    """
    from attorn.model.instances import INSTANCES

    if not names:
        names = [BASE] if sizes else [each.name for each in INSTANCES.values() if each.default]
    targets = [target for name in dict.fromkeys(names) for target in _named(name, sizes)]
    for number, target in enumerate(targets):
        for other in targets[:number]:
            _tell_apart(target.instance, other.instance)
    return targets


def resolve_one(name: str, sizes: Mapping[str, int]) -> Target:
    """The one instance that a name stands for; raises BadInput where it stands for several."""
    targets = resolve([name], sizes)
    if len(targets) > 1:
        raise BadInput(f"{name} has several instances; choose one: {', '.join(target.said for target in targets)}.")
    return targets[0]


def resolve_machine(name: str) -> tuple[Machine, str]:
    """The machine of a name, of an instance's name or in a file, and how an argument names it again.

    Raises BadInput for whatever cannot be found.
    """
    from attorn.model.instances import INSTANCES, MACHINES

    if is_file(name):
        from attorn.commands.machine_file import load

        file, _, chosen = _parts(name)
        path = shlex.quote(file)
        return load(Path(file), chosen).machine, f"{path}:{chosen}" if chosen else path
    if name in MACHINES:
        return MACHINES[name], name
    if name in INSTANCES:
        return INSTANCES[name].machine, INSTANCES[name].machine.name
    raise UnknownName(f"no machine is called `{name}`. {nearest(name, MACHINES)}")


def checked_names(instances: Sequence[Instance], names: Sequence[str]) -> None:
    """Raises UnknownName where a property or goal that the user names is in none of the machines.

    Raises BadInput where all instances are too small for a goal.
    """
    from attorn.model.instances import MACHINES

    machines = [each.machine for each in instances]
    known = [stated for machine in machines for stated in statement_names(machine)]
    for name in names:
        if name not in known:
            elsewhere = [each.name for each in MACHINES.values() if name in statement_names(each)]
            advice = f"It belongs to {', '.join(elsewhere)}." if elsewhere else nearest(name, known)
            titles = ", ".join(dict.fromkeys(machine.name for machine in machines))
            raise UnknownName(f"machine {titles} has no property or goal `{name}`. {advice}")
        having = [each for each in instances if any(goal.name == name for goal in each.machine.goals)]
        if having and not any(goal.name == name for each in having for goal in each.goals):
            having[0].goal(name)


def statement_names(machine: Machine) -> list[str]:
    """What can be asked of a machine by name."""
    return [
        *(each.name for each in machine.properties),
        "no_deadlock",
        *(each.name for each in machine.progress),
        *(each.name for each in machine.always_possible),
        *(each.name for each in machine.goals),
    ]


def size_arguments(sizes: Mapping[str, int]) -> list[str]:
    """The options that give these sizes."""
    short = {sort: f"--{option} " for option, sort in NAMED_SIZES.items()}
    return [f"{short.get(name, f'--size {name}=')}{number}" for name, number in sizes.items()]


def proof_command(targets: Sequence[Target]) -> str:
    """The command that proves the properties of the first machine for any size; nothing for machines in files."""
    from attorn.model.instances import MACHINES

    machine = targets[0].instance.machine
    return f"attorn prove {machine.name}" if machine is MACHINES.get(machine.name) else ""


def claim_elements(machine: Machine) -> dict[str, str]:
    """The text of the claim's elements by letter, for machines that speak of the claim's platform."""
    from attorn.spec.claims import CLAIM
    from attorn.spec.vocabulary import Platform

    return {element.letter: element.text for element in CLAIM} if issubclass(machine.state, Platform) else {}


def promised(machine: Machine) -> dict[str, Property | Progress | Possibility]:
    """All that a machine says must hold, by name."""
    stated: tuple[Property | Progress | Possibility, ...]
    stated = (*machine.properties, *machine.progress, *machine.always_possible)
    return {each.name: each for each in stated}


def preset_notes(machine: Machine) -> list[tuple[str, str]]:
    """What the machine of a named protocol abstracts of real systems, its choices, and where it departs from them."""
    from attorn.model.migration import CLAIM
    from attorn.model.presets import CLAIM_ABSTRACTS, CLAIM_DEPARTS, PRESETS

    if machine is CLAIM:
        return [("abstracts", CLAIM_ABSTRACTS), *(("departs", text) for text in CLAIM_DEPARTS)]
    preset = PRESETS.get(machine.name)
    if preset is None or machine is not preset.machine:
        return []
    choices = ", ".join(f"{name} {value}" for name, value in preset.protocol.choices.items())
    return [
        ("abstracts", preset.abstracts),
        ("choices", f"{choices}."),
        *(("departs", text) for text in preset.departs),
    ]


def claim_model(machine: Machine) -> dict[str, tuple[str, ...]]:
    """The actions and fields that say an element of the claim, by its letter, as far as the machine has them."""
    from attorn.spec.claims import CLAIM

    has = {*(each.name for each in machine.actions), *machine.state.fields}
    letters = claim_elements(machine)
    return {
        each.letter: tuple(name for name in each.modelled if name in has) for each in CLAIM if each.letter in letters
    }


def is_hazard(name: str) -> bool:
    """Whether a known failure is meant: H and a number."""
    return re.fullmatch(r"[Hh]\d+", name) is not None


def is_file(name: str) -> bool:
    """Whether a name is meant as a file: it ends like one, or has a folder in it, or is one and nothing else."""
    from attorn.model.instances import INSTANCES, MACHINES

    path = name.rpartition(":")[0] or name
    if path.endswith(".py") or name.endswith(".py") or "/" in name or os.sep in name:
        return True
    return Path(name).is_dir() and name not in INSTANCES and name not in MACHINES and not is_hazard(name)


def _tell_apart(one: Instance, other: Instance) -> None:
    """A report calls instances and machines by name: refuse two of one name."""
    if one.name == other.name:
        raise BadInput(f"two instances are called {one.name}. Check them one after the other.")
    if one.machine.name == other.machine.name and one.machine is not other.machine:
        raise BadInput(f"two machines are called {one.machine.name}. Check them one after the other.")


def _named(name: str, sizes: Mapping[str, int]) -> list[Target]:
    from attorn.model.instances import INSTANCES

    if is_file(name):
        return _from_file(name, sizes)
    if is_hazard(name):
        return [_failing(name, sizes)]
    if name not in INSTANCES:
        raise UnknownName(f"no instance is called `{name}`. {nearest(name, INSTANCES)}")
    named = INSTANCES[name]
    check_sizes(named.machine, {**named.sizes, **sizes}, sizes)
    return [Target(named.build(**sizes), name, size_arguments(sizes))]


def _failing(name: str, sizes: Mapping[str, int]) -> Target:
    """The smallest instance that shows a hazard, or one of other sizes, which need not show it."""
    from attorn.model.hazards.catalogue import hazard
    from attorn.spec.language import Instance

    known = hazard(name)
    found = known.instance(known.mutated)
    if sizes:
        wanted = {**found.described(), **sizes}
        check_sizes(found.machine, wanted, sizes)
        found = Instance.of(found.machine, known.id, **wanted)
    return Target(found, known.id, size_arguments(sizes))


def _from_file(name: str, sizes: Mapping[str, int]) -> list[Target]:
    from attorn.commands.machine_file import load
    from attorn.spec.language import Instance

    file, _, chosen = _parts(name)
    path = shlex.quote(file)
    found = load(Path(file), chosen)
    targets = []
    for instance in found.instances:
        wanted = {**instance.described(), **sizes}
        check_sizes(instance.machine, wanted, sizes)
        built = Instance.of(instance.machine, instance.name, **wanted) if sizes else instance
        said = path if len(found.instances) == 1 and not chosen else f"{path}:{instance.name}"
        targets.append(Target(built, said, size_arguments(sizes)))
    if not targets:
        check_sizes(found.machine, sizes, sizes)
        said = f"{path}:{chosen}" if chosen else path
        targets.append(Target(Instance.of(found.machine, **sizes), said, size_arguments(sizes)))
    return targets


def _parts(name: str) -> tuple[str, str, str]:
    """A file, and what is chosen in it."""
    return name.rpartition(":") if not name.endswith(".py") and ":" in name else (name, "", "")


def check_sizes(machine: Machine, sizes: Mapping[str, int], given: Mapping[str, int]) -> None:
    """Refuse, with advice, sizes that the machine does not have, or lacks, or that no state can have."""
    sorts = {each.name: each for each in machine.sorts}
    known = [*sorts, *(each.name for each in machine.budgets)]
    for name in given:
        if name not in known:
            has = nearest(name, known) if known else "Its states have one size only."
            raise UnknownName(f"machine {machine.name} has no sort or budget `{name}`. {has}")
    missing = [name for name in known if name not in sizes]
    if missing:
        raise BadInput(
            f"machine {machine.name} needs a size for {', '.join(missing)}: "
            f"{' '.join(f'--size {name}=2' for name in missing)}."
        )
    for name, sort in sorts.items():
        least = max(1, len(sort.constants))
        if sizes[name] < least:
            raise BadInput(f"{name} must have at least {least}, got {sizes[name]}.")
    cells = 0
    for field in machine.state.fields.values():
        cells += math.prod(sizes.get(sort.name, 1) for sort in field.domain)
    if cells > MOST_CELLS:
        raise TooLarge(
            f"machine {machine.name} with {', '.join(f'{name}={size}' for name, size in sizes.items())}: a state would "
            f"have more than {MOST_CELLS:,} cells ({cells:,}), far beyond what can be searched. Choose smaller sizes."
        )
