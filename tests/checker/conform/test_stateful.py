"""The state machine finds what is wrong with systems, says so by a minimal program, and passes what is right."""

from __future__ import annotations

import time
from functools import partial
from typing import Any, ClassVar

import pytest
from hypothesis import settings

from attorn.checker.conform.adapter import implemented
from attorn.conform import (
    Adapter,
    AdapterHung,
    AdapterLied,
    AdapterRaised,
    Departure,
    Refused,
    RefusedButChanged,
    WronglyAccepted,
    WronglyRefused,
    WrongState,
    conforms,
    session,
    state_machine,
)
from attorn.examples.small_vmm import DEFECTS
from attorn.examples.small_vmm_adapter import SmallVmm
from attorn.model.migration import CLAIM
from attorn.spec.errors import BadInput, UnknownName
from attorn.spec.language import (
    Counter,
    Instance,
    Machine,
    State,
    UpTo,
    Variable,
    action,
    initial,
    invariant,
)

FEW = settings(max_examples=10, database=None, derandomize=True)

# By hand: the fewest steps of the claim that show each defect, and how it shows. The way back takes two migrations of a
# VM without memory: start, then twice suspend, describe, transfer, exit, create, resume.
SHORTEST: dict[str, tuple[type[Departure], int]] = {
    "keeps-memory": (WrongState, 4),  # start, allocate, execute, release
    "keeps-name": (WronglyRefused, 3),  # start, stop, start
    "frees-first": (RefusedButChanged, 6),  # start, allocate, suspend, describe, transfer, exit
    "half-mapped": (WronglyAccepted, 14),  # all of a migration with two segments, without the second map
    "loses-registers": (WrongState, 9),  # start, allocate, execute, release, suspend, describe, transfer, exit, create
    "reassigns-mapped": (WronglyAccepted, 6),  # start, allocate, suspend, describe, transfer, reassign
    "swaps-addresses": (WrongState, 9),  # start, two allocations, suspend, describe, transfer, unmap, reassign, map
    "forgets-way-back": (WrongState, 13),
}


def test_every_defect_is_listed_here() -> None:
    assert SHORTEST.keys() == DEFECTS.keys()
    assert len(DEFECTS) == 8


@pytest.mark.parametrize("defect", SHORTEST)
def test_a_defect_is_found_by_a_program_that_is_nearly_minimal_and_can_be_run(defect: str) -> None:
    kind, length = SHORTEST[defect]
    with pytest.raises(kind) as raised:
        conforms("claim-small", partial(SmallVmm, defect=defect), FEW)
    found = raised.value
    assert found.program is not None
    assert length <= len(found.program) <= length + 1
    names: dict[str, Any] = {}
    exec(found.listing, names)
    (test,) = [value for name, value in names.items() if name.startswith("test_")]
    with pytest.raises(kind):
        test()


def test_the_program_of_a_defect_passes_once_the_defect_is_gone() -> None:
    with pytest.raises(Departure) as raised:
        conforms("claim-small", partial(SmallVmm, defect="half-mapped"), FEW)
    names: dict[str, Any] = {}
    exec(raised.value.listing.replace(", defect='half-mapped'", ""), names)
    names["test_wrongly_accepted"]()


def test_a_system_without_defects_passes_and_is_tried_in_every_way() -> None:
    tally = conforms("claim-small", SmallVmm, FEW)
    assert {label.partition("(")[0] for label in tally.taken} == {each.name for each in CLAIM.actions}
    assert {label.partition("(")[0] for label in tally.refused} == {each.name for each in CLAIM.actions}


@pytest.mark.parametrize("defect", sorted(SHORTEST.keys() - {"half-mapped", "reassigns-mapped"}))
def test_hypothesis_alone_finds_a_defect_where_the_graph_is_not_known(
    defect: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two need what draws seldom come to: a step is tried where a single clause, of one segment, forbids it."""
    monkeypatch.setattr("attorn.checker.conform.stateful.known_graph", lambda instance: None)
    kind, length = SHORTEST[defect]
    with pytest.raises(kind) as raised:
        conforms("claim-small", partial(SmallVmm, defect=defect), settings(FEW, max_examples=200))
    assert raised.value.program is not None
    assert len(raised.value.program) <= length + 3


def test_the_state_machine_is_a_test_case_that_pytest_collects() -> None:
    made: Any = state_machine("claim-tiny", partial(SmallVmm, defect="keeps-name"))
    made.TestCase.settings = FEW
    with pytest.raises(WronglyRefused, match="the specification allows it, and the system declines it"):
        made.TestCase().runTest()


class Dial(State):
    """A dial."""

    shown = Variable(UpTo(3), says="what it shows")
    turns = Counter(3, says="how often it was turned; nobody sees that")


@initial
def anywhere(s: Dial) -> None:
    s.shown = 0
    s.turns = 0


@action
def turn(s: Dial) -> None:
    """Turn the dial on."""
    s.require(s.shown < 3)
    s.shown = s.shown + 1
    s.turns = s.turns + 1


@action
def back(s: Dial) -> None:
    """Turn it all the way back."""
    s.require(s.shown == 3)
    s.shown = 0
    s.turns = 0


@invariant
def turned_as_shown(s: Dial) -> object:
    """It shows how often it was turned."""
    return s.shown == s.turns


dial_machine = Machine("dial", Dial, anywhere, (turn, back), (turned_as_shown,))
dial = Instance.of(dial_machine, "dial")


class GoodDial(Adapter):
    """A dial that works; others are made from it."""

    timeout = 0.2

    def __init__(self) -> None:
        self.shown = 0

    def turn(self) -> None:
        if self.shown == 3:
            raise Refused
        self.shown += 1

    def back(self) -> None:
        if self.shown != 3:
            raise Refused
        self.shown = 0

    def observe(self) -> dict[str, Any]:
        return {"shown": self.shown}


class Raising(GoodDial):
    def back(self) -> None:
        super().back()
        raise RuntimeError("out of grease")


class Hanging(GoodDial):
    def back(self) -> None:
        super().back()
        time.sleep(60)


class Unreadable(GoodDial):
    def observe(self) -> dict[str, Any]:
        return {"shown": 4 if self.shown == 2 else self.shown}


class Fickle(GoodDial):
    looks = 0

    def observe(self) -> dict[str, Any]:
        self.looks += 1
        return {"shown": (self.shown + self.looks) % 2 if self.shown == 2 else self.shown}


class Blind(GoodDial):
    def turn(self) -> None:
        self.shown += 1

    observe = Adapter.observe  # type: ignore[assignment]


class Restless(GoodDial):
    """It turns back by itself, at any time."""

    by_itself: ClassVar[tuple[str, ...]] = ("back",)

    def turn(self) -> None:
        if self.shown == 3:
            self.shown = 0
        super().turn()


def test_a_good_dial_of_which_a_part_is_seen_passes() -> None:
    tally = conforms(dial, GoodDial, FEW)
    assert tally.taken.keys() == tally.refused.keys() == {"turn()", "back()"}


@pytest.mark.parametrize(
    ("broken", "kind", "says"),
    [
        (Raising, AdapterRaised, r"step 4, back\(\), raised RuntimeError: out of grease"),
        (Hanging, AdapterHung, r"step \d+, back\(\), had not ended after 0.2 s"),
        (Unreadable, AdapterLied, r"observe says what cannot be: shown: expected a number from 0 to 3, got 4"),
        (Fickle, AdapterLied, r"observe was called twice, with nothing in between, and said two things"),
    ],
)
def test_a_broken_adapter_is_a_failure_of_its_own_kind(broken: type[Adapter], kind: type[Departure], says: str) -> None:
    with pytest.raises(kind, match=says):
        conforms(dial, broken, FEW)


def test_an_adapter_that_shows_nothing_is_refused() -> None:
    with pytest.raises(BadInput, match="Blind shows nothing of its state"):
        conforms(dial, Blind, FEW)


def test_a_system_that_moves_by_itself_is_followed_only_if_it_says_so() -> None:
    # After three turns the specification forbids a fourth; that the dial went back by itself explains it.
    assert conforms(dial, Restless, FEW).taken.keys() == {"turn()"}

    class Secretive(Restless):
        by_itself: ClassVar[tuple[str, ...]] = ()

    with pytest.raises(WronglyAccepted):
        conforms(dial, Secretive, FEW)


def test_an_invariant_that_what_is_shown_violates_is_named() -> None:
    class Slipping(GoodDial):
        def turn(self) -> None:
            super().turn()
            if self.shown == 2:
                self.shown = 3

    with pytest.raises(WrongState) as raised:
        conforms(dial, Slipping, FEW)
    told = str(raised.value)
    assert "shown  2 by the specification, 3 in the system" in told
    assert "violates turned_as_shown: It shows how often it was turned." in told


def test_the_printed_test_imports_an_instance_of_the_users_own() -> None:
    with pytest.raises(AdapterRaised) as raised:
        conforms(dial, Raising, FEW)
    listing = raised.value.listing
    assert f"from {__name__} import dial" in listing
    assert "with session(dial, Raising) as run:" in listing


def test_a_session_says_what_a_test_got_wrong() -> None:
    with session(dial, GoodDial) as run:
        with pytest.raises(BadInput, match=r"back\(\) is not allowed here: shown = 3"):
            run.do("back")
        with pytest.raises(BadInput, match=r"turn\(\) is allowed here"):
            run.refuse("turn")
        with pytest.raises(UnknownName, match="no action of machine dial is called `twist`"):
            run.do("twist")
        with pytest.raises(BadInput, match="turn takes nothing"):
            run.do("turn", 1)


def test_an_adapter_that_cannot_be_called_is_refused_before_anything_runs() -> None:
    class Wrong(Adapter):
        def turn(self, how_far: int) -> None:
            pass

    class Empty(Adapter):
        pass

    class Unknown(Adapter):
        actions = ("turn", "twist")

    with pytest.raises(BadInput, match=r"Wrong.turn cannot be called as turn\(\)"):
        implemented(Wrong, dial_machine)
    with pytest.raises(BadInput, match="Empty has none of the actions"):
        implemented(Empty, dial_machine)
    with pytest.raises(UnknownName, match="names the action `twist`"):
        implemented(Unknown, dial_machine)
    with pytest.raises(BadInput, match="makes no adapter"):
        implemented(dict, dial_machine)  # type: ignore[arg-type]


def test_actions_without_a_method_are_not_tried() -> None:
    class OnlyTurn(Adapter):
        def __init__(self) -> None:
            self.shown = 0

        def turn(self) -> None:
            if self.shown == 3:
                raise Refused
            self.shown += 1

        def observe(self) -> dict[str, Any]:
            return {"shown": self.shown}

    assert conforms(dial, OnlyTurn, FEW).taken.keys() == {"turn()"}
