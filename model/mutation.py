"""How the mutants of the claim are tried: the sizes that are explored, and the freedoms that are meant."""

from __future__ import annotations

from attorn.model.migration import CLAIM
from attorn.spec.language import Instance

__all__ = ["FREEDOMS", "INSTANCES"]

SORTS = ("VM", "Segment", "Partition", "Word", "Address")
SIZES = ((1, 1, 2, 2, 1), (1, 2, 2, 2, 2), (2, 1, 2, 2, 1), (2, 2, 2, 1, 2))

INSTANCES = tuple(Instance.of(CLAIM, "claim", **dict(zip(SORTS, sizes, strict=True))) for sizes in SIZES)
"""Small sizes, smallest first: a second VM, segment and address each in one at least."""

MAPPING_PHASES = (
    "phase[vm] ∈ {EXITED, CREATED}",
    "phase[vm] ∈ {TRANSFERRED, CREATED}",
    "phase[vm] ≠ TRANSFERRED ∨ phase[vm] = EXITED ∨ phase[vm] = CREATED",
    "phase[vm] ∈ {ABSENT, EXITED, CREATED}",
    "phase[vm] ∈ {RUNNING, EXITED, CREATED}",
    "phase[vm] ∈ {SUSPENDED, EXITED, CREATED}",
    "phase[vm] ∈ {DESCRIBED, EXITED, CREATED}",
    "phase[vm] ∈ {CREATED, EXITED}",
    "phase[vm] = TRANSFERRED ∨ phase[vm] ≠ EXITED ∨ phase[vm] = CREATED",
    "phase[vm] ∈ {TRANSFERRED, ABSENT, CREATED}",
    "phase[vm] ∈ {TRANSFERRED, RUNNING, CREATED}",
    "phase[vm] ∈ {TRANSFERRED, SUSPENDED, CREATED}",
    "phase[vm] ∈ {TRANSFERRED, DESCRIBED, CREATED}",
)
"""Other phases in which the destination might map a segment; of those with a described segment, never more."""

FREEDOMS = {
    "allocate requires `∀other: mapped[source[vm], other] ≠ address` "
    "instead of `∀other: holds[vm, other] → mapped[source[vm], other] ≠ address`": (
        "A VMM may refuse a guest address at which it maps a segment of any of its VMs, not just of this one: it may "
        "allocate less often, and nothing promises that it does."
    ),
    "rebalance without the clause `owner[segment] ≠ partition`": (
        "The firmware may give a segment to the partition that owns it already, which changes nothing."
    ),
    "unmap without the clause `mapped[source[vm], segment] ≠ none`": (
        "The source may drop a mapping that it has dropped already, which changes nothing."
    ),
    "reassign without the clause `owner[segment] = source[vm]`": (
        "The firmware may be asked again for a segment that it has given to that destination already, which changes "
        "nothing."
    ),
    "map without the clause `described[vm, segment] ≠ none`": (
        "The destination may look for a segment that no description names, which maps nothing."
    ),
    "map without the clause `mapped[target[vm], segment] = none`": (
        "The destination may map again what it maps already at the same address, which changes nothing."
    ),
    "map requires `mapped[source[vm], segment] = none` instead of `mapped[target[vm], segment] = none`": (
        "The destination may map again what it maps already: the source has no mapping of what it does not own."
    ),
    **{
        f"map requires `{phase}` instead of `phase[vm] ∈ {{TRANSFERRED, EXITED, CREATED}}`": (
            "The destination may map later, or not between two of its steps: that is its choice, for `resume` waits "
            "until all is mapped."
        )
        for phase in MAPPING_PHASES
    },
}
"""What a mutant says → why it is right that no property and no proof notices it."""
