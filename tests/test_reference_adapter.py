"""The reference implementation does what the claim says, step by step, and what is wrong with it is found."""

from __future__ import annotations

from functools import partial

import pytest
from hypothesis import settings

from attorn.conform import AdapterRaised, Departure, WronglyAccepted, WrongState, conforms, session
from attorn.examples.reference_adapter import REFERENCE_TINY, ReferenceAdapter
from attorn.model.migration import CLAIM, CLAIM_STEPS
from attorn.model.reference.engines import missing

FEW = settings(max_examples=2, stateful_step_count=15, database=None, derandomize=True)
LACKING = missing()
ENGINES = [
    pytest.param(name, marks=pytest.mark.skipif(name in LACKING, reason=LACKING.get(name, "")))
    for name in ("pretend", "unicorn", "kvm")
]


def test_real_processes_take_what_the_claim_allows_and_decline_what_it_forbids() -> None:
    tally = conforms(REFERENCE_TINY, ReferenceAdapter, FEW)
    led = {action.name for action in CLAIM.actions} - {"execute", "release"}
    assert led == set(ReferenceAdapter.actions)
    assert {label.partition("(")[0] for label in tally.taken} == led
    assert {action.name for action in CLAIM_STEPS} <= {label.partition("(")[0] for label in tally.refused}


@pytest.mark.parametrize("engine", ENGINES)
def test_a_guest_goes_there_and_back_and_nothing_is_done_out_of_turn_or_twice(engine: str) -> None:
    with session(REFERENCE_TINY, partial(ReferenceAdapter, engine), owner={"segment0": "partition0"}) as run:
        run.do("start", "vm0", "partition0")
        run.refuse("describe", "vm0")
        run.do("allocate", "vm0", "segment0", "address0")
        run.refuse("rebalance", "segment0", "partition1")
        for target in ("partition1", "partition0"):
            run.do("suspend", "vm0", target)
            run.do("describe", "vm0")
            run.refuse("unmap", "vm0", "segment0")
            run.do("transfer", "vm0")
            run.refuse("reassign", "vm0", "segment0")
            run.do("unmap", "vm0", "segment0")
            run.refuse("exit", "vm0")
            run.do("reassign", "vm0", "segment0")
            run.do("map", "vm0", "segment0")
            run.refuse("map", "vm0", "segment0")  # done twice, it would leave a mapping for the way back
            run.refuse("create", "vm0")
            run.do("exit", "vm0")
            run.refuse("resume", "vm0")
            run.do("create", "vm0")
            run.do("resume", "vm0")
        run.do("stop", "vm0")
        run.do("rebalance", "segment0", "partition1")


# By hand: the last step of the shortest run in which each shows.
BY = {
    "stale-mapping": (WronglyAccepted, "reassign"),  # nobody looks whether the source still maps the segment
    "scrub-on-reassign": (WrongState, "resume"),  # the guest stops: its memory is not what its registers say
}


@pytest.mark.parametrize("defect", BY)
def test_a_defect_of_the_reference_is_found(defect: str) -> None:
    kind, step = BY[defect]
    with pytest.raises(Departure) as raised:
        conforms(REFERENCE_TINY, partial(ReferenceAdapter, defect=defect), FEW)
    assert type(raised.value) is kind
    assert raised.value.program is not None
    assert raised.value.program.attempts[-1].step.action.name == step


def test_two_segments_are_declined_as_a_call_takes_all_of_them() -> None:
    with pytest.raises(AdapterRaised, match="take one segment"):
        session("claim-small", ReferenceAdapter)
