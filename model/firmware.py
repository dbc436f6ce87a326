"""A firmware that crashes: nobody moves memory while it is down, and it makes its table again from the journal."""

from __future__ import annotations

from attorn.model.addition import Addition
from attorn.spec.firmware import FIRMWARE_CRASHES, FailingFirmware
from attorn.spec.language import Expr, action
from attorn.spec.vocabulary import NONE, VM, Segment

__all__ = ["FAILING_FIRMWARE"]


def _all_known(s: FailingFirmware) -> None:
    s.serving = True
    s.lost[...] = False
    s.firmware_crashes = FIRMWARE_CRASHES


def _served(s: FailingFirmware, vm: VM) -> None:
    s.require(s.serving, ~s.lost[vm])


def _segment_served(s: FailingFirmware, vm: VM, segment: Segment) -> None:
    _served(s, vm)


def _nothing_to_know(s: FailingFirmware, vm: VM) -> None:
    _served(s, vm)
    s.lost[vm] = False


@action(party="fault")
def firmware_crash(s: FailingFirmware) -> None:
    """The firmware dies, and with it its table of who owns the segments of VMs that migrate."""
    s.require(s.serving, s.firmware_crashes > 0)
    s.firmware_crashes = s.firmware_crashes - 1
    s.serving = False
    s.lost[lambda vm: s.source[vm] != s.target[vm]] = True


@action(party="firmware", fair="weak")
def firmware_restart(s: FailingFirmware) -> None:
    """The firmware is started again; what belongs to VMs that do not migrate it finds by where they are."""
    s.require(~s.serving)
    s.serving = True


@action(party="firmware", fair="weak")
def rebuild(s: FailingFirmware, vm: VM) -> None:
    """The firmware makes its table anew: a segment is the destination's if the log has let that in, or if a mark says
    so, and the source's otherwise. It revokes what a VMM maps that is not found to be the owner.
    """
    s.require(s.serving, s.lost[vm])

    def there(segment: Segment) -> Expr:
        return s.holds[vm, segment] & (s.entered[vm] | (s.mark[segment] == s.target[vm]))

    def here(segment: Segment) -> Expr:
        return s.holds[vm, segment] & ~there(segment)

    s.lost[vm] = False
    s.owner[there] = s.target[vm]
    s.owner[here] = s.source[vm]
    s.mapped[s.source[vm], lambda segment: there(segment) & (s.source[vm] != s.target[vm])] = NONE
    s.mapped[s.target[vm], lambda segment: here(segment) & (s.source[vm] != s.target[vm])] = NONE


FAILING_FIRMWARE = Addition(
    FailingFirmware,
    _all_known,
    gains={
        "reassign": _segment_served,
        "give_back": _segment_served,
        "reclaim": _segment_served,
        "complete": _segment_served,
        "resume": _served,
        "roll_back": _served,
        "bury": _nothing_to_know,
    },
    steps=(firmware_crash, firmware_restart, rebuild),
)
"""The firmware forgets who owns what, and serves nobody who migrates until it has found out."""
