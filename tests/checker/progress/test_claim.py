"""Progress of the core machine: it holds as declared, and each promise that it rests on is needed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from attorn.checker.progress import Ending, Lasso, check_always_possible, check_progress
from attorn.checker.verdicts import Evidence
from attorn.model.instances import instance
from attorn.model.migration import CLAIM
from attorn.spec.language import Action, Concrete, Expr, Instance, Machine, always_possible
from attorn.spec.language.declarations import Fairness
from attorn.spec.vocabulary import VM, Partition, Phase, Platform

RUNS, FREED = "eventually_runs_at_destination", "eventually_freed"


def sized(machine: Machine, name: str) -> Instance:
    """A variant of the core machine at the sizes of a named instance."""
    return Instance.of(machine, **{sort.name: size for sort, size in instance(name).sizes.items()})


def with_fairness(name: str, **fair: Fairness) -> Instance:
    """The core machine with other promises for some actions."""

    def changed(action: Action) -> Action:
        return replace(action, fair=fair[action.name])

    return sized(CLAIM.variant("claim-changed", rewrite=dict.fromkeys(fair, changed)), name)


def lasso_of(machine: Instance, name: str) -> tuple[Lasso, list[str], list[str]]:
    """The run that refutes a property, and its steps as reports print them."""
    (verdict,) = check_progress(machine, properties=[name])
    assert verdict.evidence is Evidence.REFUTED
    assert verdict.lasso is not None
    label = Concrete(machine).label
    stem, loop = verdict.lasso.stem.moves, verdict.lasso.loop
    return verdict.lasso, [label(move.step) for move in stem], [label(move.step) for move in loop]


@pytest.mark.parametrize("name", ["claim-tiny", "claim-small", "claim", "claim-partitions"])
def test_a_migrating_vm_runs_at_its_destination_and_its_source_is_freed(name: str) -> None:
    verdicts = check_progress(instance(name))
    assert {verdict.name: verdict.evidence for verdict in verdicts} == dict.fromkeys((RUNS, FREED), Evidence.EXHAUSTED)
    assert all(verdict.occasions > 0 for verdict in verdicts)


@pytest.mark.parametrize(
    ("step", "way"),
    [
        # By hand: the VM stops right before the step that nobody has to take, with a segment if the step needs one.
        ("describe", ["start", "suspend"]),
        ("transfer", ["start", "suspend", "describe"]),
        ("unmap", ["start", "allocate", "suspend", "describe", "transfer"]),
        ("reassign", ["start", "allocate", "suspend", "describe", "transfer", "unmap"]),
        ("exit", ["start", "suspend", "describe", "transfer"]),
        ("create", ["start", "suspend", "describe", "transfer", "exit"]),
        (
            "map",
            ["start", "allocate", "suspend", "describe", "transfer", "unmap", "reassign", "exit", "create"],
        ),
        ("resume", ["start", "suspend", "describe", "transfer", "exit", "create"]),
    ],
)
def test_each_promise_of_a_migration_is_needed(step: str, way: list[str]) -> None:
    unfair: dict[str, Fairness] = {step: "none"}
    machine = with_fairness("claim-small", **unfair)
    lasso, stem, loop = lasso_of(machine, RUNS)
    assert [each.partition("(")[0] for each in stem] == way
    assert loop == []
    assert lasso.ending is Ending.REST
    assert lasso.promises == ()


def test_what_comes_after_exit_is_not_needed_to_free_the_source() -> None:
    machine = with_fairness("claim-small", map="none", create="none", resume="none")
    verdicts = {verdict.name: verdict.evidence for verdict in check_progress(machine)}
    assert verdicts == {RUNS: Evidence.REFUTED, FREED: Evidence.EXHAUSTED}


def test_a_loop_keeps_the_promises_of_all_other_steps() -> None:
    """By hand: nobody describes the suspended VM, and the firmware must keep moving both of its free segments.

    Each segment can always be moved to the partition where it is not. To keep that promise without moving it is
    impossible, so both go over and back: four moves, the fewest that come back to where they began.
    """
    machine = with_fairness("claim-small", describe="none", rebalance="weak")
    lasso, stem, loop = lasso_of(machine, RUNS)
    assert [each.partition("(")[0] for each in stem] == ["start", "suspend"]
    assert lasso.ending is Ending.LIVELOCK
    assert sorted(loop) == [
        f"rebalance(segment{segment}, partition{partition})" for segment in (0, 1) for partition in (0, 1)
    ]
    assert len(lasso.promises) == 4
    assert all(promise.taken is not None for promise in lasso.promises)


def test_another_vm_comes_and_goes_while_one_waits() -> None:
    """By hand: vm0 waits for its description, and vm1 must be started if that is a promise; it may be stopped again.

    That it could start in the other partition too is no promise broken: while it runs it cannot.
    """
    machine = with_fairness("claim", describe="none", start="weak")
    lasso, stem, loop = lasso_of(machine, RUNS)
    assert [each.partition("(")[0] for each in stem] == ["start", "suspend"]
    waiting = stem[0].removeprefix("start(").split(",")[0]
    (started, stopped) = loop
    assert stopped == {"vm0": "stop(vm1)", "vm1": "stop(vm0)"}[waiting]
    assert started in [f"start({stopped[5:8]}, partition{number})" for number in (0, 1)]
    assert {promise.step.action.name for promise in lasso.promises} == {"start"}
    assert [(promise.taken is None, promise.idle) for promise in lasso.promises].count((True, 1)) == 1


@always_possible
def vm_can_run(s: Platform, vm: VM, partition: Partition) -> Expr:
    """Every VM can come to be executed in every partition."""
    return s.runs[partition, vm]


@always_possible
def vm_can_end(s: Platform, vm: VM) -> Expr:
    """Every VM can come to an end."""
    return s.phase[vm] == Phase.ABSENT


@pytest.mark.parametrize("name", ["claim-tiny", "claim-small", "claim"])
def test_every_vm_can_always_run_anywhere(name: str) -> None:
    machine = sized(CLAIM.variant("claim-open", add=(vm_can_run, vm_can_end)), name)
    assert [verdict.evidence for verdict in check_always_possible(machine)] == [Evidence.EXHAUSTED] * 2


def test_without_reassignment_a_vm_with_memory_is_stranded() -> None:
    """By hand: once the VM is suspended with a segment, ``exit`` waits for ever; without memory it would go through."""
    machine = sized(CLAIM.variant("stranded", add=(vm_can_run,), remove=["reassign"]), "claim-small")
    (verdict,) = check_always_possible(machine)
    assert verdict.evidence is Evidence.REFUTED
    assert verdict.path is not None
    assert [move.step.action.name for move in verdict.path.moves] == ["start", "allocate", "suspend"]
