"""Each witness catches a migration that was broken on purpose, of its own kind."""

import os
import time
from dataclasses import replace as with_parts

import pytest
from msgspec.structs import replace

from attorn.model.reference.devices.disk import Quiescing
from attorn.model.reference.devices.states import DiskState
from attorn.model.reference.guests.board import CODE, FREE
from attorn.model.reference.guests.guest import COMPLAINTS, GUESTS
from attorn.model.reference.vmm.cpu_state import FloatingPoint, GeneralRegisters
from attorn.model.reference.vmm.engine import Stop
from tests.model.reference.hopping import ENGINE, Hopper
from tests.model.reference.test_guests import made

LOST, STALE, DOUBLED, TORN, FAILED, MISCOUNTED, WRONG, REGISTER = range(1, 9)
LAST = FREE + (0x200000 - FREE - 16) // 4160 * 4160
"""The last cell of the memory witness in the first segment."""


def counter(memory, address=LAST):
    return int.from_bytes(memory.read(address, 8), "little")


def set_counter(memory, value, address=LAST):
    """A whole cell as the witness would have left it in sweep ``value``: counter and check word."""
    check = ((value ^ address) * 0x9E3779B97F4A7C15) % (1 << 64)
    memory.write(address, value.to_bytes(8, "little") + check.to_bytes(8, "little"))


def stand_between_cells(vm):
    """Suspend where no cell is half done: at the first instruction of one, or while a line is printed."""
    code = GUESTS["memory"].code
    cell = CODE + code.index(bytes.fromhex("498b0424"))  # mov rax, qword ptr [r12]
    sweep_done = CODE + code.index(bytes.fromhex("4d39f4")) + 5  # cmp r12, r14; jbe cell
    vm.printed(1)
    while True:
        vm.suspend()
        rip = vm.capture()[0].general.rip
        if rip == cell or rip < cell - 64 or rip >= sweep_done:
            return
        vm.start()
        time.sleep(0.0005)  # it executes some of its instructions


def lose_a_write(memory):
    set_counter(memory, counter(memory) - 1)


def lose_many_writes(memory):
    set_counter(memory, counter(memory) - 3)


def write_twice(memory):
    memory.write(LAST, (counter(memory) + 1).to_bytes(8, "little"))


def write_half(memory):
    memory.write(LAST + 8, bytes(8))


@pytest.mark.parametrize("engine", ENGINE)
@pytest.mark.parametrize(
    ("spoil", "code"),
    [(lose_a_write, LOST), (lose_many_writes, STALE), (write_twice, DOUBLED), (write_half, TORN)],
)
def test_the_memory_witness_tells_a_spoilt_cell(engine, spoil, code, tmp_path):
    with Hopper(made("memory", tmp_path), engine) as vm:
        vm.start()
        vm.printed(4)
        stand_between_cells(vm)
        vm.hop(engine, memory=spoil)
        assert (vm.ended().stop, vm.ended().code) == (Stop.POWERED_OFF, code), COMPLAINTS[vm.ended().code]
        assert f"{LAST:016x}" in vm.lines()[-1]


@pytest.mark.parametrize("engine", ENGINE)
def test_the_memory_witness_tells_a_segment_of_another_time(engine, tmp_path):
    """The destination gets a copy that was made before the guest wrote on: what a shared or restored copy would be."""
    with Hopper(made("memory", tmp_path), engine) as vm:
        vm.start()
        vm.printed(3)
        vm.suspend()
        old = os.pread(vm.segments.descriptors[1], vm.segments.size, 0)
        vm.start()
        vm.printed(3)
        stand_between_cells(vm)
        vm.hop(engine, memory=lambda memory: memory.write(vm.segments.size, old))
        assert vm.ended().code == STALE


@pytest.mark.parametrize("engine", ENGINE)
def test_the_memory_witness_tells_segments_at_the_wrong_address(engine, tmp_path):
    """Exchanged, each holds counters that may be right, and the check words tell; or the step of the staircase does."""
    with Hopper(made("memory", tmp_path, stride=4096), engine, segments=3) as vm:
        vm.start()
        vm.printed(2)
        stand_between_cells(vm)
        vm.hop(engine, order=(0, 2, 1))
        assert vm.ended().code in (TORN, DOUBLED)


@pytest.mark.parametrize("engine", ENGINE)
def test_the_memory_witness_tells_a_missing_segment(engine, tmp_path):
    with Hopper(made("memory", tmp_path), engine) as vm:
        vm.start()
        vm.printed(3)
        stand_between_cells(vm)
        vm.hop(engine, memory=lambda memory: memory.write(vm.segments.size, bytes(vm.segments.size)))
        assert vm.ended().code == STALE


@pytest.mark.parametrize("engine", ENGINE)
def test_the_memory_witness_tells_an_instruction_that_is_executed_twice(engine, tmp_path):
    """It is sent back to the instruction that raises a counter, with the cell that it has done last."""
    raising = CODE + GUESTS["memory"].code.index(bytes.fromhex("4983042401"))  # add qword ptr [r12], 1

    def again(cpu):
        return replace(cpu, general=replace(cpu.general, rip=raising, r12=cpu.general.r12 - vm.guest.stride))

    with Hopper(made("memory", tmp_path), engine) as vm:
        vm.start()
        stand_between_cells(vm)
        vm.hop(engine, cpu=again)
        assert vm.ended().code == DOUBLED


@pytest.mark.parametrize("engine", ENGINE)
def test_the_memory_witness_tells_registers_of_another_time(engine, tmp_path):
    with Hopper(made("memory", tmp_path), engine) as vm:
        vm.start()
        stand_between_cells(vm)
        old, _ = vm.capture()
        vm.start()
        vm.printed(3)
        vm.hop(engine, cpu=lambda cpu: old)
        assert vm.ended().code == DOUBLED


def _without(part, **values):
    return lambda cpu: replace(cpu, **{part: replace(getattr(cpu, part), **values)})


def _with_flag_turned(bit):
    return lambda cpu: replace(cpu, general=replace(cpu.general, rflags=cpu.general.rflags ^ 1 << bit))


def _other_words(words, number):
    return tuple(bytes(len(word)) if at == number else word for at, word in enumerate(words))


FRESH = FloatingPoint()
REGISTERS = {
    **{
        name: _without("general", **{name: 7})
        for name in GeneralRegisters.__struct_fields__
        if name not in ("rsp", "rip", "rflags")
    },
    "rsp": lambda cpu: replace(cpu, general=replace(cpu.general, rsp=cpu.general.rsp - 64)),
    **{f"flag {bit}": _with_flag_turned(bit) for bit in (0, 2, 4, 6, 7, 10, 11, 21)},
    "mxcsr": lambda cpu: replace(cpu, floating=replace(cpu.floating, mxcsr=cpu.floating.mxcsr ^ 0x2000)),
    "x87 control": lambda cpu: replace(cpu, floating=replace(cpu.floating, control=cpu.floating.control ^ 0x400)),
    "x87 status": lambda cpu: replace(cpu, floating=replace(cpu.floating, status=cpu.floating.status ^ 0x100)),
    "x87 tags": _without("floating", tags=0),
    "x87 as fresh": lambda cpu: replace(cpu, floating=replace(FRESH, xmm=cpu.floating.xmm)),
    "sse as fresh": lambda cpu: replace(cpu, floating=replace(cpu.floating, xmm=FRESH.xmm)),
    **{
        f"st{n}": lambda cpu, n=n: replace(cpu, floating=replace(cpu.floating, st=_other_words(cpu.floating.st, n)))
        for n in range(8)
    },
    **{
        f"xmm{n}": lambda cpu, n=n: replace(cpu, floating=replace(cpu.floating, xmm=_other_words(cpu.floating.xmm, n)))
        for n in range(16)
    },
    "xmm one register early": lambda cpu: replace(
        # The layout error of reading FXSAVE where struct kvm_fpu is meant: everything is off by eight bytes.
        cpu, floating=replace(cpu.floating, xmm=(*cpu.floating.xmm[1:], bytes(16)))
    ),
    **{
        name: lambda cpu, name=name: replace(
            cpu, segments=replace(cpu.segments, **{name: replace(getattr(cpu.segments, name), base=FREE)})
        )
        for name in ("fs", "gs")
    },
}  # fmt: skip


@pytest.mark.parametrize("engine", ENGINE)
def test_the_cpu_witness_tells_every_register_that_is_not_kept(engine, tmp_path):
    """From one moment in which the guest holds its registers, it is set going once with each of them spoilt."""
    code = GUESTS["cpu"].code
    holding = range(CODE + code.index(bytes([0x90] * 2000)) + 1, CODE + code.index(bytes([0x90] * 2000)) + 1990)
    with Hopper(made("cpu", tmp_path, terms=1 << 30), engine) as vm:
        vm.start()
        while vm.suspend() and vm.capture()[0].general.rip not in holding:
            vm.start()
            time.sleep(0.0005)
        good, _ = vm.capture()
        unnoticed = []
        for name, spoil in REGISTERS.items():
            vm.engine.restore(spoil(good))
            vm.engine.start()
            stopped = vm.engine.wait(10.0)
            if stopped is None or (stopped.stop, stopped.code) != (Stop.POWERED_OFF, REGISTER):
                unnoticed.append((name, stopped))
                vm.engine.suspend()
        assert not unnoticed
        # And with none spoilt it goes on.
        vm.engine.restore(good)
        vm.engine.start()
        assert vm.engine.wait(0.05) is None


def disk_of(vm):
    state = vm.devices[2].capture()
    assert isinstance(state, DiskState)
    return state


@pytest.mark.parametrize("engine", ENGINE)
@pytest.mark.parametrize("quiescing", Quiescing)
def test_a_disk_request_in_flight_survives_the_hop(engine, quiescing, tmp_path):
    """The disk is slow, so that one is in flight whenever the guest stands."""
    with Hopper(with_parts(made("disk", tmp_path, terms=1), quiescing=quiescing, latency=50), engine) as vm:
        vm.start()
        carried = 0
        for _ in range(4):
            vm.wait_for(lambda: disk_of(vm).in_flight is not None)
            vm.suspend()
            carried += disk_of(vm).in_flight is not None
            vm.hop(engine)
        vm.printed(1)
    assert (carried > 0) == (quiescing is Quiescing.CARRY)


def drop_the_request(states):
    return [*states[:2], replace(states[2], in_flight=None, status=2)]


def complete_it_twice(states):
    return [*states[:2], replace(states[2], completed=states[2].completed + 1)]


@pytest.mark.parametrize("engine", ENGINE)
@pytest.mark.parametrize("spoil", [drop_the_request, complete_it_twice])
def test_the_disk_witness_tells_a_request_that_is_lost_or_doubled(engine, spoil, tmp_path):
    with Hopper(with_parts(made("disk", tmp_path, terms=1), quiescing=Quiescing.CARRY, latency=20), engine) as vm:
        vm.start()
        vm.suspend()
        while disk_of(vm).in_flight is None:
            vm.start()
            vm.wait_for(lambda: disk_of(vm).in_flight is not None)
            vm.suspend()
        vm.hop(engine, devices=spoil)
        assert vm.ended().code == MISCOUNTED


@pytest.mark.parametrize("engine", ENGINE)
def test_the_disk_witness_tells_a_disk_of_another_time(engine, tmp_path):
    """What a source that still holds the disk, or a snapshot, does to it."""
    with Hopper(with_parts(made("disk", tmp_path, terms=1), latency=2), engine) as vm:
        vm.start()
        vm.printed(2)
        vm.suspend()
        (tmp_path / "disk").write_bytes(bytes(64 * 512))
        vm.hop(engine)
        assert vm.ended().code == WRONG
