"""Small machines whose runs are known by hand, and reports on them."""

from __future__ import annotations

from enum import Enum

from attorn.checker import oracle
from attorn.checker.report import Commands, Report, instance_account, machine_account
from attorn.checker.verdicts import Exploration
from attorn.spec.language import (
    Budget,
    Counter,
    Element,
    Expr,
    Instance,
    Machine,
    Relation,
    State,
    Variable,
    action,
    assumption,
    forall,
    goal,
    initial,
    invariant,
    two_state,
)


class Runner(Element):
    """Somebody who carries the baton."""


class Hand(Enum):
    """Where a runner can hold a baton."""

    LEFT = "the left hand"
    RIGHT = "the right hand"


class Team(State):
    """A relay team; the ghost remembers how often the baton was passed."""

    holds = Relation(Runner, Hand, says="the runner has the baton in that hand")
    tired = Relation(Runner, says="the runner has run")
    passes = Counter(Budget("Passes"), ghost=True, says="how often the baton was passed")
    over = Variable(bool, says="the race is over")


@initial
def ready(s: Team, first: Runner) -> None:
    s.holds[...] = lambda runner, hand: (runner == first) & (hand == Hand.RIGHT)
    s.tired[...] = False
    s.passes = 0
    s.over = False


@action(party="runner")
def give(s: Team, giver: Runner, taker: Runner) -> None:
    """A runner gives the baton to another one and is tired."""
    s.require(s.holds[giver, Hand.RIGHT], giver != taker, ~s.tired[taker], ~s.over)
    s.holds[giver, Hand.RIGHT] = False
    s.holds[taker, Hand.RIGHT] = True
    s.tired[giver] = True
    s.passes = s.passes + 1


@action(party="umpire")
def end(s: Team) -> None:
    """The race ends for all."""
    s.require(~s.over)
    s.over = True
    s.tired[...] = True


@invariant(claim="b")
def somebody_fresh(s: Team) -> Expr:
    """Somebody is not tired | as long as the race goes on."""
    return ~s.over >> ~forall(Runner, lambda runner: s.tired[runner])


@invariant(claim="b", hazards=("H7",))
def few_passes(s: Team) -> list[Expr]:
    """The baton is passed at most once, and no left hand has it."""
    return [forall(Runner, lambda runner: ~s.holds[runner, Hand.LEFT]), s.passes < 2]


@two_state
def tired_stays_tired(before: Team, after: Team) -> Expr:
    """Who is tired stays tired."""
    return forall(Runner, lambda runner: before.tired[runner] >> after.tired[runner])


@two_state
def race_goes_on(before: Team, after: Team) -> Expr:
    """The race never ends."""
    return ~before.over >> ~after.over


@goal
def passed(s: Team, runner: Runner) -> Expr:
    """The baton was passed."""
    return s.tired[runner] & ~s.over


@goal
def left_handed(s: Team, runner: Runner) -> Expr:
    """Somebody has the baton in the left hand."""
    return s.holds[runner, Hand.LEFT]


RELAY = Machine(
    "relay",
    Team,
    ready,
    (give, end),
    (somebody_fresh, few_passes, tired_stays_tired, race_goes_on, passed, left_handed),
    (assumption("no_falls", "No runner drops the baton."),),
    "A relay race.",
)


class Task(State):
    """A number of jobs."""

    left = Counter(3, says="jobs left")


@initial
def three(s: Task) -> None:
    s.left = 3


@action
def work(s: Task) -> None:
    """Do one job."""
    s.require(s.left > 0)
    s.left = s.left - 1


JOBS = Machine("jobs", Task, three, (work,))


def relay(runners: int = 3, name: str = "relay") -> Instance:
    """A race of some runners; with three, the baton can be passed twice."""
    return Instance.of(RELAY, name, Runner=runners, Passes=runners)


def jobs() -> Instance:
    """Three jobs, after which nothing can be done."""
    return Instance.of(JOBS)


def report(*explorations: Exploration, not_searched: tuple[str, ...] = ()) -> Report:
    """A report on explorations, as if they had taken no time."""
    machines = {each.instance.machine.name: each.instance.machine for each in explorations}
    elements = {"a": "Runners run.", "b": "The baton is passed on."}
    return Report(
        attorn="1.2.3",
        command="attorn check relay",
        machines=tuple(
            machine_account(each, [*(p.name for p in each.properties), *(g.name for g in each.goals)], elements)
            for each in machines.values()
        ),
        instances=tuple(
            instance_account(
                each, Commands(f"attorn check {each.instance.name}", f"attorn explain {each.instance.name}/{{}}")
            )
            for each in explorations
        ),
        not_searched=not_searched,
    )


def explored(instance: Instance, **options: int) -> Exploration:
    """What the plain engine says; its own tests hold it to known answers."""
    return oracle.explore(instance, **options)  # type: ignore[arg-type]
