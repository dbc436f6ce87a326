"""The report as typed data, from which terminal, Markdown and JSON are rendered."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from attorn.checker.report.map_model import StateMap
from attorn.checker.report.run_model import Counterexample, FieldFacts, Trace
from attorn.checker.verdicts import Evidence

__all__ = [
    "Agreement",
    "Assumed",
    "Comparison",
    "Fired",
    "GoalAccount",
    "InstanceAccount",
    "MachineAccount",
    "Outcome",
    "PropertyAccount",
    "Report",
    "SilentAccount",
    "Unchecked",
]


class Outcome(Enum):
    """What a report says as a whole."""

    HOLDS = "holds"
    REFUTED = "refuted"
    UNDETERMINED = "undetermined"


class Agreement(Enum):
    """Whether other engines say the same; where one says something else there is no report."""

    NOT_ASKED = "not asked"
    AGREED = "agreed"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class PropertyAccount:
    """One property on one instance.

    occasions: how often a progress property has something to say: states, for each value of its parameters, in which
               its premise holds and its conclusion does not yet.
    """

    name: str
    kind: str
    sentence: str
    claim: str
    hazards: tuple[str, ...]
    where: str
    evidence: Evidence
    counterexample: Counterexample | None = None
    occasions: int | None = None


@dataclass(frozen=True)
class Comparison:
    """What another engine says of an instance: the same, or nothing for certain; and a sentence on it."""

    engine: str
    agreed: bool
    says: str


@dataclass(frozen=True)
class Unchecked:
    """A property or goal that was stated and not decided, and why not."""

    name: str
    why: str


@dataclass(frozen=True)
class GoalAccount:
    """One goal on one instance; reached is None where the search ended before it could tell."""

    name: str
    sentence: str
    claim: str
    where: str
    reached: bool | None
    trace: Trace | None = None
    ghosts: tuple[str, ...] = ()
    replay: str = ""

    @property
    def verdict(self) -> str:
        """The word for it: a goal that a finished search did not reach is refuted."""
        return {True: "reached", False: Evidence.REFUTED.value, None: Evidence.UNDETERMINED.value}[self.reached]


@dataclass(frozen=True)
class Fired:
    """An action: how many transitions it made, how many clauses its guard has, and where it is stated."""

    action: str
    times: int
    clauses: int
    party: str = ""
    sentence: str = ""
    where: str = ""


@dataclass(frozen=True)
class SilentAccount:
    """A clause, counted from 1, that never decides alone whether its action is enabled."""

    action: str
    number: int
    text: str
    where: str


@dataclass(frozen=True)
class InstanceAccount:
    """All that is known of one instance.

    sizes:     sort or budget and its size, in the machine's order; ``shape`` says the same in words.
    levels:    number of states first met at each depth.
    unchecked: properties and goals that the machine states, and that were not asked about.
    progress_stopped: why progress properties are undetermined, though the search may have finished.
    command:   what checks it again.
    orbits:    how many states were searched, where each stood for all that differ from it in names only.
    key:       for each lane of its pictures, what the cells mean.
    map:       its states as a graph, if that is small enough.
    """

    name: str
    machine: str
    sizes: tuple[tuple[str, int], ...]
    shape: str
    engine: str
    finished: bool
    stopped: str
    transitions: int
    levels: tuple[int, ...]
    properties: tuple[PropertyAccount, ...]
    goals: tuple[GoalAccount, ...]
    fired: tuple[Fired, ...]
    silent: tuple[SilentAccount, ...]
    fields: tuple[FieldFacts, ...]
    command: str
    comparisons: tuple[Comparison, ...] = ()
    unchecked: tuple[Unchecked, ...] = ()
    progress_stopped: str = ""
    orbits: int | None = None
    key: tuple[tuple[str, str], ...] = ()
    map: StateMap | None = None

    @property
    def agreement(self) -> Agreement:
        """Whether all other engines that were asked say the same."""
        if not self.comparisons:
            return Agreement.NOT_ASKED
        return Agreement.AGREED if all(each.agreed for each in self.comparisons) else Agreement.UNKNOWN

    @property
    def states(self) -> int:
        """How many distinct states were met."""
        return sum(self.levels)

    @property
    def depth(self) -> int:
        """The largest number of steps that a state is away from the initial states."""
        return max(0, len(self.levels) - 1)

    @property
    def dead(self) -> tuple[str, ...]:
        """Actions that never happened."""
        return tuple(each.action for each in self.fired if not each.times)


@dataclass(frozen=True)
class Assumed:
    """An assumption, by its id."""

    name: str
    sentence: str
    where: str


@dataclass(frozen=True)
class MachineAccount:
    """A machine that the report speaks of.

    digest:    of all that the machine says, in hexadecimal.
    elements:  letter and text of the elements of the claim that its properties and goals name.
    modelled:  letter and names of the actions and fields that say the same, for each of these elements.
    notes:     titles and texts: what it speaks of, and where it departs from that.
    """

    name: str
    says: str
    digest: str
    assumptions: tuple[Assumed, ...]
    elements: tuple[tuple[str, str], ...] = ()
    modelled: tuple[tuple[str, tuple[str, ...]], ...] = ()
    notes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Report:
    """An invariant report: the same, byte for byte, whenever and wherever it is made.

    command:      the one command that repeats it.
    not_searched: instances of which nothing is known, because the user interrupted.
    """

    attorn: str
    command: str
    machines: tuple[MachineAccount, ...]
    instances: tuple[InstanceAccount, ...]
    not_searched: tuple[str, ...]

    @property
    def outcome(self) -> Outcome:
        """Refuted if anything is; else undetermined if anything is."""
        words = set(self._words())
        if Evidence.REFUTED.value in words:
            return Outcome.REFUTED
        if self.not_searched or Evidence.UNDETERMINED.value in words:
            return Outcome.UNDETERMINED
        open_ended = (not each.finished or each.agreement is Agreement.UNKNOWN for each in self.instances)
        return Outcome.UNDETERMINED if any(open_ended) else Outcome.HOLDS

    def of_machine(self, name: str) -> tuple[InstanceAccount, ...]:
        """The instances of one machine."""
        return tuple(each for each in self.instances if each.machine == name)

    def _words(self) -> Iterable[str]:
        for instance in self.instances:
            yield from (each.evidence.value for each in instance.properties)
            yield from (each.verdict for each in instance.goals)
