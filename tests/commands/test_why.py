"""attorn why: what forbids a step, how far away it is, and which step of a run lost a goal."""

from __future__ import annotations

from pathlib import Path

from tests.commands.running import attorn_, told, write

POND = """
from attorn.spec.language import Instance, Machine, State, UpTo, Variable, action, goal, initial, invariant


class Pond(State):
    ice = Variable(UpTo(3), says="how thick the ice is")
    fish = Variable(bool, says="whether the fish lives")


@initial
def autumn(s):
    s.ice = 0
    s.fish = True


@action
def freeze(s):
    '''It freezes.'''
    s.require(s.ice < 3)
    s.ice = s.ice + 1


@action
def thaw(s):
    '''It thaws.'''
    s.require(s.ice > 0, s.ice < 3)
    s.ice = s.ice - 1


@action
def die(s):
    '''The fish dies.'''
    s.require(s.ice == 3, s.fish)
    s.fish = False


@action
def swim(s):
    '''The fish swims.'''
    s.require(s.fish)
    s.fish = True


@invariant
def alive(s):
    '''The fish lives.'''
    return s.fish


@goal
def open_water(s):
    '''The fish lives in open water.'''
    return s.fish & (s.ice == 0)


machine = Machine("pond", Pond, autumn, (freeze, thaw, die, swim), (alive, open_water))
instances = [Instance.of(machine, "pond")]
"""


def pond() -> str:
    return write("pond.py", POND)


def test_the_clauses_that_forbid_a_step_are_told_with_their_values_and_the_way_there() -> None:
    done = attorn_("why", "die", "--in", pond())
    assert done.exit_code == 0
    said = told(done)
    assert "die() is not enabled in pond.py ice = 3 ice is 0" in said
    assert "fish" not in said.partition("it is enabled")[0]  # that clause holds
    # Three times frozen, by hand.
    assert "it is enabled 3 steps from here, at the least, after 1 freeze() 2 freeze() 3 freeze()" in said


def test_a_state_can_be_given_by_its_cells() -> None:
    done = attorn_("why", "swim", "--in", pond(), "--state", '{"fish": false}')
    said = told(done)
    assert "swim() is not enabled in pond.py, changed fish fish is no" in said
    assert "it is enabled in none of the 4 states that can be reached from here" in said
    file = write("state.json", '{"ice": 3}')
    assert "die() is enabled" in told(attorn_("why", "die", "--in", "pond.py", "--state", file))


def test_the_step_that_lost_a_goal_is_found() -> None:
    # From ice of 3 there is no way back: the third freeze loses open water, before the fish dies.
    done = attorn_("why-not", "open_water", "--in", f"{pond()}/alive")
    assert done.exit_code == 0
    said = told(done)
    assert "open_water is lost by step 3 of pond.py/alive: 1 freeze() 2 freeze() 3 freeze() ✗ the last chance" in said
    assert "from there it could be reached by 1 thaw() 2 thaw()" in said


def test_a_condition_can_be_asked_for() -> None:
    said = told(attorn_("why-not", "ice = 2 & ~fish", "--in", f"{pond()}/alive@0"))
    assert "is out of reach from the start" in said
    said = told(attorn_("why-not", "ice = 2 & fish", "--in", "pond.py/alive@1"))
    assert "is still in reach" in said


def test_a_step_of_a_witness_names_a_state() -> None:
    # 12 steps of the whole migration: transfer is the sixth, when memory is not mapped at the destination yet.
    said = told(attorn_("why", "resume(vm0)", "--in", "claim-tiny/migration_completes@6"))
    assert "resume(vm0) is not enabled in claim-tiny/migration_completes@6" in said
    assert "phase[vm0] is TRANSFERRED" in said


def test_bad_input_is_refused_with_advice(tmp_path: Path) -> None:
    for arguments, advice in (
        (("why", "resumed", "--in", "claim-tiny"), "Did you mean `resume`?"),
        (("why", "resume", "--in", "claim-tiny/migration_completes"), "Say after which of its steps"),
        (("why", "resume", "--in", "claim-tiny/migration_completes@99"), "has 12 steps"),
        (("why", "resume(vm7)", "--in", "claim-tiny"), "there is no step resume(vm7)"),
        (("why", "resume", "--in", "claim-tiny", "--state", "{"), "this is no JSON"),
        (("why", "resume", "--in", "claim-tiny", "--state", "no.json"), "cannot read no.json"),
        (("why", "resume", "--in", "claim-tiny", "--state", '{"phase": {"vm9": "RUNNING"}}'), "no cell `phase[vm9]`"),
        (("why", "resume", "--in", "claim-tiny", "--state", '{"phase": {"vm0": "SLEEPING"}}'), '"SLEEPING"'),
    ):
        done = attorn_(*arguments)
        assert done.exit_code == 3, arguments
        assert advice in " ".join(done.stderr.split()).replace("'SLEEPING'", '"SLEEPING"'), arguments
