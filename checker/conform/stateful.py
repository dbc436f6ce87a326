"""A Hypothesis state machine of a specification: it tries what is allowed and what is forbidden, and shrinks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

from hypothesis import HealthCheck, Phase
from hypothesis import settings as Settings  # noqa: N812 - a class, which Hypothesis spells so
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
AIMED = 8  # how many rules lead to the aim


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

    def takes(self, action: str) -> list[list[_Call]]:
        """The steps of an action that are allowed now: those not taken in this run yet, and all."""
        calls = _offers(self.binding, self.session.possible).allowed.get(action, [])
        return _some([call for call in calls if call.label not in self.taken], calls)

    def declines(self, action: str) -> list[list[_Call]]:
        """The steps of an action that are forbidden now: those that a single clause forbids, and the others."""
        offers = _offers(self.binding, self.session.possible)
        return _some(offers.decisive.get(action, []), offers.forbidden.get(action, []))

    def nears(self) -> st.SearchStrategy[_Call]:
        """A step that leads to the aim, or is the aim; where the run has no aim, it gets one first."""
        assert self.aims is not None
        if self.aim is not None:
            return st.sampled_from(self._nearer(self.aim))
        aims, turn = self.aims.all, STRIDE * len(self.session.program)
        # Hypothesis repeats what it drew before: the turn makes another aim of it.
        return st.integers(0, len(aims) - 1).flatmap(
            lambda draw: st.sampled_from(self._nearer(aims[(draw + turn) % len(aims)]))
        )

    def _nearer(self, aim: Aim) -> list[_Call]:
        """The steps that lead to an aim; all that are allowed, where none does."""
        assert self.aims is not None and self.at is not None
        steps = [self.aims.step(aim)] if self._met(aim) else self.aims.closer(self.at, aim)
        if steps:
            return [_Call(step, self.binding.label(step), aim) for step in steps]
        return [call for calls in _offers(self.binding, self.session.possible).allowed.values() for call in calls]

    def tries(self, call: _Call) -> None:
        """Try a step; once the aim is met there is none any more."""
        self.aim = call.aim or self.aim
        if self.aim is not None and self.aim.means(call.step) and self._met(self.aim):
            self.aim = None
        taken = self.session.attempt(call.step)
        self.taken.add(call.label)
        if taken and self.aims is not None and self.at is not None:
            self.at = self.aims.follow(self.at, call.step)

    def _met(self, aim: Aim) -> bool:
        """Whether the run is where trying the aim's step is what it aims at."""
        return self.aims is not None and self.at is not None and self.aims.distance(aim)[self.at] == 0

    def teardown(self) -> None:
        self.session.close()


def state_machine(instance: Instance, said: str, factory: Factory) -> type[RuleBasedStateMachine]:
    """A state machine whose rules, preconditions and checks come from an instance.

    For every action that the adapter has there are two rules, such as ``takes_suspend`` and ``declines_suspend``: one
    takes a step that the specification allows where the run is, the other tries one that it forbids, which the system
    must decline and stay as it was. Where the graph of the instance is known, further rules lead to where a clause
    alone decides, which draws from all steps seldom come to.

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
        **_rules(binding, aims),
    }
    made: Any = type(f"{binding.adapter.__name__}Conforms", (_Conforming,), names)

    class Case(made.TestCase):  # type: ignore[misc]
        """The test that unittest and pytest collect."""

        settings: ClassVar[Settings] = made.TestCase.settings

        def runTest(self) -> None:  # noqa: N802 - the name that unittest looks for
            _run(made, said, self.settings)

    Case.__name__, Case.__qualname__ = f"{made.__name__}Test", f"{made.__name__}Test"
    made.TestCase = Case
    return made  # type: ignore[no-any-return]


def conforms(instance: Instance, said: str, factory: Factory, settings: Settings | None = None) -> Tally:
    """Test a system; returns what was tried. Raises a Departure, as short as it can be, where the system departs."""
    made: Any = state_machine(instance, said, factory)
    _run(made, said, settings or made.TestCase.settings)
    return made.tally  # type: ignore[no-any-return]


def _run(made: Any, said: str, settings: Settings) -> None:
    """Tour the aims, then let Hypothesis look for a departure; one that is found is shortened, and told as a test."""
    quiet = Settings(
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


def _rules(binding: Binding, aims: Aims | None) -> dict[str, Any]:
    """The rules by name: for each action one that takes it and one that sees it declined; and those that aim."""

    def ready(run: _Conforming) -> bool:
        return run.at is not None and bool(aims and aims.all) and bool(_offers(binding, run.session.possible).allowed)

    found = {}
    for action in binding.actions:
        name = action.name
        if name not in binding.adapter.by_itself:
            for rule_name, calls in ((f"takes_{name}", _Conforming.takes), (f"declines_{name}", _Conforming.declines)):
                offered = partial(calls, action=name)
                found[rule_name] = _rule(rule_name, partial(_draw, offered), offered)
    # Hypothesis draws all rules alike, so there are as many of these as they are to weigh.
    return found | {name: _rule(name, _Conforming.nears, ready) for name in (f"nears_{turn}" for turn in range(AIMED))}


def _rule(name: str, draw: Callable[[Any], st.SearchStrategy[_Call]], possible: Callable[[Any], object]) -> Any:
    """The rule that tries a step."""

    def attempt(self: _Conforming, call: _Call) -> None:
        self.tries(call)

    attempt.__name__ = name
    drawing = rule(call=st.runner().flatmap(draw))
    return drawing(precondition(lambda run: bool(run.session.possible and possible(run)))(attempt))


def _draw(offered: Callable[[Any], list[list[_Call]]], run: _Conforming) -> st.SearchStrategy[_Call]:
    """A step of some group that is offered, all groups alike."""
    return st.sampled_from(offered(run)).flatmap(st.sampled_from)


def _some(*groups: list[_Call]) -> list[list[_Call]]:
    return [group for group in groups if group]


@dataclass(frozen=True)
class _Offers:
    """What rules offer in some possible states, by action: steps allowed, forbidden by one clause, and otherwise."""

    allowed: dict[str, list[_Call]]
    decisive: dict[str, list[_Call]]
    forbidden: dict[str, list[_Call]]


def _offers(binding: Binding, possible: tuple[Values, ...]) -> _Offers:
    found: _Offers | None = binding.kept.get(possible)
    if found is None:
        choices = binding.choices(possible)
        groups = (choices.allowed, choices.decisive, choices.forbidden)
        found = binding.kept[possible] = _Offers(*(_by_action(binding, steps) for steps in groups))
    return found


def _by_action(binding: Binding, steps: Sequence[Step]) -> dict[str, list[_Call]]:
    found: dict[str, list[_Call]] = {}
    for step in steps:
        found.setdefault(step.action.name, []).append(_Call(step, binding.label(step)))
    return found
