"""The planner against the specification: in whatever situation it is asked, the model allows what it says is next."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from attorn.model.protocol import Answer, ExitOrder, Memory, Part
from attorn.model.reference.host import default_protocol
from attorn.model.reference.judge import judged_machine
from attorn.model.reference.planning import Situation, next_step, refusal_of
from attorn.spec.handover import Arrival
from attorn.spec.language import Concrete, Instance, Step, Values
from attorn.spec.vocabulary import Phase

PROTOCOL = default_protocol(shared=False)
FAULTS = ("crash", "restart", "lose", "time_out", "cancel")


@pytest.fixture(scope="module")
def concrete() -> Concrete:
    sizes = {"VM": 1, "Segment": 1, "Partition": 2, "Word": 1, "Address": 1}
    budgets = {"crashes": 2, "losses": 2, "timeouts": 1, "cancels": 1}
    return Concrete(Instance.of(judged_machine(PROTOCOL), "planned", **sizes, **budgets))


def situation(concrete: Concrete, state: Values) -> Situation:
    """A state of the model as the driver would see it."""
    cell = {found.name: number for found, number in zip(concrete.instance.cells, state, strict=True)}
    source, target = cell["source[vm0]"], cell["target[vm0]"]
    held, owner = cell["holds[vm0, segment0]"], cell["owner[segment0]"]
    mapped = [cell[f"mapped[partition{p}, segment0]"] != 0 for p in (0, 1)]
    return Situation(
        phase=list(Phase)[cell["phase[vm0]"]],
        arrival=list(Arrival)[cell["arrival[vm0]"]],
        migrating=source != target,
        source_up=bool(cell[f"up[partition{source}]"]),
        target_up=bool(cell[f"up[partition{target}]"]),
        cut=bool(cell["cut[vm0]"]),
        heard=bool(cell["heard[vm0]"]),
        aborting=bool(cell["aborting[vm0]"]),
        intent=bool(cell["intent[vm0]"]),
        entered=bool(cell["entered[vm0]"]),
        sent_config=bool(cell["sent[vm0, CONFIG]"]),
        sent_answer=bool(cell["sent[vm0, ANSWER]"]),
        sent_abort=bool(cell["sent[vm0, ABORT]"]),
        all_at_source=not held or owner == source,
        all_at_target=not held or owner == target,
        any_mapped_at_source=bool(held and mapped[source]),
        all_mapped_at_source=bool(not held or mapped[source]),
        all_mapped_at_target=bool(not held or mapped[target]),
        locked_at_source=cell["lock[vm0]"] == 1 + source,
    )


def enabled(concrete: Concrete, state: Values, name: str) -> list[Step]:
    return [step for step in concrete.steps if step.action.name == name and concrete.enabled(state, step)]


def walk(concrete: Concrete, seed: int, steps: int, look: Callable[[Values], None]) -> None:
    """A run with faults and other steps of anyone, biased towards migrations."""
    draw = random.Random(seed)
    state = concrete.initial_states()[0]
    for _ in range(steps):
        look(state)
        successors = list(concrete.successors(state))
        dull = ("execute", "rebalance", "stop")
        useful = [pair for pair in successors if pair[0].action.name not in dull] or successors
        _, state = draw.choice(useful)


def test_the_specification_allows_whatever_comes_next(concrete: Concrete) -> None:
    asked: set[str] = set()

    def look(state: Values) -> None:
        name = next_step(situation(concrete, state), PROTOCOL)
        if name is None or name == "restart":
            return
        asked.add(name)
        assert enabled(concrete, state, name), (name, concrete.instance.readable(state))

    for seed in range(24):
        walk(concrete, seed, 45, look)
    assert asked >= {"describe", "transfer", "receive", "unmap", "reassign", "map", "create", "resume", "notice"}


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"answer": Answer.BEFORE_RESUME}, "answers once it executes the VM"),
        ({"memory": Memory.PRESERVED}, "memory that outlives all of them is for the model alone"),
        ({"paused": True}, "no operator pauses it"),
        ({"parts": frozenset({Part.DMA})}, "none of the parts DMA"),
    ],
)
def test_a_protocol_that_is_not_done_here_is_refused_with_why(change: dict[str, Any], why: str) -> None:
    assert refusal_of(PROTOCOL) == "" == refusal_of(replace(PROTOCOL, exit_order=ExitOrder.BEFORE_CREATE))
    assert why in refusal_of(replace(PROTOCOL, **change))


def test_following_the_planner_ends_every_migration(concrete: Concrete) -> None:
    """From wherever a random run with faults has led, the planner's own steps lead to an end."""

    def look(state: Values) -> None:
        for _ in range(60):
            found = situation(concrete, state)
            name = next_step(found, PROTOCOL)
            if name is None:
                return
            steps = enabled(concrete, state, name)
            assert steps, (name, concrete.instance.readable(state))
            state = concrete.apply(state, steps[0])
        raise AssertionError(f"no end in sight: {concrete.instance.readable(state)}")

    for seed in range(100, 106):
        walk(concrete, seed, 30, look)
