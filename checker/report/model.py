"""The report as typed data, from which terminal, Markdown and JSON are rendered."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum

from attorn.checker.report.drawing import Drawing
from attorn.checker.verdicts import Evidence

__all__ = [
    "Agreement",
    "Assignment",
    "Assumed",
    "Broken",
    "Change",
    "Comparison",
    "Counterexample",
    "FieldFacts",
    "Fired",
    "GoalAccount",
    "InstanceAccount",
    "Loop",
    "MachineAccount",
    "MapEdge",
    "MapNode",
    "Missed",
    "Outcome",
    "Place",
    "Promise",
    "PropertyAccount",
    "Report",
    "RunFacts",
    "SilentAccount",
    "StateMap",
    "Timing",
    "Trace",
    "TraceStep",
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
class Place:
    """A cell by the names of its field and its index."""

    field: str
    index: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.field}[{', '.join(self.index)}]" if self.index else self.field


@dataclass(frozen=True)
class FieldFacts:
    """A field of an instance.

    index:  for each position, its sort and the names of that sort's values.
    values: the sort of what a cell holds.
    """

    name: str
    says: str
    index: tuple[tuple[str, tuple[str, ...]], ...]
    values: str
    ghost: bool


@dataclass(frozen=True)
class Assignment:
    """What a cell holds."""

    place: Place
    value: str


@dataclass(frozen=True)
class Change:
    """What a step made of one cell."""

    place: Place
    old: str
    new: str


@dataclass(frozen=True)
class TraceStep:
    """One step of a run: who did what, and what it changed. Steps count from 1.

    name:    the action without its arguments.
    to:      the party that takes it up, whose later step depends on it; the same party if nobody else does.
    drawing: the state after it, if pictures were wanted.
    """

    number: int
    party: str
    action: str
    changes: tuple[Change, ...]
    name: str = ""
    to: str = ""
    drawing: Drawing | None = None


@dataclass(frozen=True)
class Trace:
    """A run: the whole first state, and the steps from it.

    drawing: the first state, if pictures were wanted.
    """

    start: tuple[Assignment, ...]
    steps: tuple[TraceStep, ...]
    drawing: Drawing | None = None


@dataclass(frozen=True)
class Broken:
    """The conjunct of a property that is false, counted from 1 of ``of``.

    witness: values of its outer quantifiers against which it is false.
    values:  what the cells that it reads hold then.
    """

    conjunct: int
    of: int
    text: str
    where: str
    witness: tuple[tuple[str, str], ...]
    values: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Missed:
    """What never comes about, for some values of the parameters of a property.

    premise: what holds after so many steps, and demands it; nothing where it must be possible in any case.
    wanted:  what does not hold then, nor ever after.
    """

    arguments: tuple[tuple[str, str], ...]
    premise: str
    after: int
    wanted: str


@dataclass(frozen=True)
class Promise:
    """How a run without end keeps the promise of a fair step: it takes it for ever, or lets it be disabled for ever.

    taken: number of the step in the loop that takes it.  idle: number of the step after which it is not enabled.
    """

    step: str
    fair: str
    taken: int | None
    idle: int | None


@dataclass(frozen=True)
class Loop:
    """How a run goes on for ever after its last step.

    ending: ``livelock``, ``rest`` (only steps are enabled that need never happen) or ``deadlock``.
    steps:  lead back to the state in which they begin, numbered on from those before; none if the run rests there.
    """

    ending: str
    steps: tuple[TraceStep, ...]
    promises: tuple[Promise, ...]


@dataclass(frozen=True)
class Counterexample:
    """A shortest run into a violation, checked again by the plain interpreter.

    broken:       what is false at its end; None for a deadlock, and where something is missed.
    alternatives: steps that could have been taken at the last good state instead of the last step.
    ghosts:       ghost fields that the violated formula reads: without them the violation cannot be seen.
    missed:       what never comes about, if that is the violation.
    loop:         what happens for ever after the run, which is then the shortest way into such a loop.
    test:         the command that makes a test of it for a system of the user's; nothing where there is none.
    """

    trace: Trace
    broken: Broken | None
    alternatives: tuple[str, ...]
    ghosts: tuple[str, ...]
    replay: str
    missed: Missed | None = None
    loop: Loop | None = None
    test: str = ""


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
class MapNode:
    """A node of a map: a state, or a class of states.

    label:  lines that tell it.  depth: the fewest steps in which it is reached.
    """

    label: tuple[str, ...]
    states: int
    depth: int
    initial: bool = False


@dataclass(frozen=True)
class MapEdge:
    """The transitions from a node to another one, by action, each with how many there are."""

    source: int
    target: int
    actions: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class StateMap:
    """The states of an instance as a graph small enough to be looked at.

    by:    what makes up a node, in words; nothing where each state has its own.
    nodes: in the order of their depth, then of their labels.
    ends:  properties that are violated, each with the nodes that the run passes, the violation in the last one.
    """

    by: str
    nodes: tuple[MapNode, ...]
    edges: tuple[MapEdge, ...]
    ends: tuple[tuple[str, tuple[int, ...]], ...] = ()

    @property
    def way(self) -> dict[tuple[int, int], int]:
        """The way into the first violation: for each pair of nodes the number of the step from one to the other."""
        found: dict[tuple[int, int], int] = {}
        for _, nodes in self.ends[:1]:
            for step, (one, other) in enumerate(itertools.pairwise(nodes), start=1):
                if one != other:
                    found.setdefault((one, other), step)
        return found


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
class Timing:
    """What one instance or obligation cost.

    phases: what the seconds went to, by name, where that was asked for: those of all processes together.
    """

    name: str
    seconds: float
    bytes_per_state: float = 0.0
    phases: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class RunFacts:
    """All that may differ when the same is run again: time, machine and versions. Only manifests have it.

    started: ISO 8601, with the offset.  seconds: of the whole run.  cores: that the computer has.
    """

    started: str
    seconds: float
    threads: int
    python: str
    platform: str
    cores: int
    versions: tuple[tuple[str, str], ...]
    timings: tuple[Timing, ...] = ()


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
