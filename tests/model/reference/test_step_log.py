"""Steps are logged as the specification words them."""

from __future__ import annotations

import pytest

from attorn.model.reference.host import default_protocol
from attorn.model.reference.judge import judged_machine
from attorn.model.reference.step_log import AT_SOURCE, AT_TARGET, party_of

NOT_DRIVEN = {"start", "allocate", "stop", "rebalance", "execute", "cancel", "crash", "restart", "lose"}
"""What operators, guests and faults do; a driver names their parties where it logs them, and trace checks that."""


@pytest.mark.parametrize("shared", [False, True])
def test_a_step_is_logged_as_that_of_the_party_whose_it_is(shared):
    parties = {action.name: action.party for action in judged_machine(default_protocol(shared)).actions}
    taken = parties.keys() - NOT_DRIVEN
    assert len(taken) > 20
    assert {step: party_of(step) for step in taken} == {step: parties[step] for step in taken}


def test_no_step_is_of_two_parties():
    assert not set(AT_SOURCE) & set(AT_TARGET)
