"""Coverage is exact: counted by hand on a small machine, and complete where everything was visited."""

from __future__ import annotations

import pytest

from attorn.checker.conform.byte_lines import ByteLines
from attorn.checker.conform.coverage import CoverageMeter
from attorn.checker.conform.trace_check import TraceChecker
from attorn.checker.conform.trace_reader import TraceReader
from attorn.checker.verdicts import Move, Path
from attorn.model.instances import instance
from attorn.spec.errors import TooLarge
from attorn.spec.language import Concrete, Counter, Instance, Machine, State, Variable, action, initial
from tests.checker.conform.walks import log_of, random_run


class Lamp(State):
    lit = Variable(bool)
    sparks = Counter(2)


@initial
def dark(s: Lamp) -> None:
    s.lit = False
    s.sparks = 2


@action
def light(s: Lamp) -> None:
    """A spark lights the lamp."""
    s.require(~s.lit, s.sparks > 0)
    s.lit = True
    s.sparks = s.sparks - 1


@action
def put_out(s: Lamp) -> None:
    """The lamp goes out."""
    s.require(s.lit)
    s.lit = False


LAMP = Instance.of(Machine("lamp", Lamp, dark, (light, put_out)))
# By hand: dark2 -light-> lit1 -put_out-> dark1 -light-> lit0 -put_out-> dark0: five states, four transitions. Each of
# the three clauses stands alone in the way somewhere: lit1 keeps light away by its first, dark0 by its second clause.


def shares(found):
    return {each.what: (each.visited, each.total) for each in found.shares}


def run_of(labels):
    concrete = Concrete(LAMP)
    (state,) = concrete.initial_states()
    start, moves = state, []
    for label in labels:
        step = next(step for step in concrete.steps if concrete.label(step) == label)
        state = concrete.apply(state, step)
        moves.append(Move(step, state))
    return Path(start, tuple(moves))


def test_shares_are_those_counted_by_hand():
    meter = CoverageMeter(LAMP)
    meter.run(run_of(["light()"]))
    found = meter.coverage()
    assert shares(found) == {
        "states": (2, 5),
        "transitions": (1, 4),
        "steps with arguments": (1, 2),
        "actions": (1, 2),
        "clauses that decide": (2, 3),
    }
    assert found.states == ((1, 1), (2, 1), (3, 1))
    assert [(each.label, each.way) for each in found.missing] == [("put_out()", ("put_out()",))]
    assert [(each.action, each.number, each.text) for each in found.clauses] == [("light", 1, "0 < sparks")]


def test_what_is_nearest_has_the_shortest_way_from_what_was_visited():
    found = CoverageMeter(LAMP).coverage()
    assert [(each.label, each.way) for each in found.missing] == [
        ("light()", ("light()",)),
        ("put_out()", ("light()", "put_out()")),
    ]


def test_a_run_through_everything_covers_everything():
    meter = CoverageMeter(LAMP)
    meter.run(run_of(["light()", "put_out()"] * 2))
    found = meter.coverage()
    assert all(each.share == 1 for each in found.shares)
    assert (found.states, found.missing, found.clauses) == ((), (), ())


def metered(folder, chosen, data):
    file = folder / "log.jsonl"
    file.write_bytes(data)
    meter = CoverageMeter(chosen)
    TraceChecker(chosen, listener=meter.line).check(TraceReader(ByteLines.of(str(file))))
    return meter.coverage()


@pytest.mark.parametrize("seed", range(3))
def test_a_log_covers_what_its_run_does(seed, tmp_path):
    small = instance("claim-small")
    run = random_run(small, seed, 200)
    meter = CoverageMeter(small)
    meter.run(run)
    by_run, by_log = meter.coverage(), metered(tmp_path, small, log_of(small, run))
    assert shares(by_log) == shares(by_run)
    assert by_log.unclear == 0
    assert shares(by_run)["states"][0] == len(set(run.states))


def test_lines_that_leave_the_state_open_count_for_nothing(tmp_path):
    small = instance("claim-small")
    run = random_run(small, 1, 30)
    blind = log_of(small, run, keep=lambda event: None if not event.event else event.__class__(event=event.event))
    found = metered(tmp_path, small, blind)
    assert found.unclear > 0
    known = len(set(run.states))
    assert shares(found)["states"][0] <= known


def test_an_instance_that_is_too_large_is_refused():
    with pytest.raises(TooLarge, match="more states than asked for"):
        CoverageMeter(LAMP, most=4).coverage()
