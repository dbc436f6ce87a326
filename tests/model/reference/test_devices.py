"""The devices by themselves: what a guest reads, what crosses, who holds the disk."""

import os

import pytest

from attorn.model.reference.devices.addresses import DISK_WINDOW, SERIAL_PORT, TIMER_PORT
from attorn.model.reference.devices.device import OtherDevice
from attorn.model.reference.devices.disk import Disk, DiskLocked, OtherDisk, Quiescing, describe
from attorn.model.reference.devices.serial import Serial
from attorn.model.reference.devices.states import DiskRequest, DiskState, SerialState, TimerState
from attorn.model.reference.devices.timer import Timer
from attorn.model.reference.vmm.bus import Bus, PowerOff
from attorn.model.reference.vmm.memory import GuestMemory
from attorn.spec.errors import BadInput
from tests.model.reference.hopping import PATIENCE, Segments

COMMAND, AT_SECTOR, COUNT, ADDRESS, ADDRESS_HIGH, COMPLETED, SECTORS = range(DISK_WINDOW, DISK_WINDOW + 28, 4)
READ, WRITE = 1, 2
BUSY, DONE, FAILED = 1, 2, 3


@pytest.fixture
def image(tmp_path):
    path = tmp_path / "disk"
    path.write_bytes(b"".join(bytes([n]) * 512 for n in range(8)))
    return path


@pytest.fixture
def memory():
    segments = Segments(1)
    mapped = GuestMemory(segments.ranges())
    yield mapped
    mapped.unmap()
    segments.close()


@pytest.fixture
def disk(image, memory):
    made = Disk(image)
    made.attach(memory)
    made.resume()
    yield made
    made.release()


def ask(disk, command, sector, count, address):
    for register, value in ((AT_SECTOR, sector), (COUNT, count), (ADDRESS, address), (ADDRESS_HIGH, 0)):
        disk.write(register, 4, value)
    disk.write(COMMAND, 4, command)


def test_what_a_guest_writes_to_its_disk_is_in_the_file(disk, image, memory):
    memory.write(0x1000, b"x" * 1024)
    ask(disk, WRITE, 2, 2, 0x1000)
    disk.quiesce()
    assert disk.read(COMMAND, 4) == DONE
    assert image.read_bytes()[1024:2048] == b"x" * 1024
    ask(disk, READ, 7, 1, 0x3000)
    disk.quiesce()
    assert memory.read(0x3000, 512) == bytes([7]) * 512
    assert (disk.read(COMPLETED, 4), disk.read(SECTORS, 4)) == (2, 8)


@pytest.mark.parametrize(
    ("command", "sector", "count", "address"),
    [(READ, 8, 1, 0), (WRITE, 7, 2, 0), (READ, 0, 1, 0x1FFFFF), (READ, 0, 1, 0xFFFFF000), (3, 0, 1, 0)],
)
def test_a_request_that_cannot_be_served_fails(disk, image, command, sector, count, address):
    """Past the end of the disk, past the end of memory, of no known kind: nothing is transferred."""
    before = image.read_bytes()
    ask(disk, command, sector, count, address)
    disk.quiesce()
    assert disk.read(COMMAND, 4) == FAILED
    assert image.read_bytes() == before


def test_one_disk_has_one_holder_at_a_time(disk, image):
    state = disk.capture()
    other = Disk(image)
    with pytest.raises(DiskLocked, match="locked by another VMM"):
        other.restore(state)
    assert not other.locked
    disk.release()
    other.restore(state)
    assert other.locked
    with pytest.raises(DiskLocked):
        disk.resume()
    other.release()


def test_a_released_disk_is_taken_back_with_its_state(disk, memory):
    """A migration that is rolled back after the source has given its disk up."""
    ask(disk, READ, 1, 1, 0)
    disk.quiesce()
    before = disk.capture()
    disk.release()
    disk.resume()
    assert disk.capture() == before
    assert disk.locked


def test_another_disk_is_refused(image, tmp_path):
    """Another file behind the name, another size, another path: what a forged or mixed-up configuration would name."""
    state = describe(image)
    other = tmp_path / "other"
    other.write_bytes(image.read_bytes())
    with pytest.raises(OtherDisk, match="the disk of this VM is"):
        Disk(image).restore(describe(other))
    os.replace(other, image)
    with pytest.raises(OtherDisk, match="Both sides must see one file"):
        Disk(image).restore(state)
    image.unlink()
    with pytest.raises(OtherDisk, match="cannot be opened"):
        Disk(image).restore(state)


def test_a_request_given_up_is_issued_again_where_the_disk_goes_on(image, memory):
    source, target = (Disk(image, Quiescing.CARRY, latency=PATIENCE) for _ in range(2))
    source.attach(memory)
    source.resume()
    memory.write(0, b"y" * 512)
    ask(source, WRITE, 3, 1, 0)
    source.quiesce()
    state = source.capture()
    assert state.in_flight == DiskRequest(command=WRITE, sector=3, count=1, address=0)
    assert (state.status, state.completed) == (BUSY, 0)
    assert image.read_bytes()[1536] == 3
    source.release()
    target = Disk(image, Quiescing.DRAIN)
    target.attach(memory)
    target.restore(state)
    target.resume()
    target.quiesce()
    assert (target.capture().status, target.capture().completed) == (DONE, 1)
    assert image.read_bytes()[1536:2048] == b"y" * 512
    target.release()


def test_a_state_of_another_kind_is_refused(image):
    with pytest.raises(OtherDevice, match="SerialState where this VM's devices want a DiskState"):
        Disk(image).restore(SerialState())
    with pytest.raises(OtherDevice):
        Timer().restore(DiskState(path="", device=0, inode=0, sectors=0))


class Clock:
    """A monotonic clock that a test sets."""

    def __init__(self, monkeypatch):
        self.now = 1_000_000_000
        monkeypatch.setattr("time.monotonic_ns", lambda: self.now)

    def pass_microseconds(self, count):
        self.now += count * 1000


EXPIRED, ELAPSED = TIMER_PORT + 4, TIMER_PORT + 12


def test_a_timer_stands_while_its_vm_is_suspended(monkeypatch):
    """Hand count: 2500 µs pass before, 700 after; the 10 s between are nobody's. The period is 1000."""
    clock = Clock(monkeypatch)
    source, target = Timer(), Timer()
    source.resume()
    source.write(TIMER_PORT, 4, 1000)
    clock.pass_microseconds(2500)
    assert source.read(EXPIRED, 4) == 2
    source.quiesce()
    clock.pass_microseconds(10_000_000)
    target.restore(source.capture())
    clock.pass_microseconds(10_000_000)
    target.resume()
    assert target.read(EXPIRED, 4) == 0
    clock.pass_microseconds(700)
    assert target.read(ELAPSED, 4) == 3200
    assert target.read(EXPIRED, 4) == 1


def test_expirations_that_were_not_read_cross(monkeypatch):
    clock = Clock(monkeypatch)
    source, target = Timer(), Timer()
    source.resume()
    source.write(TIMER_PORT, 4, 100)
    clock.pass_microseconds(350)
    source.quiesce()
    assert source.capture() == TimerState(elapsed=350_000, deadline=400_000, period=100_000, expired=3)
    target.restore(source.capture())
    target.resume()
    assert target.read(EXPIRED, 4) == 3
    assert target.read(EXPIRED, 4) == 0


def test_a_console_goes_on_in_the_same_file(tmp_path):
    source, target = (Serial(tmp_path / "console") for _ in range(2))
    for device, letters in ((source, b"ab\nc"), (target, b"d\n")):
        if device is target:
            target.restore(source.capture())
            source.release()
        device.resume()
        for letter in letters:
            device.write(SERIAL_PORT, 1, letter)
    assert (tmp_path / "console").read_bytes() == b"ab\ncd\n"
    assert (source.told, target.told) == ("ab", "d")
    assert target.capture().sent == 6
    target.release()


def test_what_was_typed_and_not_read_crosses():
    source, target = Serial(), Serial()
    source.type(b"xyz")
    assert source.read(SERIAL_PORT, 1) == ord("x")
    source.write(SERIAL_PORT + 7, 1, 0x5A)
    target.restore(source.capture())
    assert target.read(SERIAL_PORT + 5, 1) & 1
    assert [target.read(SERIAL_PORT, 1) for _ in range(3)] == [ord("y"), ord("z"), 0]
    assert not target.read(SERIAL_PORT + 5, 1) & 1
    assert target.read(SERIAL_PORT + 7, 1) == 0x5A


def test_where_nothing_answers_a_bus_gives_ones():
    bus = Bus([Serial()])
    assert (bus.port_in(0x80, 1), bus.port_in(0x80, 4), bus.load(DISK_WINDOW, 8)) == (0xFF, 0xFFFFFFFF, (1 << 64) - 1)
    bus.port_out(0x80, 1, 0)
    bus.store(DISK_WINDOW, 4, 0)


def test_two_devices_do_not_share_a_port():
    with pytest.raises(BadInput, match="both answer at 0x3f8"):
        Bus([Serial(), Serial()])


def test_a_guest_ends_with_the_code_that_it_gives():
    with pytest.raises(PowerOff) as end:
        Bus([]).port_out(0x604, 4, 7)
    assert end.value.code == 7
