"""Machines whose answers are in textbooks, or short enough to be worked out by hand."""

from __future__ import annotations

from enum import Enum

import pytest

from attorn.checker.progress import Ending, Limits, check_always_possible, check_progress
from attorn.checker.progress.verdicts import ProgressVerdict
from attorn.checker.verdicts import Evidence
from attorn.spec.errors import UnknownName
from attorn.spec.language import (
    NONE,
    Concrete,
    Counter,
    Element,
    Expr,
    Instance,
    Machine,
    Map,
    Option,
    Relation,
    State,
    UpTo,
    Variable,
    action,
    always_possible,
    constant,
    exists,
    forall,
    initial,
    ite,
    leads_to,
    progress,
)
from attorn.spec.language.declarations import Declaration, Fairness, LeadsTo


def only(verdicts: tuple[ProgressVerdict, ...]) -> ProgressVerdict:
    (verdict,) = verdicts
    return verdict


def labels(machine: Instance, verdict: ProgressVerdict) -> tuple[list[str], list[str]]:
    """The steps of the stem and of the loop as reports print them."""
    assert verdict.lasso is not None
    label = Concrete(machine).label
    return [label(move.step) for move in verdict.lasso.stem.moves], [label(move.step) for move in verdict.lasso.loop]


class Side(Element):
    """One of two processes."""


LEFT, RIGHT = constant(Side, "left"), constant(Side, "right")


def other(side: Expr) -> Expr:
    return ite(side == LEFT, RIGHT, LEFT)


class At(Enum):
    IDLE = "elsewhere"
    RAISED = "has raised its flag"
    WAITING = "has let the other go first, and waits"
    INSIDE = "in the critical section"


class Peterson(State):
    at = Map(Side, to=At)
    first = Variable(Side)


@initial
def both_idle(s: Peterson) -> None:
    s.at[...] = At.IDLE
    s.first = LEFT


def peterson(fair: Fairness) -> Instance:
    """Peterson's mutual exclusion (Myths about the mutual exclusion problem, 1981); nobody is forced to ask."""

    @action
    def ask(s: Peterson, side: Side) -> None:
        """Raise the flag."""
        s.require(s.at[side] == At.IDLE)
        s.at[side] = At.RAISED

    @action(fair=fair)
    def yield_turn(s: Peterson, side: Side) -> None:
        """Let the other go first."""
        s.require(s.at[side] == At.RAISED)
        s.at[side] = At.WAITING
        s.first = other(side)

    @action(fair=fair)
    def enter(s: Peterson, side: Side) -> None:
        """Go in, unless the other has its flag up and goes first."""
        s.require(s.at[side] == At.WAITING, (s.at[other(side)] == At.IDLE) | (s.first == side))
        s.at[side] = At.INSIDE

    @action(fair=fair)
    def leave(s: Peterson, side: Side) -> None:
        """Go out and lower the flag."""
        s.require(s.at[side] == At.INSIDE)
        s.at[side] = At.IDLE

    @progress
    def gets_in(s: Peterson, side: Side) -> LeadsTo:
        """Who asks gets in."""
        return leads_to(s.at[side] == At.RAISED, s.at[side] == At.INSIDE)

    return Instance.of(Machine("peterson", Peterson, both_idle, (ask, yield_turn, enter, leave), (gets_in,)), Side=2)


def test_nobody_starves_with_peterson_if_steps_are_weakly_fair() -> None:
    verdict = only(check_progress(peterson("weak")))
    assert verdict.evidence is Evidence.EXHAUSTED
    assert verdict.occasions > 0


def test_somebody_may_starve_with_peterson_if_nothing_is_promised() -> None:
    verdict = only(check_progress(peterson("none")))
    assert verdict.evidence is Evidence.REFUTED
    assert verdict.lasso is not None
    assert verdict.lasso.ending is Ending.REST
    assert labels(peterson("none"), verdict) == (["ask(left)"], [])
    assert verdict.arguments == (("side", "left"),)


class Client(Element):
    """Somebody who wants the semaphore."""


class Semaphore(State):
    holder = Variable(Option(Client))
    wants = Relation(Client)


@initial
def free(s: Semaphore) -> None:
    s.holder = NONE
    s.wants[...] = False


def semaphore(fair: Fairness) -> Instance:
    """A binary semaphore (Manna and Pnueli, The temporal logic of reactive systems, 1992): it needs strong fairness."""

    @action
    def want(s: Semaphore, client: Client) -> None:
        """Ask for it."""
        s.require(~s.wants[client])
        s.wants[client] = True

    @action(fair=fair)
    def take(s: Semaphore, client: Client) -> None:
        """Get it while it is free."""
        s.require(s.wants[client], s.holder == NONE)
        s.holder = client

    @action(fair="weak")
    def give(s: Semaphore, client: Client) -> None:
        """Give it back."""
        s.require(s.holder == client)
        s.holder = NONE
        s.wants[client] = False

    @progress
    def gets_it(s: Semaphore, client: Client) -> LeadsTo:
        """Who wants it gets it."""
        return leads_to(s.wants[client], s.holder == client)

    return Instance.of(Machine("semaphore", Semaphore, free, (want, take, give), (gets_it,)), Client=2)


def test_a_semaphore_is_fair_to_all_if_taking_it_is_strongly_fair() -> None:
    assert only(check_progress(semaphore("strong"))).evidence is Evidence.EXHAUSTED


def test_a_semaphore_may_starve_a_client_if_taking_it_is_weakly_fair() -> None:
    """By hand: while the other has it, the client cannot take it, so the weak promise is kept without it."""
    machine = semaphore("weak")
    verdict = only(check_progress(machine))
    assert verdict.evidence is Evidence.REFUTED
    assert verdict.lasso is not None
    assert verdict.lasso.ending is Ending.LIVELOCK
    stem, loop = labels(machine, verdict)
    starved = dict(verdict.arguments)["client"]
    happy = {"client0": "client1", "client1": "client0"}[starved]
    assert stem[0] == f"want({starved})" or len(stem) == 1
    assert sorted(loop) == sorted([f"want({happy})", f"take({happy})", f"give({happy})"])
    promises = {Concrete(machine).label(each.step): each for each in verdict.lasso.promises}
    assert promises[f"take({starved})"].taken is None
    assert promises[f"take({starved})"].idle is not None
    assert promises[f"take({happy})"].taken is not None


def test_another_clients_steps_do_not_keep_a_clients_promise() -> None:
    """Two workers, each with a weakly fair step that it can always take: both get their work done.

    Were fairness a promise of the action and not of each of its steps, one could work for ever alone.
    """

    class Office(State):
        done = Relation(Client)

    @initial
    def nothing_done(s: Office) -> None:
        s.done[...] = False

    @action(fair="weak")
    def work(s: Office, client: Client) -> None:
        """Work, even if all is done."""
        s.done[client] = True

    @progress
    def all_done(s: Office) -> LeadsTo:
        """In the end everybody's work is done."""
        return leads_to(exists(Client, lambda client: ~s.done[client]), forall(Client, lambda client: s.done[client]))

    office = Machine("office", Office, nothing_done, (work,), (all_done,))
    assert only(check_progress(Instance.of(office, Client=2))).evidence is Evidence.EXHAUSTED


class Forks(State):
    fork = Map(Side, to=Option(Side))


@initial
def on_the_table(s: Forks) -> None:
    s.fork[...] = NONE


def philosophers() -> Instance:
    """Two of Dijkstra's philosophers: who has the first fork keeps it until the second is free."""

    @action(fair="strong")
    def take(s: Forks, side: Side, fork: Side) -> None:
        """Take the own fork, or the other one after it."""
        s.require(s.fork[fork] == NONE, (fork == side) | (s.fork[side] == side))
        s.fork[fork] = side

    @action(fair="strong")
    def eat(s: Forks, side: Side) -> None:
        """Eat, and put both back."""
        s.require(s.fork[LEFT] == side, s.fork[RIGHT] == side)
        s.fork[...] = NONE

    @progress
    def eats(s: Forks, side: Side) -> LeadsTo:
        """Who has a fork eats."""
        return leads_to(s.fork[side] == side, (s.fork[LEFT] == side) & (s.fork[RIGHT] == side))

    @always_possible
    def can_eat(s: Forks, side: Side) -> Expr:
        """Everybody has a chance of eating."""
        return (s.fork[LEFT] == side) & (s.fork[RIGHT] == side)

    return Instance.of(Machine("philosophers", Forks, on_the_table, (take, eat), (eats, can_eat)), Side=2)


def test_a_deadlock_is_a_way_of_making_no_progress() -> None:
    verdict = only(check_progress(philosophers()))
    assert verdict.evidence is Evidence.REFUTED
    assert verdict.lasso is not None
    assert verdict.lasso.ending is Ending.DEADLOCK
    stem, loop = labels(philosophers(), verdict)
    assert sorted(stem) == ["take(left, left)", "take(right, right)"]  # by hand: each takes its own
    assert loop == []


def test_after_a_deadlock_nothing_is_possible() -> None:
    (verdict,) = check_always_possible(philosophers())
    assert verdict.evidence is Evidence.REFUTED
    assert verdict.path is not None
    taken = sorted(Concrete(philosophers()).label(move.step) for move in verdict.path.moves)
    assert taken == ["take(left, left)", "take(right, right)"]


class Corridor(State):
    place = Map(Side, to=Side)
    past = Variable(bool)


@initial
def face_to_face(s: Corridor) -> None:
    s.place[...] = LEFT
    s.past = False


@progress
def pass_each_other(s: Corridor) -> LeadsTo:
    """They get past each other."""
    return leads_to(~s.past, s.past)


@always_possible
def can_pass(s: Corridor) -> Expr:
    """They can get past each other."""
    return s.past


@action(fair="weak")
def pass_by(s: Corridor) -> None:
    """Walk on."""
    s.require(~s.past, s.place[LEFT] != s.place[RIGHT])
    s.past = True


@action(fair="weak")
def step_aside(s: Corridor, side: Side) -> None:
    """Make way."""
    s.require(~s.past, s.place[LEFT] == s.place[RIGHT])
    s.place[...] = lambda one: ite(one == side, other(s.place[one]), s.place[one])


@action(fair="weak")
def mirror(s: Corridor) -> None:
    """Both make way, to the same side."""
    s.require(~s.past)
    s.place[...] = lambda one: other(s.place[one])


def corridor(*steps: Declaration) -> Instance:
    return Instance.of(Machine("corridor", Corridor, face_to_face, steps, (pass_each_other, can_pass)), Side=2)


def test_two_polite_people_livelock_if_both_step_aside() -> None:
    machine = corridor(pass_by, mirror)
    verdict = only(check_progress(machine))
    assert verdict.lasso is not None
    assert verdict.lasso.ending is Ending.LIVELOCK
    assert labels(machine, verdict) == ([], ["mirror()", "mirror()"])  # by hand: left, right, left, ...
    assert check_always_possible(machine)[0].evidence is Evidence.REFUTED


def test_what_is_always_possible_need_not_happen() -> None:
    """Each makes way before the other walks on: they pass by only if that is strongly fair."""

    @action(fair="weak")
    def step_back(s: Corridor, side: Side) -> None:
        """Go back into the way."""
        s.require(~s.past, s.place[LEFT] != s.place[RIGHT])
        s.place[side] = s.place[other(side)]

    machine = corridor(pass_by, step_aside, step_back)
    verdict = only(check_progress(machine))
    assert verdict.lasso is not None
    assert verdict.lasso.ending is Ending.LIVELOCK
    assert check_always_possible(machine)[0].evidence is Evidence.EXHAUSTED


def test_they_pass_if_making_way_is_fair() -> None:
    assert only(check_progress(corridor(pass_by, step_aside))).evidence is Evidence.EXHAUSTED


class Ladder(State):
    rung = Counter(30)
    broken = Variable(bool)


@initial
def at_the_foot(s: Ladder) -> None:
    s.rung = 0
    s.broken = False


@action(fair="weak")
def climb(s: Ladder) -> None:
    """One rung up."""
    s.require(s.rung < 30, ~s.broken)
    s.rung = s.rung + 1


@action
def snap(s: Ladder) -> None:
    """The third rung breaks."""
    s.require(s.rung == 3)
    s.broken = True


@progress
def reaches_the_top(s: Ladder) -> LeadsTo:
    """Who climbs gets to the top."""
    return leads_to(s.rung == 0, s.rung == 30)


@progress
def gets_off_the_ground(s: Ladder) -> LeadsTo:
    """Who is on the first rung has been there."""
    return leads_to(s.rung == 1, s.rung == 1)


@always_possible
def can_reach_the_top(s: Ladder) -> Expr:
    """The top is within reach."""
    return s.rung == 30


LADDER = Instance.of(
    Machine("ladder", Ladder, at_the_foot, (climb, snap), (reaches_the_top, gets_off_the_ground, can_reach_the_top))
)
SOUND = Instance.of(Machine("ladder", Ladder, at_the_foot, (climb,), (reaches_the_top, can_reach_the_top)))


def test_an_unfinished_graph_passes_nothing() -> None:
    limits = Limits(max_states=5)
    assert only(check_progress(SOUND, limits=limits)).evidence is Evidence.UNDETERMINED
    assert check_always_possible(SOUND, limits=limits)[0].evidence is Evidence.UNDETERMINED
    assert only(check_progress(SOUND)).evidence is Evidence.EXHAUSTED
    assert check_always_possible(SOUND)[0].evidence is Evidence.EXHAUSTED


def test_an_unfinished_graph_refutes_what_it_can() -> None:
    limits = Limits(max_states=8)
    progressed = check_progress(LADDER, properties=["reaches_the_top"], limits=limits)
    assert only(progressed).evidence is Evidence.REFUTED
    assert labels(LADDER, only(progressed))[0] == ["climb()", "climb()", "climb()", "snap()"]
    (possible,) = check_always_possible(LADDER, limits=limits)
    assert possible.evidence is Evidence.REFUTED
    assert possible.path is not None
    assert len(possible.path) == 4


def test_a_premise_that_is_its_own_conclusion_never_has_to_wait() -> None:
    assert only(check_progress(LADDER, properties=["gets_off_the_ground"])).occasions == 0


def test_an_unknown_property_is_refused_by_name() -> None:
    with pytest.raises(UnknownName, match="reaches_the_top"):
        check_progress(LADDER, properties=["reaches_the_moon"])
    with pytest.raises(UnknownName, match="can_reach_the_top"):
        check_always_possible(LADDER, properties=["reaches_the_top"])


class Wheel(State):
    at = Variable(UpTo(3))


@initial
def at_the_hub(s: Wheel) -> None:
    s.at = 0


@action(fair="strong")
def touch(s: Wheel) -> None:
    """Stay where one is, on the rim: a step that changes nothing counts as taken."""
    s.require(s.at == 1)
    s.at = 1


@action
def turn(s: Wheel) -> None:
    """Go on, round and round."""
    s.at = ite(s.at == 2, 1, s.at + 1)


@progress
def comes_off(s: Wheel) -> LeadsTo:
    """In the end one comes off the rim."""
    return leads_to(s.at == 1, s.at == 3)


def test_a_step_that_changes_nothing_keeps_its_promise() -> None:
    verdict = only(check_progress(Instance.of(Machine("wheel", Wheel, at_the_hub, (touch, turn), (comes_off,)))))
    assert verdict.lasso is not None
    assert [move.step.action.name for move in verdict.lasso.loop] == ["touch"]


class Queue(State):
    waits = Relation(Side)


@initial
def nobody_waits(s: Queue) -> None:
    s.waits[...] = False


@action
def queue_up(s: Queue, side: Side) -> None:
    """The left one comes after the right one."""
    s.require(~s.waits[side], (side == RIGHT) | s.waits[RIGHT])
    s.waits[side] = True


@progress
def gets_served(s: Queue, side: Side) -> LeadsTo:
    """Who waits does not wait for ever."""
    return leads_to(s.waits[side], ~s.waits[side])


def test_of_all_arguments_those_with_the_shortest_stem_are_shown() -> None:
    """By hand: the right one waits after one step, the left one after two."""
    machine = Instance.of(Machine("queue", Queue, nobody_waits, (queue_up,), (gets_served,)), Side=2)
    verdict = only(check_progress(machine))
    assert verdict.arguments == (("side", "right"),)
    assert labels(machine, verdict) == (["queue_up(right)"], [])
    assert verdict.occasions == 3  # the right one waits in two states, the left one in one of them


class Shelf(State):
    item = Variable(UpTo(3))


@initial
def empty(s: Shelf) -> None:
    s.item = 0


@progress
def sold(s: Shelf) -> LeadsTo:
    """What is put out is sold."""
    return leads_to(s.item == 1, s.item == 3)


def test_a_strong_promise_that_is_never_kept_ends_in_a_smaller_loop() -> None:
    """By hand: 1 and 2 take turns for ever, unless 2 is sold, which it is if that is strongly fair.

    With a step from 1 to itself the run can stay in 1, where nothing can be sold, and no promise is broken.
    """

    @action
    def put_out(s: Shelf) -> None:
        """Put it out."""
        s.require(s.item == 0)
        s.item = 1

    @action(fair="weak")
    def swap(s: Shelf) -> None:
        """Show the other one."""
        s.require(s.item == 2)
        s.item = 1

    @action
    def swap_back(s: Shelf) -> None:
        """Show the first one again."""
        s.require(s.item == 1)
        s.item = 2

    @action(fair="strong")
    def sell(s: Shelf) -> None:
        """Sell it."""
        s.require(s.item == 2)
        s.item = 3

    @action(fair="strong")
    def dust(s: Shelf) -> None:
        """Dust the first one."""
        s.require(s.item == 1)
        s.item = 1

    @action(fair="weak")
    def swap_soon(s: Shelf) -> None:
        """Show the first one again, some time."""
        s.require(s.item == 1)
        s.item = 2

    def shop(*steps: Declaration) -> Instance:
        return Instance.of(Machine("shop", Shelf, empty, steps, (sold,)))

    assert only(check_progress(shop(put_out, swap, swap_soon, sell))).evidence is Evidence.EXHAUSTED
    machine = shop(put_out, swap, swap_back, sell, dust)
    assert labels(machine, only(check_progress(machine))) == (["put_out()"], ["dust()"])
