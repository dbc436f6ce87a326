"""Named protocols: what each abstracts of a real system, and where it departs from it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from attorn.model.protocol import Answer, ExitOrder, Journal, Memory, Protocol
from attorn.model.variants import build
from attorn.spec.handover_goals import HANDOVER_GOALS
from attorn.spec.handover_lemmas import HANDOVER_LEMMAS
from attorn.spec.handover_ranks import HANDOVER_RANKS
from attorn.spec.language import Declaration, Machine

__all__ = ["CLAIM_ABSTRACTS", "CLAIM_DEPARTS", "PRESETS", "Preset"]

CLAIM_ABSTRACTS = (
    "Claim 1 of US 9,043,493 B2: a VM changes the virtualization software that executes it, and the partition, on one "
    "computer; its memory segments are reassigned, not copied."
)
CLAIM_DEPARTS = (
    "The claim orders no step but by what each needs; here the source exits once all segments are reassigned, and the "
    "destination creates the VM after that.",
    "The claim speaks of one migration; here VMs live, migrate in both directions at once and back, and end.",
    "Run state is one word, and a guest address names a whole segment.",
)


@dataclass(frozen=True)
class Preset:
    """A protocol with a name.

    abstracts: which real systems it speaks of.  departs: what is different there.
    """

    name: str
    protocol: Protocol
    says: str
    abstracts: str
    departs: tuple[str, ...]
    lemmas: tuple[Declaration, ...] = ()

    @cached_property
    def machine(self) -> Machine:
        """The machine of the protocol by the preset's name, with what must be possible and what proves it."""
        return build(self.protocol, self.name, self.says).variant(self.name, add=(*HANDOVER_GOALS, *self.lemmas))


PRESETS: dict[str, Preset] = {
    preset.name: preset
    for preset in (
        Preset(
            "firmware",
            Protocol(Memory.EXCLUSIVE, ExitOrder.BEFORE_CREATE, Answer.AFTER_RESUME, Journal.LOG),
            "Ownership is enforced by firmware that keeps a journal; a VMM executes only what its partition owns.",
            "Partitioning firmware such as PR/SM, FF-A memory donation, or a hyperplexor that moves memory.",
            (
                "The firmware itself does not fail, and its journal record and the step that it records are one; the "
                "survey of guarantees has a class of faults in which it crashes and forgets who owns what.",
                "A partition gives a segment away by its own step; the firmware takes one back only from a dead VMM.",
                "The claim says nothing of a way back; the one here is ours.",
            ),
            (*HANDOVER_LEMMAS, *HANDOVER_RANKS),
        ),
        Preset(
            "memfd",
            Protocol(Memory.SHARED, ExitOrder.AFTER_ANSWER, Answer.AFTER_RESUME, Journal.NONE, demands_all=False),
            "Both VMMs hold handles of the same memory; the source keeps its VM until it hears the answer.",
            "QEMU cpr-transfer and cloud-hypervisor's local migration: memfds over a Unix socket, resume, then answer.",
            (
                "QEMU's management decides what a failed source does; here the source takes its VM back by itself.",
                "A Unix socket loses nothing while both ends live; a lost message stands for a failed read or write.",
                "These systems know no owner of memory; reassign is the convention that the destination may write.",
            ),
        ),
        Preset(
            "live-update",
            Protocol(Memory.PRESERVED, ExitOrder.BEFORE_CREATE, Answer.AFTER_RESUME, Journal.LOG),
            "Nobody runs between source and destination; what is marked is kept from the successor's allocator.",
            "Linux live update (LUO over KHO): preserve, freeze, kexec, retrieve, finish.",
            (
                "Kexec replaces all VMMs at once; here each VM's source exits by itself.",
                "A failed retrieve is permanent in LUO; here the serialized session can be read again.",
                "Scratch regions and folios of several sizes are not modelled.",
            ),
        ),
    )
}
