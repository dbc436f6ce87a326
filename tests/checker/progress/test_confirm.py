"""What was found is confirmed by the plain meaning of the machine: a run that is no refutation is refused."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from attorn.checker.progress.confirm import confirm_out_of_reach, confirmed_lasso
from attorn.checker.progress.verdicts import Ending, Lasso
from attorn.checker.recheck import Rechecker
from attorn.checker.verdicts import Move, Path
from attorn.spec.errors import Unsound
from attorn.spec.language import Concrete, Instance, Step, Values
from tests.checker.progress.tables import Table

# 0 → 1 → 2 → 1, of which 2 → 1 is weakly fair; 1 → 3 is weakly fair too; 3 is the conclusion.
TABLE = Table(
    starts=(0,),
    steps=(("none", {0: 1, 1: 2}), ("weak", {2: 1}), ("weak", {1: 3})),
    premise=frozenset({1}),
    conclusion=frozenset({3}),
)


@dataclass(frozen=True)
class Run:
    """A lasso by the places that it goes through and the steps that it takes."""

    stem: tuple[int, ...] = (0, 1)
    stem_steps: tuple[int, ...] = (0,)
    premise: int = 1
    loop: tuple[int, ...] = (2, 1)
    loop_steps: tuple[int, ...] = (0, 1)

    def confirmed(self, table: Table = TABLE) -> Lasso:
        machine = table.instance()
        concrete = Concrete(machine)
        stem = Path((self.stem[0],), self._moves(concrete, self.stem_steps, self.stem[1:]))
        loop = self._moves(concrete, self.loop_steps, self.loop)
        return confirmed_lasso(Rechecker(machine), machine.machine.progress[0], (), stem, self.premise, loop)

    @staticmethod
    def _moves(concrete: Concrete, steps: tuple[int, ...], places: tuple[int, ...]) -> tuple[Move, ...]:
        by_number: dict[int, Step] = {int(each.action.name[4:]): each for each in concrete.steps}
        return tuple(Move(by_number[step], (place,)) for step, place in zip(steps, places, strict=True))


def test_a_fair_run_that_avoids_the_conclusion_is_confirmed_with_its_reasons() -> None:
    """By hand: step 1 is taken; step 2 is enabled in place 1 only, not in place 2."""
    lasso = Run().confirmed()
    assert lasso.ending is Ending.LIVELOCK
    kept = {each.step.action.name: (each.taken, each.idle) for each in lasso.promises}
    assert kept == {"step1": (1, 0), "step2": (None, 1)}


@pytest.mark.parametrize(
    ("run", "fault"),
    [
        (Run(stem=(1,), stem_steps=(), premise=0), "does not start in an initial state"),
        (Run(stem=(0, 2), loop=(1, 2), loop_steps=(1, 0)), "leads to another state"),
        (Run(loop=(2,), loop_steps=(0,)), "does not come back"),
        (Run(premise=0), "does not meet the premise"),
        (Run(loop=(), loop_steps=()), "breaks the promise"),
        (Run(stem=(0, 1, 3), stem_steps=(0, 2), loop=(), loop_steps=()), "meets the conclusion"),
    ],
)
def test_a_run_that_is_no_refutation_is_refused(run: Run, fault: str) -> None:
    with pytest.raises(Unsound, match=fault):
        run.confirmed()


def test_a_strong_promise_is_broken_where_a_weak_one_is_kept() -> None:
    (none, weak, _) = TABLE.steps
    with pytest.raises(Unsound, match=r"breaks the promise of step2"):
        Run().confirmed(replace(TABLE, steps=(none, weak, ("strong", {1: 3}))))


def test_a_rest_is_told_from_a_deadlock() -> None:
    resting = replace(TABLE, steps=(("none", {0: 1, 1: 2}),))
    assert Run(loop=(), loop_steps=()).confirmed(resting).ending is Ending.REST
    stuck = replace(TABLE, steps=(("none", {0: 1}),))
    assert Run(loop=(), loop_steps=()).confirmed(stuck).ending is Ending.DEADLOCK


def test_a_run_that_is_not_one_is_refused() -> None:
    machine = TABLE.instance()
    concrete = Concrete(machine)
    step: Step = concrete.steps[0]
    elsewhere: Values = (3,)
    with pytest.raises(Unsound, match="leads to another state"):
        Rechecker(machine).path(Path((0,), (Move(step, elsewhere),)), "a run")


def test_a_state_with_a_way_out_is_not_called_lost() -> None:
    machine: Instance = TABLE.instance()
    formula = machine.machine.always_possible[0].formula
    with pytest.raises(Unsound, match="still possible"):
        confirm_out_of_reach(Concrete(machine), "open_way", formula, (), (0,))
    closed = replace(TABLE, conclusion=frozenset({0})).instance()
    confirm_out_of_reach(Concrete(closed), "open_way", closed.machine.always_possible[0].formula, (), (1,))
