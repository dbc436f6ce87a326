"""How the mutants of the claim are tried: the sizes that are explored, and the freedoms that are meant."""

from __future__ import annotations

from attorn.model.migration import CLAIM
from attorn.spec.language import Instance

__all__ = ["FREEDOMS", "INSTANCES"]

SORTS = ("VM", "Segment", "Partition", "Word", "Address")
SIZES = ((1, 1, 2, 2, 1), (1, 2, 2, 2, 2), (2, 1, 2, 2, 1), (2, 2, 2, 1, 2))

INSTANCES = tuple(Instance.of(CLAIM, "claim", **dict(zip(SORTS, sizes, strict=True))) for sizes in SIZES)
"""Small sizes, smallest first: a second VM, segment and address each in one at least."""

FREEDOMS = {
    "allocate requires `∀other: mapped[source[vm], other] ≠ address` "
    "instead of `∀other: holds[vm, other] → mapped[source[vm], other] ≠ address`": (
        "A VMM may refuse a guest address at which it maps a segment of any of its VMs, not just of this one: it may "
        "allocate less often, and nothing promises that it does."
    ),
    "rebalance without the clause `owner[segment] ≠ partition`": (
        "The firmware may give a segment to the partition that owns it already, which changes nothing."
    ),
}
"""What a mutant says → why it is right that no property and no proof notices it."""
