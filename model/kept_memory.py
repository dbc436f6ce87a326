"""Memory kept across kernels: sessions and their handles, records of pages, scratch memory, and keys of encryption."""

from __future__ import annotations

from attorn.model.addition import Addition
from attorn.model.handover import UNDER_WAY
from attorn.spec.handover import Arrival
from attorn.spec.kept_memory import Handle, Keys, PageRecords, Scratch, Sessions, kept_once, no_dangling_key
from attorn.spec.language import ANY, action, exists, forall, one_of
from attorn.spec.vocabulary import VM, ZERO, Address, Phase, Segment

__all__ = ["KEYS", "PAGE_RECORDS", "SCRATCH", "SESSIONS"]


def _no_sessions(s: Sessions) -> None:
    s.refers[...] = ANY
    s.kept[...] = False
    s.unfinished[...] = False


@action(party="operator")
def keep(s: Sessions, vm: VM, handle: Handle) -> None:
    """Somebody puts a handle into a VM's session, so that its memory is kept, unless another session keeps it."""
    s.require(one_of(s.phase[vm], Phase.RUNNING, Phase.EXITED), ~s.kept[vm, handle])
    s.require(~exists(VM, Handle, lambda other, alias: s.kept[other, alias] & (s.refers[alias] == s.refers[handle])))
    s.require(
        ~exists(VM, Handle, lambda other, alias: s.unfinished[other, alias] & (s.refers[alias] == s.refers[handle]))
    )
    s.kept[vm, handle] = True


def _exit_restoring(s: Sessions, vm: VM) -> None:
    s.unfinished[vm, lambda handle: s.kept[vm, handle]] = True
    s.kept[vm, ...] = False


def _settle_finished(s: Sessions, vm: VM) -> None:
    s.unfinished[vm, ...] = False


def _bury_sessions(s: Sessions, vm: VM) -> None:
    s.kept[vm, ...] = False
    s.unfinished[vm, ...] = False


SESSIONS = Addition(
    Sessions,
    _no_sessions,
    gains={"exit": _exit_restoring, "settle": _settle_finished, "bury": _bury_sessions},
    steps=(keep,),
    statements=(kept_once,),
)
"""A memory object is kept by one session at a time, under whatever handle it is named."""


def _nothing_on_record(s: PageRecords) -> None:
    s.on_record[...] = False
    s.clean[...] = False


@action(party="source", fair="weak")
def record(s: PageRecords, vm: VM, segment: Segment) -> None:
    """The source writes down, of a suspended VM's segment, whether the next kernel may take it for a fresh one."""
    s.require(s.holds[vm, segment], ~s.on_record[segment])
    s.require(one_of(s.phase[vm], *UNDER_WAY), ~s.aborting[vm])
    s.on_record[segment] = True
    s.clean[segment] = s.content[segment] == ZERO


@action(party="fault")
def reclaim_clean(s: PageRecords, vm: VM, segment: Segment) -> None:
    """The next kernel, short of memory, drops a segment that is clean by what is written down."""
    s.require(s.phase[vm] == Phase.EXITED, s.arrival[vm] != Arrival.RESUMED, s.holds[vm, segment], s.clean[segment])
    s.content[segment] = ZERO
    s.clean[segment] = False


def _exit_recorded(s: PageRecords, vm: VM) -> None:
    s.require(forall(Segment, lambda segment: s.holds[vm, segment] >> s.on_record[segment]))


def _records_over(s: PageRecords, vm: VM) -> None:
    s.on_record[lambda segment: s.holds[vm, segment]] = False
    s.clean[lambda segment: s.holds[vm, segment]] = False


PAGE_RECORDS = Addition(
    PageRecords,
    _nothing_on_record,
    gains={"exit": _exit_recorded, "settle": _records_over, "roll_back": _records_over, "bury": _records_over},
    steps=(record, reclaim_clean),
)
"""What is on record of a page is written down once the VM is suspended."""


def _any_scratch(s: Scratch) -> None:
    s.scratch[...] = ANY


def _allocate_beside(s: Scratch, vm: VM, segment: Segment, address: Address) -> None:
    s.require(~s.scratch[segment])


@action(party="fault")
def boot_into(s: Scratch, vm: VM, segment: Segment) -> None:
    """The next kernel starts in its scratch memory, and overwrites it."""
    s.require(s.phase[vm] == Phase.EXITED, s.arrival[vm] == Arrival.NOTHING, s.holds[vm, segment], s.scratch[segment])
    s.content[segment] = ZERO


SCRATCH = Addition(Scratch, _any_scratch, gains={"allocate": _allocate_beside}, steps=(boot_into,))
"""Nothing that is to be kept lies where the next kernel starts."""


def _no_keys(s: Keys) -> None:
    s.live[...] = False
    s.mirrors[...] = False
    s.listed[...] = False


def _start_with_key(s: Keys, vm: VM, partition: object) -> None:
    s.live[vm] = True


@action(party="operator")
def mirror(s: Keys, vm: VM, other: VM) -> None:
    """Another VM is given the key of a VM that does not migrate; that is written on the list of the VM's partition."""
    s.require(vm != other, s.phase[vm] != Phase.ABSENT, s.phase[other] != Phase.ABSENT, ~s.mirrors[vm, other])
    s.require(s.source[vm] == s.target[vm])
    s.mirrors[vm, other] = True
    s.listed[s.source[vm], vm, other] = True


def _create_listing(s: Keys, vm: VM) -> None:
    s.listed[s.target[vm], vm, lambda other: s.mirrors[vm, other]] = True


def _bury_key(s: Keys, vm: VM) -> None:
    s.live[vm] = exists(VM, lambda other: s.listed[s.source[vm], vm, other])
    s.listed[..., vm, ...] = False


KEYS = Addition(
    Keys,
    _no_keys,
    gains={"start": _start_with_key, "create": _create_listing, "bury": _bury_key},
    steps=(mirror,),
    statements=(no_dangling_key,),
)
"""A key is destroyed with its VM, unless the list of its partition says that another VM uses it."""
