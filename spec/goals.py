"""What must be possible, so that a green report cannot be an empty one."""

from __future__ import annotations

from attorn.spec.language import Expr, exists, goal, then
from attorn.spec.language.declarations import Sequence
from attorn.spec.vocabulary import MIGRATING, VM, ZERO, Partition, Phase, Platform, Segment

__all__ = ["GOALS"]


@goal(claim="abcdefgh")
def migration_completes(s: Platform, vm: VM, segment: Segment, home: Partition) -> Sequence:
    """A VM that has written to its memory passes through every phase and executes elsewhere, its segment with it."""
    written = s.holds[vm, segment] & (s.content[segment] != ZERO)
    return then(
        s.runs[home, vm] & written,
        *(s.phase[vm] == phase for phase in MIGRATING),
        ~s.runs[home, vm] & s.runs[s.source[vm], vm] & written & (s.owner[segment] == s.source[vm]),
    )


@goal(claim="h")
def there_and_back(s: Platform, vm: VM, segment: Segment, home: Partition) -> Sequence:
    """A VM migrates away with a segment and later migrates back home."""
    return then(
        s.runs[home, vm] & s.holds[vm, segment],
        (s.phase[vm] == Phase.CREATED) & (s.source[vm] == home) & s.holds[vm, segment],
        (s.phase[vm] == Phase.CREATED) & (s.target[vm] == home) & s.holds[vm, segment],
        s.runs[home, vm] & (s.owner[segment] == home),
    )


@goal(claim="a", needs={"VM": 2})
def two_vms_cross(s: Platform) -> Expr:
    """Two VMs migrate at once in opposite directions, each with memory under way."""

    def under_way(vm: VM) -> Expr:
        return (s.phase[vm] == Phase.TRANSFERRED) & exists(
            Segment, lambda segment: s.holds[vm, segment] & (s.owner[segment] == s.target[vm])
        )

    return exists(
        VM,
        VM,
        lambda a, b: (
            (a != b) & (s.source[a] == s.target[b]) & (s.target[a] == s.source[b]) & under_way(a) & under_way(b)
        ),
    )


@goal(claim="e", needs={"Segment": 2})
def half_owned(s: Platform) -> Expr:
    """A VM is met half way: one of its segments here, another one there."""
    return exists(VM, Segment, Segment, lambda vm, a, b: s.holds[vm, a] & s.holds[vm, b] & (s.owner[a] != s.owner[b]))


GOALS = (migration_completes, there_and_back, two_vms_cross, half_owned)
