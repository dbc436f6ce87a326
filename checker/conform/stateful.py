"""A Hypothesis state machine of a specification: it tries what is allowed and what is forbidden, and shrinks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import hypothesis
from hypothesis import HealthCheck, Phase
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from attorn.checker.conform.adapter import Factory
from attorn.checker.conform.aims import Aim, Aims, known_graph
from attorn.checker.conform.departures import Departure
from attorn.checker.conform.listing import listing
from attorn.checker.conform.session import Binding, Session, Tally
from attorn.checker.conform.shortening import shortened
from attorn.checker.conform.touring import tours
from attorn.spec.language import Instance, Step, Values

__all__ = ["conforms", "state_machine"]

STRIDE = 17
AIMED = 8  # how much more likely than another action's a step is that leads to the aim


class _Call:
    """A step as Hypothesis prints it; ``aim`` is where it is to lead, if somewhere."""

    def __init__(self, step: Step, label: str, aim: Aim | None = None) -> None:
        self.step, self.label, self.aim = step, label, aim

    def __repr__(self) -> str:
        return self.label


class _Conforming(RuleBasedStateMachine):
    """A run of a system; what it tries is given by the rules that ``state_machine`` adds.

    at:  the state that the run is in, as the aims number states; None where that is not known.
    aim: where it is to go now.
    """

    binding: ClassVar[Binding]
    tally: ClassVar[Tally]
    aims: ClassVar[Aims | None]

    def __init__(self) -> None:
        super().__init__()
        self.session = Session(self.binding, self.tally)
        self.taken: set[str] = set()
        self.at: int | None = None
        self.aim: Aim | None = None

    def goes_on(self) -> st.SearchStrategy[_Call]:
        """A step that is allowed now; where the run has no aim, it gets one first."""
        if self.aims is None or self.at is None:
            return _drawn(self.allowed(None))
        if self.aim is not None:
            return _drawn(self.allowed(self.aim))
        aims, turn = self.aims.all, STRIDE * len(self.session.program)
        # Hypothesis repeats what it drew before: the turn makes another aim of it.
        return st.integers(0, len(aims) - 1).flatmap(lambda draw: _drawn(self.allowed(aims[(draw + turn) % len(aims)])))

    def allowed(self, aim: Aim | None) -> list[list[_Call]]:
        """The steps that are allowed now, those of one action together.

        First, and so most likely to be drawn: those that lead to the aim, and those not taken in this run yet.
        """
        offers = _offers(self.binding, self.session.possible)
        closer = self.aims.closer(self.at, aim) if self.aims and aim and self.at is not None else ()
        aimed = [_Call(step, self.binding.label(step), aim) for step in closer]
        fresh = [[call for call in calls if call.label not in self.taken] for calls in offers.allowed]
        groups = (calls for calls in (*fresh, *offers.allowed) if calls)
        return [
            *[aimed] * (AIMED if aimed else 0),
            *([_Call(call.step, call.label, aim) for call in calls] for calls in groups),
        ]

    def forbidden(self) -> list[list[_Call]]:
        """The steps that are forbidden now: the aim, those that a single clause forbids by their action, the others."""
        offers = _offers(self.binding, self.session.possible).forbidden
        aimed = [call for calls in offers for call in calls if self._meets(call.step)][:1]
        return [*[aimed] * (AIMED if aimed else 0), *offers]

    def tries(self, call: _Call) -> None:
        """Try a step; once the aim is met there is none any more."""
        self.aim = call.aim or self.aim
        if self._meets(call.step):
            self.aim = None
        taken = self.session.attempt(call.step)
        self.taken.add(call.label)
        if taken and self.aims is not None and self.at is not None:
            self.at = self.aims.follow(self.at, call.step)

    def _meets(self, step: Step) -> bool:
        """Whether trying a step now is what the run aims at."""
        if self.aims is None or self.aim is None or self.at is None:
            return False
        return self.aim.means(step) and self.aims.distance(self.aim)[self.at] == 0

    def teardown(self) -> None:
        self.session.close()


def state_machine(instance: Instance, said: str, factory: Factory) -> type[RuleBasedStateMachine]:
    """A state machine whose rules, preconditions and checks come from an instance.

    One rule takes a step that the specification allows where the run is, of any action that the adapter has. The other
    tries a step that it forbids, which the system must decline and stay as it was. There is no pair of rules for each
    action, as Hypothesis leaves some rules out of each run, and no VM migrates without all of its steps.

    After every step what the system shows is compared with the specification. That is stronger than asking its
    invariants, of which those are named that a departure violates. Individuals are drawn from finite sorts and known
    beforehand, so there are no bundles of them. What fails is made as short as it can be, and printed as a test.

    said: how a test names the instance; empty where it has no name.
    Raises BadInput where the adapter cannot drive the instance.
    """
    binding = Binding(instance, factory)
    graph = known_graph(instance)
    aims = None if graph is None else Aims(graph, binding.actions, binding.adapter.by_itself)
    names: dict[str, Any] = {
        "binding": binding,
        "tally": Tally(),
        "aims": aims,
        "__doc__": f"{binding.adapter.__name__} against {instance.name}.",
        "begin": _beginning(binding),
        "do": _rule(_Conforming.goes_on, lambda run: bool(_offers(binding, run.session.possible).allowed)),
        "refuse": _rule(
            lambda run: _drawn(run.forbidden()), lambda run: bool(_offers(binding, run.session.possible).forbidden)
        ),
    }
    made: Any = type(f"{binding.adapter.__name__}Conforms", (_Conforming,), names)

    def run_test(case: Any) -> None:
        _run(made, said, case.settings)

    collected = {"__doc__": "The test that unittest and pytest collect.", "runTest": run_test}
    made.TestCase = type(f"{made.__name__}Test", (made.TestCase,), {"settings": made.TestCase.settings, **collected})
    machine: type[RuleBasedStateMachine] = made
    return machine


def conforms(instance: Instance, said: str, factory: Factory, settings: hypothesis.settings | None = None) -> Tally:
    """Test a system; returns what was tried. Raises a Departure, as short as it can be, where the system departs."""
    made: Any = state_machine(instance, said, factory)
    _run(made, said, settings or made.TestCase.settings)
    tally: Tally = made.tally
    return tally


def _run(made: Any, said: str, settings: hypothesis.settings) -> None:
    """Tour the aims, then let Hypothesis look for a departure; one that is found is shortened, and told as a test."""
    quiet = hypothesis.settings(
        settings,
        deadline=None,
        report_multiple_bugs=False,
        print_blob=False,
        phases=[phase for phase in settings.phases if phase is not Phase.shrink],
        suppress_health_check=[*settings.suppress_health_check, HealthCheck.too_slow, HealthCheck.filter_too_much],
    )
    binding: Binding = made.binding
    try:
        _tour(binding, made.aims, made.tally)
        run_state_machine_as_test(made, settings=quiet)
    except Departure as found:
        departure = shortened(binding, found, made.aims)
    else:
        return
    departure.__notes__ = []  # Hypothesis's own account, which is of the longer program
    departure.listing = listing(binding, departure, said)
    raise departure


def _tour(binding: Binding, aims: Aims | None, tally: Tally) -> None:
    """Before anything is drawn, come to every aim once, by the shortest runs that do."""
    if aims is None or not binding.begins_as_told or binding.hidden:
        return
    for tour in tours(aims, aims.all):
        with Session(binding, tally) as run:
            run.begin(tour.start)
            for attempt in tour.attempts:
                run.attempt(attempt.step)


def _beginning(binding: Binding) -> Any:
    """The rule that starts a run: from any initial state, where the system can be brought into one."""
    starts = list(binding.initial_states) if binding.begins_as_told else [None]

    @initialize(start=st.sampled_from(range(len(starts))))
    def begin(self: _Conforming, start: int) -> None:
        chosen = starts[start]
        self.session.begin(chosen)
        if self.aims is not None and chosen is not None:
            self.at = self.aims.starts[chosen]

    return begin


def _rule(draw: Callable[[Any], st.SearchStrategy[_Call]], possible: Callable[[Any], bool]) -> Any:
    """The rule that tries a step."""

    @rule(call=st.runner().flatmap(draw))
    @precondition(lambda run: run.session.possible and possible(run))
    def attempt(self: _Conforming, call: _Call) -> None:
        self.tries(call)

    return attempt


def _drawn(calls: list[list[_Call]]) -> st.SearchStrategy[_Call]:
    return st.sampled_from(calls).flatmap(st.sampled_from)


@dataclass(frozen=True)
class _Offers:
    """What rules offer in some possible states."""

    allowed: list[list[_Call]]
    forbidden: list[list[_Call]]


def _offers(binding: Binding, possible: tuple[Values, ...]) -> _Offers:
    found: _Offers | None = binding.kept.get(possible)
    if found is None:
        choices = binding.choices(possible)
        forbidden = _by_action(binding, choices.decisive)
        if choices.forbidden:
            forbidden.append([_Call(step, binding.label(step)) for step in choices.forbidden])
        found = binding.kept[possible] = _Offers(_by_action(binding, choices.allowed), forbidden)
    return found


def _by_action(binding: Binding, steps: Sequence[Step]) -> list[list[_Call]]:
    found: dict[str, list[_Call]] = {}
    for step in steps:
        found.setdefault(step.action.name, []).append(_Call(step, binding.label(step)))
    return list(found.values())
