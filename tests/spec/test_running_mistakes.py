"""Mistakes that only a state shows: the concrete engine refuses them at their line, with the action and the cell."""

from __future__ import annotations

import pytest

from attorn.spec.errors import BadInput, DoubleWrite, OutOfRange, SpecificationError, TooLarge, UnknownName
from attorn.spec.language import (
    ANY,
    NONE,
    Budget,
    Concrete,
    Counter,
    Element,
    Instance,
    Machine,
    Map,
    State,
    Variable,
    action,
    constant,
    initial,
    ite,
)
from tests.spec.hall import Colour, Door, Hall, closed, hall, mistake

SPARE = Budget("SPARE")


class Pair(Element):
    """A sort with two constants."""


LEFT, RIGHT = constant(Pair, "left"), constant(Pair, "right")


class Bench(State):
    """Places in a row."""

    taken = Map(Pair, to=bool)
    next = Variable(Pair)
    spare = Counter(SPARE)


@initial
def empty(s: Bench) -> None:
    s.taken[...] = False
    s.next = LEFT
    s.spare = 0


def first_step(machine: Machine, **sizes: int) -> None:
    """Take every step that the first initial state enables."""
    concrete = Concrete(Instance.of(machine, **sizes))
    for _ in concrete.successors(concrete.initial_states()[0]):
        pass


@mistake(DoubleWrite, "step(left) writes taken[left] twice", "Write each cell once")
def test_two_indices_that_turn_out_the_same() -> None:
    @action
    def step(s: Bench, place: Pair) -> None:
        """Take two places."""
        s.taken[place] = True
        s.taken[s.next] = True  # wrong

    first_step(Machine("bench", Bench, empty, (step,)), Pair=2, SPARE=1)


@mistake(DoubleWrite, "step() writes taken[right] twice", "also at")
def test_two_conditions_that_overlap() -> None:
    @action
    def step(s: Bench) -> None:
        """Take two places."""
        s.taken[lambda place: place != LEFT] = True
        s.taken[lambda place: ~s.taken[place] & (place == RIGHT)] = False  # wrong

    first_step(Machine("bench", Bench, empty, (step,)), Pair=2, SPARE=1)


def test_two_indices_that_differ_in_every_enabled_state_are_accepted() -> None:
    @action
    def step(s: Bench, place: Pair) -> None:
        """Take two places."""
        s.require(place != s.next)
        s.taken[place] = True
        s.taken[s.next] = True

    concrete = Concrete(Instance.of(Machine("bench", Bench, empty, (step,)), Pair=2, SPARE=1))
    (taken,) = concrete.successors(concrete.initial_states()[0])
    assert concrete.instance.readable(taken[1])["taken[left]"] == "yes"


@mistake(OutOfRange, "step() sets spare to 2, outside 0..1", "`s.spare < limit`")
def test_a_counter_above_its_budget() -> None:
    @action
    def step(s: Bench) -> None:
        """Count."""
        s.spare = s.spare + 2  # wrong

    first_step(Machine("bench", Bench, empty, (step,)), Pair=2, SPARE=1)


@mistake(OutOfRange, "step() sets spare to -1, outside 0..1", "`s.spare > 0`")
def test_a_counter_below_zero() -> None:
    @action
    def step(s: Bench) -> None:
        """Count down."""
        s.spare -= 1  # wrong

    first_step(Machine("bench", Bench, empty, (step,)), Pair=2, SPARE=1)


@mistake(
    SpecificationError, "the initial state leaves taken[right] without a value", "ANY where all values are possible"
)
def test_an_initial_state_that_leaves_a_cell_open() -> None:
    @initial  # wrong
    def begin(s: Bench) -> None:
        s.taken[LEFT] = False
        s.next = LEFT
        s.spare = 0

    first_step(Machine("bench", Bench, begin, ()), Pair=2, SPARE=1)


@mistake(DoubleWrite, "the initial state gives taken[right] twice")
def test_an_initial_state_that_gives_a_cell_twice() -> None:
    @initial
    def begin(s: Bench) -> None:
        s.taken[lambda place: place != LEFT] = False
        s.taken[lambda place: place == RIGHT] = False  # wrong
        s.next = LEFT
        s.spare = 0

    first_step(Machine("bench", Bench, begin, ()), Pair=2, SPARE=1)


@mistake(BadInput, "no state satisfies the initial conditions; the machine has no initial state")
def test_initial_conditions_that_nothing_satisfies() -> None:
    @initial  # wrong
    def begin(s: Bench) -> None:
        s.taken[...] = ANY
        s.next = ANY
        s.spare = 0
        s.require(s.taken[LEFT], ~s.taken[LEFT] | (s.spare == 1))

    first_step(Machine("bench", Bench, begin, ()), Pair=2, SPARE=1)


@mistake(TooLarge, "more than 1,000,000 initial states", "make ANY rarer or the instance smaller")
def test_too_many_initial_states() -> None:
    @initial  # wrong
    def begin(s: Bench) -> None:
        s.taken[...] = ANY
        s.next = ANY
        s.spare = 0

    first_step(Machine("bench", Bench, begin, ()), Pair=20, SPARE=1)


@mistake(OutOfRange, "the initial state sets spare to 2, outside 0..1")
def test_an_initial_value_outside_its_range() -> None:
    @initial
    def begin(s: Bench) -> None:
        s.taken[...] = False
        s.next = LEFT
        s.spare = 2  # wrong

    first_step(Machine("bench", Bench, begin, ()), Pair=2, SPARE=1)


# Sizes have no line: the user gives them, not the author.


def test_a_missing_size_is_named() -> None:
    with pytest.raises(BadInput, match="machine hall needs a size for `Door`, such as Door=2"):
        Instance.of(hall())


def test_a_missing_budget_is_named() -> None:
    with pytest.raises(BadInput, match="machine bench needs a size for `SPARE`, such as SPARE=2"):
        Instance.of(Machine("bench", Bench, empty, ()), Pair=2)


def test_a_sort_that_only_a_parameter_names_needs_a_size_too() -> None:
    class Guest(Element):
        """Someone."""

    @action
    def step(s: Hall, guest: Guest, other: Guest) -> None:
        """Lock, if there are two guests."""
        s.require(guest != other)
        s.locked = True

    with pytest.raises(BadInput, match="needs a size for `Guest`"):
        Instance.of(Machine("hall", Hall, closed, (step,)), Door=2)


def test_an_unknown_size_is_answered_with_those_that_exist() -> None:
    with pytest.raises(UnknownName, match=r"machine bench has no sort or budget `Pairs`\. It has: Pair, SPARE"):
        Instance.of(Machine("bench", Bench, empty, ()), Pairs=2, SPARE=1)


@pytest.mark.parametrize("size", [0, 1, -1])
def test_a_sort_smaller_than_its_constants_is_refused(size: int) -> None:
    with pytest.raises(BadInput, match=f"Pair must have at least 2 element.*, got {size}"):
        Instance.of(Machine("bench", Bench, empty, ()), Pair=size, SPARE=1)


def test_a_negative_budget_is_refused() -> None:
    with pytest.raises(BadInput, match="SPARE cannot be negative, got -1"):
        Instance.of(Machine("bench", Bench, empty, ()), Pair=2, SPARE=-1)


def test_a_size_that_is_no_whole_number_is_refused() -> None:
    with pytest.raises(BadInput, match=r"the size of Pair must be a whole number, got 2\.5"):
        Instance.of(Machine("bench", Bench, empty, ()), Pair=2.5, SPARE=1)  # type: ignore[arg-type]


@mistake(SpecificationError, "more than one sort called `Pair`")
def test_two_sorts_of_one_name() -> None:
    def another() -> type[Element]:
        class Pair(Element):
            """Another sort."""

        return Pair

    class Confused(State):
        one = Variable(Pair)
        two = Variable(another())

    @initial
    def begin(s: Confused) -> None:
        s.one = ANY
        s.two = ANY

    Instance.of(Machine("confused", Confused, begin, ()), Pair=2)  # wrong


def test_an_unknown_action_is_answered_with_those_that_exist() -> None:
    with pytest.raises(UnknownName, match="no action of machine hall is called `jump`"):
        hall().action("jump")


def test_what_is_right_runs() -> None:
    @action
    def step(s: Hall, door: Door) -> None:
        """Open a door and note it."""
        s.require(s.tries < 2, ~s.open[door])
        s.tries += 1
        s.open[door] = True
        s.key = ite(s.key == NONE, door, s.key)
        s.colour[door] = Colour.GREEN

    concrete = Concrete(Instance.of(hall(step), Door=2))
    start = concrete.initial_states()[0]
    assert len(list(concrete.successors(start))) == 2
