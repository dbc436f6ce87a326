"""Forged configurations: a generator of what a hostile or broken source could send, each of its own kind."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

from attorn.model.reference.configuration import HEADER, MAGIC, VERSION, Configuration, encode, seal

__all__ = ["Forgery", "forgeries"]

Body = dict[str, Any]
HUGE = (1 << 63) - 1


@dataclass(frozen=True)
class Forgery:
    """One forged configuration: what is wrong with it, and its bytes."""

    kind: str
    content: bytes


def forgeries(true: Configuration, foreign: int, free: int, count: int) -> Iterator[Forgery]:
    """Every kind of forgery of a configuration with at least two segments.

    foreign: a segment of another VM.  free: one of none.  count: how many segments there are.
    """
    yield from _damaged(encode(true))
    body: Body = msgspec.to_builtins(true, builtin_types=(bytes,))
    yield from _misshapen(body)
    for kind, edit in (*_IDENTITY, *_CPU, *_DEVICES):
        yield _edited(body, kind, edit)
    yield from _segments(body, foreign, free, count)


def _damaged(content: bytes) -> Iterator[Forgery]:
    header, body = content[: HEADER.size], content[HEADER.size :]
    yield Forgery("no bytes", b"")
    yield Forgery("half a header", header[: HEADER.size // 2])
    yield Forgery("a header and nothing else", header)
    yield Forgery("a body cut short", content[:-1])
    yield Forgery("half a body", content[: len(content) // 2])
    yield Forgery("bytes behind the body", content + b"\0")
    yield Forgery("twice the same", content + content)
    yield Forgery("another magic", b"ATRNCONF" + content[8:])
    for version in (0, VERSION + 1, 0xFFFF):
        yield Forgery(f"version {version}", seal(body, version))
    yield Forgery("a length that is too small", HEADER.pack(MAGIC, VERSION, len(body) - 1, header[-32:]) + body)
    yield Forgery("a length of 4 GiB", HEADER.pack(MAGIC, VERSION, 0xFFFFFFFF, header[-32:]) + body)
    yield Forgery("a digest of zeros", HEADER.pack(MAGIC, VERSION, len(body), bytes(32)) + body)
    for name, at in (("digest", HEADER.size - 1), ("first byte", HEADER.size), ("middle", len(content) // 2)):
        damaged = bytearray(content)
        damaged[at] ^= 1
        yield Forgery(f"a bit flipped in the {name}", bytes(damaged))
    yield Forgery("a mebibyte of zeros", seal(bytes(1 << 20)))


def _misshapen(body: Body) -> Iterator[Forgery]:
    packed = msgspec.msgpack.encode
    for name in ("vm", "epoch", "source", "target", "requirements", "segments", "cpu"):
        less = {key: value for key, value in body.items() if key != name}
        yield Forgery(f"no {name}", seal(packed(less)))
    for name, wrong in (
        ("vm", 7), ("epoch", "1"), ("epoch", 1.5), ("source", None), ("target", ["partition1"]), ("requirements", 1),
        ("segments", {}), ("segments", None), ("cpu", []), ("devices", 3), ("paused", "no"),
    ):  # fmt: skip
        yield Forgery(f"{name} is {wrong!r}", seal(packed(body | {name: wrong})))
    yield Forgery("an unknown field", seal(packed(body | {"mirror": True})))
    yield Forgery("a list instead of fields", seal(packed(list(body.values()))))
    yield Forgery("no MessagePack", seal(b"\xc1\xc1\xc1"))
    yield Forgery("an empty map", seal(b"\x80"))
    yield Forgery("JSON", seal(b'{"vm": "vm0"}'))
    yield Forgery("a thousand lists in each other", seal(b"\x91" * 1000 + b"\x90"))
    yield Forgery("a string that says it has 4 GiB", seal(b"\xdb\xff\xff\xff\xff"))


def _segments(body: Body, foreign: int, free: int, count: int) -> Iterator[Forgery]:
    size = body["segments"][0]["size"]

    def at(place: int, **changed: int) -> Callable[[Body], None]:
        return lambda b: b["segments"][place].update(changed)

    def listed(change: Callable[[list[Body]], list[Body]]) -> Callable[[Body], None]:
        return lambda b: b.update(segments=change(b["segments"]))

    def swapped(s: list[Body]) -> list[Body]:
        first, second, *rest = copy.deepcopy(s)
        first["guest_address"], second["guest_address"] = second["guest_address"], first["guest_address"]
        return [first, second, *rest]

    extra = {"size": size, "guest_address": 1 << 40}
    for kind, edit in (
        ("an empty list of segments", listed(lambda s: [])),
        ("the first segment is missing", listed(lambda s: s[1:])),
        ("the last segment is missing", listed(lambda s: s[:-1])),
        ("a segment is listed twice", listed(lambda s: [*s, s[0]])),
        ("every segment is listed twice", listed(lambda s: [*s, *s])),
        ("a segment instead of another", listed(lambda s: [s[1], *s[1:]])),
        ("a segment of another VM", at(0, segment=foreign)),
        ("a segment of another VM besides", listed(lambda s: [*s, {"segment": foreign, **extra}])),
        ("a free segment", at(0, segment=free)),
        ("a free segment besides", listed(lambda s: [*s, {"segment": free, **extra}])),
        ("a segment behind the last", at(0, segment=count)),
        ("a segment far behind the last", at(0, segment=HUGE)),
        ("a segment below zero", at(0, segment=-1)),
        ("a size of nothing", at(0, size=0)),
        ("a size below nothing", at(0, size=-size)),
        ("half the size", at(0, size=size // 2)),
        ("twice the size", at(0, size=2 * size)),
        ("one byte more", at(0, size=size + 1)),
        ("an absurd size", at(0, size=HUGE)),
        ("two segments at one address", at(1, guest_address=body["segments"][0]["guest_address"])),
        ("two segments that overlap by half", at(1, guest_address=size // 2)),
        ("two segments at each other's address", listed(swapped)),
        ("an address that is not of a page", at(1, guest_address=size + 1)),
        ("an address one page further", at(1, guest_address=size + 4096)),
        ("an address that nothing can have", at(1, guest_address=HUGE)),
        ("an address below zero", at(1, guest_address=-size)),
        ("a segment with a field too many", lambda b: b["segments"][0].update(owner="partition1")),
        ("a segment without a number", lambda b: b["segments"][0].pop("segment")),
        ("a segment number that is text", lambda b: b["segments"][0].update(segment="0")),
        ("segments that are numbers", listed(lambda s: [each["segment"] for each in s])),
    ):
        yield _edited(body, kind, edit)


def _edited(body: Body, kind: str, edit: Callable[[Body], object]) -> Forgery:
    changed = copy.deepcopy(body)
    edit(changed)
    return Forgery(kind, seal(msgspec.msgpack.encode(changed)))


def _set(path: str, value: object) -> Callable[[Body], None]:
    """An edit that sets one field, by its path from the top."""
    *way, last = path.split(".")

    def edit(body: Body) -> None:
        inner = body
        for name in way:
            inner = inner[name]
        inner[last] = value

    return edit


def _bits(path: str, change: Callable[[int], int]) -> Callable[[Body], None]:
    *way, last = path.split(".")

    def edit(body: Body) -> None:
        inner = body
        for name in way:
            inner = inner[name]
        inner[last] = change(inner[last])

    return edit


def _long_mode(without: str = "") -> Callable[[Body], None]:
    """A vCPU in 64-bit mode that lacks one of what that needs."""

    def edit(body: Body) -> None:
        control = body["cpu"]["control"]
        control["cr0"] = 1 | (0 if without == "paging" else 1 << 31)
        control["cr4"] = 0 if without == "PAE" else 1 << 5
        control["efer"] = (0 if without == "LME" else 1 << 8) | (0 if without == "LMA" else 1 << 10)
        body["cpu"]["segments"]["cs"]["attributes"] = 0xA09B

    return edit


def _in_long_mode(path: str, value: int) -> Callable[[Body], None]:
    def edit(body: Body) -> None:
        _long_mode()(body)
        _set(path, value)(body)

    return edit


NOT_CANONICAL = 1 << 47
_IDENTITY = (
    ("another VM", _set("vm", "vm3")),
    ("a VM that does not exist", _set("vm", "somebody")),
    ("a VM without a name", _set("vm", "")),
    ("a VM with a name of a mile", _set("vm", "v" * 100_000)),
    ("another source", _set("source", "partition1")),
    ("a source that does not exist", _set("source", "partition9")),
    ("the source as target", _set("target", "partition0")),
    ("a target that does not exist", _set("target", "partition9")),
    ("the epoch before", _bits("epoch", lambda epoch: epoch - 1)),
    ("the epoch after", _bits("epoch", lambda epoch: epoch + 1)),
    ("an epoch of the far future", _set("epoch", HUGE)),
    ("requirements of another version", _set("requirements.version", 2)),
    ("no vCPU", _set("requirements.vcpus", 0)),
    ("two vCPUs", _set("requirements.vcpus", 2)),
    ("a million vCPUs", _set("requirements.vcpus", 1_000_000)),
    ("an unknown mode", _set("requirements.mode", "16-bit")),
    ("a feature that no CPU has", _set("requirements.features", ["telepathy"])),
    ("features that are numbers", _set("requirements.features", [1, 2])),
)
_CPU = (
    ("rflags without its fixed bit", _set("cpu.general.rflags", 0)),
    ("rflags with reserved bits", _set("cpu.general.rflags", 1 << 40 | 2)),
    ("rflags of virtual-8086 mode", _set("cpu.general.rflags", 1 << 17 | 2)),
    ("a register below zero", _set("cpu.general.rax", -1)),
    ("a register that is text", _set("cpu.general.rax", "0")),
    ("a register that there is not", _set("cpu.general.r16", 0)),
    ("no rip", lambda body: body["cpu"]["general"].pop("rip")),
    ("cr0 with reserved bits", _set("cpu.control.cr0", 1 << 40 | 1)),
    ("paging without protection", _set("cpu.control.cr0", 1 << 31)),
    ("cr0.NW without cr0.CD", _set("cpu.control.cr0", 1 << 29 | 1)),
    ("cr4 with reserved bits", _set("cpu.control.cr4", 1 << 50)),
    ("cr3 outside physical memory", _set("cpu.control.cr3", 1 << 60)),
    ("cr8 of 16", _set("cpu.control.cr8", 16)),
    ("efer with reserved bits", _set("cpu.control.efer", 1 << 40)),
    ("64-bit mode without LME", _long_mode("LME")),
    ("64-bit mode without paging", _long_mode("paging")),
    ("64-bit mode without PAE", _long_mode("PAE")),
    ("LME and paging without LMA", _long_mode("LMA")),
    ("rip that is not canonical", _in_long_mode("cpu.general.rip", NOT_CANONICAL)),
    ("lstar that is not canonical", _in_long_mode("cpu.system.lstar", NOT_CANONICAL)),
    ("cstar that is not canonical", _in_long_mode("cpu.system.cstar", NOT_CANONICAL)),
    ("kernel_gs_base that is not canonical", _in_long_mode("cpu.system.kernel_gs_base", NOT_CANONICAL)),
    ("a page attribute of no type", _set("cpu.system.page_attributes", 2)),
    ("mxcsr with reserved bits", _set("cpu.floating.mxcsr", 1 << 16)),
    ("a tag word of 9 bits", _set("cpu.floating.tags", 256)),
    ("15 SSE registers", _set("cpu.floating.xmm", [bytes(16)] * 15)),
    ("17 SSE registers", _set("cpu.floating.xmm", [bytes(16)] * 17)),
    ("an SSE register of 15 bytes", _set("cpu.floating.xmm", [bytes(15)] * 16)),
    ("7 x87 registers", _set("cpu.floating.st", [bytes(10)] * 7)),
    ("an x87 register of 8 bytes", _set("cpu.floating.st", [bytes(8)] * 8)),
    ("dr6 of 33 bits", _set("cpu.debug.dr6", 1 << 32)),
    ("dr7 of 33 bits", _set("cpu.debug.dr7", 1 << 32)),
    ("cs unusable", _set("cpu.segments.cs.unusable", True)),
    ("cs of data", _set("cpu.segments.cs.attributes", 0xC093)),
    ("cs not present", _set("cpu.segments.cs.attributes", 0xA01B)),
    ("cs of 64 and of 32 bits", _set("cpu.segments.cs.attributes", 0xE09B)),
    ("cs with reserved attributes", _set("cpu.segments.cs.attributes", 0xAF9B)),
    ("cs with a selector of 17 bits", _set("cpu.segments.cs.selector", 1 << 16)),
    ("cs with a limit of 33 bits", _set("cpu.segments.cs.limit", 1 << 32)),
    ("ds of the system", lambda body: body["cpu"]["segments"]["ds"].update(selector=16, attributes=0xC083)),
    ("tr in the local table", _set("cpu.segments.tr.selector", 4)),
    ("gdt that is not canonical", _set("cpu.gdt", {"base": NOT_CANONICAL, "limit": 55})),
    ("idt that is not canonical", _set("cpu.idt", {"base": NOT_CANONICAL, "limit": 55})),
    ("a gdt of 17 bits", _set("cpu.gdt", {"base": 0, "limit": 1 << 16})),
    ("no ss", lambda body: body["cpu"]["segments"].pop("ss")),
    ("an unknown run state", _set("cpu.run", "sleeping")),
)
_DEVICES = (
    ("a device of an unknown kind", _set("devices", [{"type": "gpu"}])),
    ("a device without a kind", _set("devices", [{"sent": 1}])),
    ("a device that this VM has not", _set("devices", [{"type": "timer"}] * 7)),
    ("a disk of somebody else", _set("devices", [{"type": "disk", "path": "/etc/shadow", "device": 1, "inode": 1,
                                                 "sectors": 1}])),
    ("a disk request beyond all commands", _set("devices", [{"type": "disk", "path": "x", "device": 1, "inode": 1,
                                                "sectors": 1, "in_flight": {"command": 9, "sector": 0, "count": 1,
                                                                            "address": 0}}])),
    ("a timer before the beginning of time", _set("devices", [{"type": "timer", "elapsed": -1}])),
    ("a console with a register of 9 bits", _set("devices", [{"type": "serial", "scratch": 256}])),
)  # fmt: skip
