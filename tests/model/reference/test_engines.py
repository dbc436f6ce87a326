"""Both engines: a guest executes, stands exactly between two instructions, and its state crosses whole."""

import os
import threading
import time
from dataclasses import replace as with_parts
from typing import ClassVar

import msgspec
import pytest
from msgspec.structs import replace

from attorn.model.reference.devices.addresses import DISK_WINDOW
from attorn.model.reference.devices.device import Device
from attorn.model.reference.devices.states import SerialState
from attorn.model.reference.engines import engine_named
from attorn.model.reference.guests.board import CODE, FREE, PARAMETERS, Parameters, power_on
from attorn.model.reference.guests.guest import GUESTS
from attorn.model.reference.vmm.cpu_model import BASELINE, CPUID, requirements
from attorn.model.reference.vmm.cpu_state import CpuMode, CpuState, SegmentRegister, difference
from attorn.model.reference.vmm.engine import CannotCarry, EngineUnavailable, Stop
from attorn.model.reference.vmm.memory import UnfitMemory
from tests.model.reference.hopping import ENGINE, PATIENCE, Hopper, Segments, engine_or_skip

LONG = requirements(CpuMode.LONG)


class Probe(Device):
    """Registers at ports and in memory that say what they were asked."""

    kind = SerialState
    ports: ClassVar[range] = range(0x3F8, 0x400)
    window: ClassVar[range] = range(DISK_WINDOW, DISK_WINDOW + 4096)

    def __init__(self) -> None:
        self.written: list[tuple[int, int, int]] = []
        self.asked = threading.Event()
        self.answer = threading.Event()
        self.answer.set()

    def read(self, address: int, size: int) -> int:
        self.asked.set()
        assert self.answer.wait(PATIENCE)
        return 0x8877665544332211

    def write(self, address: int, size: int, value: int) -> None:
        self.written.append((address, size, value))

    def capture(self) -> SerialState:
        return SerialState()

    def _take(self, state: SerialState) -> None:
        pass


class Bench:
    """A vCPU with a program of a few bytes."""

    def __init__(self, engine: str, program: str, mode: CpuMode = CpuMode.LONG) -> None:
        self.probe = Probe()
        self.segments = Segments(1)
        self.engine = engine_named(engine).make(requirements(mode), [self.probe])
        memory = self.engine.attach(self.segments.ranges())
        self.state, contents = power_on(mode, bytes.fromhex(program), Parameters(FREE, memory.size))
        for address, data in contents.items():
            memory.write(address, data)
        self.engine.restore(self.state)

    def __enter__(self) -> "Bench":
        return self

    def __exit__(self, *_: object) -> None:
        self.probe.answer.set()
        self.engine.close()
        self.segments.close()


# Assembled by hand from the opcode tables of the AMD64 manual, vol. 3.
SPIN = "ebfe"  # jmp to itself
COUNT = "48ffc0 48ffc3 ebf8"  # inc rax; inc rbx; jmp to the start
IN_AL = "66baf803 ec"  # mov dx, 0x3f8; in al, dx
IN_EAX = "66baf803 ed"
OUT_AL = "66baf803 b041 ee"
LOAD = "48bb0000000010000000 8b4308"  # mov rbx, 64 GiB; mov eax, [rbx + 8]
STORE = "48bb0000000010000000 c7431078563412"  # mov rbx, 64 GiB; mov dword [rbx + 16], 0x12345678
POWER_OFF = "66ba0406 b807000000 ef"  # mov dx, 0x604; mov eax, 7; out dx, eax
UNDEFINED = "0f0b"
CPUID_1 = "b801000000 0fa2"


@pytest.mark.parametrize("name", ENGINE)
def test_a_guest_stands_exactly_between_two_instructions(name):
    """Two registers are counted up in turn: they are equal, or one apart where the address says so."""
    with Bench(name, COUNT) as bench:
        before = -1
        for _ in range(20):
            bench.engine.start()
            time.sleep(0.001)
            assert bench.engine.suspend().stop is Stop.SUSPENDED
            state = bench.engine.capture()
            apart = {CODE: 0, CODE + 3: 1, CODE + 6: 0}[state.general.rip]
            assert state.general.rax - state.general.rbx == apart
            assert state.general.rax >= before
            before = state.general.rax
            bench.engine.restore(state)
        assert before > 0, "it has executed"


@pytest.mark.parametrize("name", ENGINE)
@pytest.mark.parametrize(("program", "value"), [(IN_AL, 0x11), (IN_EAX, 0x44332211), (LOAD, 0x44332211)])
def test_a_read_under_way_is_complete_when_the_guest_stands(name, program, value):
    """The device answers only after the suspension was asked for; the value must be in the register, once."""
    with Bench(name, program + SPIN) as bench:
        bench.probe.answer.clear()
        bench.engine.start()
        assert bench.probe.asked.wait(PATIENCE)
        suspension = threading.Thread(target=bench.engine.suspend)
        suspension.start()
        bench.probe.answer.set()
        suspension.join(PATIENCE)
        state = bench.engine.capture()
        assert state.general.rax == value
        assert state.general.rip == CODE + len(bytes.fromhex(program))


@pytest.mark.parametrize("name", ENGINE)
def test_a_guest_writes_to_ports_and_registers(name):
    with Bench(name, OUT_AL + STORE + POWER_OFF) as bench:
        bench.engine.start()
        stopped = bench.engine.wait(PATIENCE)
        assert stopped is not None
        assert (stopped.stop, stopped.code) == (Stop.POWERED_OFF, 7)
        assert bench.probe.written == [(0x3F8, 1, 0x41), (DISK_WINDOW + 16, 4, 0x12345678)]
        assert bench.engine.first_effect_ns is not None


@pytest.mark.parametrize("name", ENGINE)
def test_a_fault_of_the_guest_is_told_with_its_place(name):
    with Bench(name, UNDEFINED) as bench:
        bench.engine.start()
        stopped = bench.engine.wait(PATIENCE)
        assert stopped is not None
        assert stopped.stop is Stop.FAULTED
        assert f"{CODE:#x}" in stopped.why
        assert bench.engine.suspend() == stopped, "what ended by itself stays as it ended"


@pytest.mark.parametrize("name", ENGINE)
def test_rollback_goes_on_where_the_guest_stood(name):
    with Bench(name, COUNT) as bench:
        bench.engine.start()
        bench.engine.suspend()
        state = bench.engine.capture()
        bench.engine.detach()
        with pytest.raises(UnfitMemory, match="no memory attached"):
            bench.engine.memory.read(0, 1)
        bench.engine.attach(bench.segments.ranges())
        bench.engine.restore(state)
        assert bench.engine.capture() == state
        bench.engine.start()
        bench.engine.suspend()
        assert bench.engine.capture().general.rax >= state.general.rax


@pytest.mark.parametrize("name", ENGINE)
@pytest.mark.parametrize(
    ("part", "changes"),
    [
        ("general", {"r15": (1 << 64) - 1, "rflags": 0xED7}),
        ("floating", {"mxcsr": 0x7FA0, "control": 0x27F, "status": 0x3800, "tags": 0x81}),
        ("floating", {"st": tuple(bytes(range(n, n + 10)) for n in range(8)), "tags": 0xFF}),
        ("floating", {"xmm": tuple(bytes([n]) * 16 for n in range(16))}),
        ("system", {"lstar": 0xFFFF800000001000, "star": 0x0023001000000000, "syscall_mask": 0x200}),
        ("system", {"kernel_gs_base": 0x7000, "sysenter_cs": 8, "sysenter_esp": 0x9000, "sysenter_eip": 0xA000}),
        ("debug", {"dr0": 0x70000, "dr6": 0xFFFF0FF1}),
        ("control", {"cr2": 0x123456}),
    ],
)
def test_every_part_of_the_state_is_kept(name, part, changes):
    with Bench(name, SPIN) as bench:
        state = replace(bench.state, **{part: replace(getattr(bench.state, part), **changes)})
        bench.engine.restore(state)
        assert difference(bench.engine.capture(), state) == "nothing"


@pytest.mark.parametrize(
    ("part", "changes"),
    [
        ("floating", {"mxcsr": 0xFFFF1F80}),  # reserved bits
        ("control", {"cr8": 16}),  # of four bits
    ],
)
def test_kvm_shows_what_it_does_not_keep(part, changes):
    """It drops some values without a word: what it has kept is read back. It is no validator all the same."""
    engine_or_skip("kvm")
    with Bench("kvm", SPIN) as bench:
        state = replace(bench.state, **{part: replace(getattr(bench.state, part), **changes)})
        with pytest.raises(CannotCarry, match="KVM"):
            bench.engine.restore(state)


@pytest.mark.parametrize("changes", [{"r9": 1}, {"rax": 1 << 32}, {"rip": 1 << 32 | CODE}])
def test_unicorn_shows_what_a_mode_does_not_have(changes):
    engine_or_skip("unicorn")
    with Bench("unicorn", SPIN, CpuMode.PROTECTED) as bench:
        (name,) = changes
        with pytest.raises(CannotCarry, match=f"cannot hold the state of the vCPU: general.{name}"):
            bench.engine.restore(replace(bench.state, general=replace(bench.state.general, **changes)))


def test_unicorn_refuses_segment_registers_that_the_descriptor_table_does_not_give():
    """Its hidden parts cannot be set: a limit of its own for SS would be lost."""
    engine_or_skip("unicorn")
    with Bench("unicorn", SPIN) as bench:
        narrow = replace(bench.state.segments.ss, limit=0xFFFF)
        state = replace(bench.state, segments=replace(bench.state.segments, ss=narrow))
        with pytest.raises(CannotCarry, match=r"segment register ss .*limit 0xffff, not 0xffffffff"):
            bench.engine.restore(state)


def test_unicorn_refuses_to_give_a_state_whose_descriptors_were_changed_in_memory():
    engine_or_skip("unicorn")
    with Bench("unicorn", SPIN) as bench:
        bench.engine.start()
        bench.engine.suspend()
        at = bench.state.gdt.base + (bench.state.segments.ss.selector & ~7)
        bench.engine.memory.write(at, bytes(8))
        with pytest.raises(CannotCarry, match="ss"):
            bench.engine.capture()


@pytest.mark.parametrize("name", ENGINE)
def test_cpuid_says_the_same_everywhere(name):
    """A guest that is told of a feature may use it: all engines must tell it of the same ones."""
    with Bench(name, CPUID_1 + SPIN) as bench:
        general = bench.state.general
        deadline = time.monotonic() + PATIENCE
        while general.rip != CODE + len(bytes.fromhex(CPUID_1)):
            assert time.monotonic() < deadline
            bench.engine.start()
            time.sleep(0.001)
            bench.engine.suspend()
            general = bench.engine.capture().general
        if name == "kvm" and general.rdx != CPUID[1].edx:
            pytest.skip("this host's KVM executes CPUID of privilege level 3 without asking KVM")
        assert (general.rax, general.rbx, general.rcx, general.rdx) == (CPUID[1].eax, 0, CPUID[1].ecx, CPUID[1].edx)


@pytest.mark.parametrize("name", ENGINE)
def test_what_cannot_be_carried_is_refused_before_suspension(name):
    engine = engine_named(name)
    assert engine.refusal(LONG) is None
    avx = replace(LONG, features=BASELINE | {"avx"})
    assert "avx" in str(engine.refusal(avx))
    assert "version 2" in str(engine.refusal(replace(LONG, version=2)))
    assert "2 vCPUs" in str(engine.refusal(replace(LONG, vcpus=2)))
    with pytest.raises(EngineUnavailable, match="avx"):
        engine.make(avx, [])


def test_kvm_says_what_is_missing_and_how_to_get_it(monkeypatch, tmp_path):
    """No device at all, and a file that is none."""
    device = tmp_path / "kvm"
    monkeypatch.setattr("attorn.model.reference.vmm.kvm.engine.DEVICE", str(device))
    assert "modprobe kvm_amd" in str(engine_named("kvm").missing())
    assert "is missing" in str(engine_named("kvm").refusal(LONG))
    with pytest.raises(EngineUnavailable, match="is missing"):
        engine_named("kvm").make(LONG, [])
    device.write_bytes(b"")
    assert "does not answer as KVM" in str(engine_named("kvm").missing())


def test_unicorn_says_what_is_missing_and_how_to_get_it(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert "pip install 'attorn[unicorn]'" in str(engine_named("unicorn").missing())
    with pytest.raises(EngineUnavailable, match="pip install"):
        engine_named("unicorn").make(LONG, [])


@pytest.mark.parametrize("name", ENGINE)
def test_memory_may_not_cover_a_device(name):
    with Bench(name, SPIN) as bench:
        bench.engine.detach()
        (only,) = bench.segments.ranges()
        with pytest.raises(UnfitMemory, match="where a device answers"):
            bench.engine.attach([replace(only, address=DISK_WINDOW)])
        bench.engine.attach([only])


@pytest.mark.parametrize("name", ENGINE)
def test_a_closed_engine_leaves_nothing(name):
    """Files, mappings of segments and threads are as before; one is made first, for what is loaded only once."""

    def held() -> tuple[int, int, int]:
        with open("/proc/self/maps") as maps:
            mappings = sum("segment-" in line or "kvm" in line for line in maps)
        return len(os.listdir("/proc/self/fd")), mappings, threading.active_count()

    def once() -> None:
        with Bench(name, SPIN) as bench:
            bench.engine.start()

    once()
    before = held()
    for _ in range(3):
        once()
    assert held() == before


def test_a_state_survives_its_encoding():
    state, _ = power_on(CpuMode.LONG, b"\xeb\xfe", Parameters(FREE, 4 << 20))
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(state), type=CpuState) == state


@pytest.mark.parametrize(
    "broken",
    [
        {"selector": 1 << 16, "attributes": 0},
        {"selector": 0, "attributes": -1},
        {"selector": 0, "attributes": 0, "limit": 1 << 32},
        {"selector": 0, "attributes": 0, "colour": 3},
    ],
)
def test_what_does_not_fit_a_register_is_refused_in_decoding(broken):
    with pytest.raises(msgspec.ValidationError):
        msgspec.msgpack.decode(msgspec.msgpack.encode(broken), type=SegmentRegister)


def test_parameters_lie_where_programs_look_for_them():
    _, contents = power_on(CpuMode.LONG, b"\xeb\xfe", Parameters(FREE, 4 << 20, stride=64))
    assert contents[PARAMETERS][:24] == b"".join(n.to_bytes(8, "little") for n in (FREE, 4 << 20, 64))


@pytest.mark.parametrize("name", ENGINE)
def test_a_suspension_can_come_at_any_time(name, tmp_path):
    """Also when the guest is with a device most of the time, twice, and before it executes."""
    with Hopper(with_parts(GUESTS["e"], pace=0, terms=30, console=tmp_path / "console"), name) as vm:
        assert vm.engine.suspend().stop is Stop.NEVER_STARTED
        for _ in range(30):
            vm.start()
            assert vm.suspend().stop is Stop.SUSPENDED
            assert vm.suspend().stop is Stop.SUSPENDED
        vm.start()
        assert len(vm.printed(2)) >= 2
