"""What is asked ahead: whoever picks up after a death in the middle of it knows what may have happened."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from attorn.model.reference.driver import Driver
from attorn.model.reference.host import Host
from attorn.model.reference.link import Link
from attorn.model.reference.step_log import AT_SOURCE, AT_TARGET, MOVES
from attorn.model.reference.wire import Call
from attorn.spec.trace import Said

SIZE = 1 << 16
STEPS = {*AT_SOURCE, *AT_TARGET, *MOVES} - {"describe"}
"""Messages that are steps of the model by themselves; to describe is one only when the firmware has written it down."""


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[tuple[str, ...], set[str]]]:
    """Whatever is asked ahead, with the steps that were said to be about to happen."""
    found: list[tuple[tuple[str, ...], set[str]]] = []
    about: set[str] = set()

    def heeding(before: Callable[..., None]) -> Callable[..., None]:
        def ask(link: Link, *calls: Call) -> None:
            found.append((tuple(call.method for call in calls), set(about)))
            before(link, *calls)

        return ask

    class Heeding(Driver):
        def __init__(self, *given: object) -> None:
            super().__init__(*given)  # type: ignore[arg-type]
            self.steps.pending = self.note

        def note(self, groups: Sequence[Sequence[Said]]) -> None:
            about.clear()
            about.update(each.event for group in groups for each in group)

    monkeypatch.setattr(Link, "foresee", heeding(Link.foresee))
    monkeypatch.setattr(Link, "begin", heeding(Link.begin))
    monkeypatch.setattr("attorn.model.reference.host.Driver", Heeding)
    return found


@pytest.mark.parametrize("policy", ["kill", "ptrace", "cooperate"])
def test_every_step_that_is_asked_ahead_is_announced(
    policy: str, asked: list[tuple[tuple[str, ...], set[str]]]
) -> None:
    with Host(2, engine="pretend", segments=2, size=SIZE, observe=False, policy=policy) as host:
        assert host.create(segments=1).migrate("partition1").migrated
    assert {method for methods, _ in asked for method in methods} >= {"suspend", "transfer", "reassign", "resume"}
    for methods, about in asked:
        assert STEPS & set(methods) <= about, (methods, about)


def test_nothing_is_asked_ahead_where_somebody_looks_in_between(asked: list[tuple[tuple[str, ...], set[str]]]) -> None:
    with Host(2, engine="pretend", segments=2, size=SIZE) as host:
        assert host.create(segments=1).migrate("partition1").migrated
    assert asked == []
