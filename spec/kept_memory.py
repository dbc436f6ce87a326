"""Memory that is kept across kernels: sessions, what is on record of pages, scratch memory, and keys of encryption."""

from __future__ import annotations

from attorn.spec.handover import Handover
from attorn.spec.language import Element, Expr, Map, Relation, forall, invariant
from attorn.spec.vocabulary import VM, Partition, Segment

__all__ = [
    "Handle",
    "Keys",
    "PageRecords",
    "Scratch",
    "Sessions",
    "kept_once",
    "no_dangling_key",
]


class Handle(Element):
    """A handle of a memory object, as a process has; several may refer to one object."""


class Sessions(Handover):
    """Handles are put into sessions to be kept, one session to a VM; a session is finished by its last step."""

    refers = Map(Handle, to=Segment, says="segment that the handle refers to")
    kept = Relation(VM, Handle, says="the VM's session keeps the handle for the next kernel")
    unfinished = Relation(VM, Handle, says="the handle was restored from the VM's session, which is not finished yet")


class PageRecords(Handover):
    """It is written down of each segment whether it must be kept or is as clean as a fresh one."""

    on_record = Relation(Segment, says="the segment's state has been written down")
    clean = Relation(Segment, says="the segment is as a fresh one, by what is written down")


class Scratch(Handover):
    """Part of memory is where the next kernel starts, which overwrites it."""

    scratch = Relation(Segment, says="the next kernel starts in this segment")


class Keys(Handover):
    """A VM's memory is encrypted with a key; a mirror is a VM that uses the key of another."""

    live = Relation(VM, says="the key of the VM exists")
    mirrors = Relation(VM, VM, says="the second VM uses the key of the first")
    listed = Relation(
        Partition, VM, VM, says="the partition has it on its list that the second VM uses the first's key"
    )


@invariant(hazards=("H22", "H23"))
def kept_once(s: Sessions) -> Expr:
    """A memory object is kept by at most one session, and by none while an earlier one is not finished."""
    return forall(
        VM,
        VM,
        Handle,
        Handle,
        lambda a, b, h, k: (
            (s.refers[h] == s.refers[k])
            >> (((s.kept[a, h] & s.kept[b, k]) >> (a == b)) & ~(s.kept[a, h] & s.unfinished[b, k]))
        ),
    )


@invariant(hazards=("H32", "H33"))
def no_dangling_key(s: Keys) -> Expr:
    """A key exists as long as some VM uses it."""
    return forall(VM, VM, lambda a, b: s.mirrors[a, b] >> s.live[a])
