"""Guest memory: pieces of files side by side, and ranges that are refused."""

import os

import pytest

from attorn.model.reference.vmm.memory import GuestMemory, MemoryRange, Room, UnfitMemory

MIB = 1 << 20


@pytest.fixture
def files():
    opened = []

    def make(size: int) -> int:
        descriptor = os.memfd_create("segment", os.MFD_CLOEXEC)
        os.ftruncate(descriptor, size)
        opened.append(descriptor)
        return descriptor

    yield make
    for descriptor in opened:
        os.close(descriptor)


def test_pieces_of_two_files_are_one_region(files):
    first, second = files(2 * MIB), files(4 * MIB)
    memory = GuestMemory([MemoryRange(second, 2 * MIB, 2 * MIB, 2 * MIB), MemoryRange(first, 0, 2 * MIB, 0)])
    assert [(region.address, region.size) for region in memory.regions] == [(0, 4 * MIB)]
    memory.write(2 * MIB - 2, b"abcd")
    assert os.pread(first, 2, 2 * MIB - 2) == b"ab"
    assert os.pread(second, 2, 2 * MIB) == b"cd"
    memory.unmap()


def test_two_mappings_of_one_file_see_the_same_bytes(files):
    descriptor = files(2 * MIB)
    one, other = (GuestMemory([MemoryRange(descriptor, 0, 2 * MIB, 0x40000000)]) for _ in range(2))
    one.write(0x40000010, b"here")
    assert other.read(0x40000010, 4) == b"here"
    one.unmap()
    assert not one.mapped
    assert other.read(0x40000010, 4) == b"here"
    with pytest.raises(UnfitMemory, match="not mapped here any more"):
        one.read(0x40000010, 4)
    other.unmap()


def test_a_gap_is_not_memory(files):
    descriptor = files(4 * MIB)
    memory = GuestMemory([MemoryRange(descriptor, 0, MIB, 0), MemoryRange(descriptor, MIB, MIB, 3 * MIB)])
    assert memory.size == 2 * MIB
    with pytest.raises(UnfitMemory, match="not all memory of the guest"):
        memory.read(MIB - 1, 2)
    memory.unmap()


@pytest.mark.parametrize(
    ("offset", "size", "address", "complaint"),
    [
        (0, 4096, 4095, "multiples of 4096"),
        (1, 4096, 0, "multiples of 4096"),
        (0, 0, 0, "multiples of 4096"),
        (2 * MIB - 4096, 8192, 0, "past the end of its file"),
    ],
)
def test_ranges_that_do_not_fit_are_refused(files, offset, size, address, complaint):
    descriptor = files(2 * MIB)
    with pytest.raises(UnfitMemory, match=complaint):
        GuestMemory([MemoryRange(descriptor, offset, size, address)])


def test_ranges_that_overlap_are_refused(files):
    descriptor = files(2 * MIB)
    with pytest.raises(UnfitMemory, match="overlaps the memory before it, which ends at 0x200000"):
        GuestMemory([MemoryRange(descriptor, 0, MIB, MIB), MemoryRange(descriptor, MIB, MIB, 2 * MIB - 4096)])


def test_mappings_leave_nothing_behind(files):
    descriptor = files(2 * MIB)

    def mappings() -> int:
        with open("/proc/self/maps") as maps:
            return sum(f" {os.fstat(descriptor).st_ino} " in line for line in maps)

    before = mappings()
    memory = GuestMemory([MemoryRange(descriptor, 0, 2 * MIB, 0)])
    assert mappings() == before + 1
    memory.unmap()
    memory.unmap()
    assert mappings() == before


def test_rooms_do_not_overlap_and_their_places_are_used_again():
    spans = [(0x40000000, 2 * MIB), (0x40200000, MIB)]
    one, other = Room(spans), Room(spans)
    assert [(region.address, region.size) for region in one.regions] == [(0x40000000, 3 * MIB)]
    (first,), (second,) = one.regions, other.regions
    assert first.host + first.size <= second.host
    one.give_up()
    third = Room(spans)
    assert third.regions == one.regions
    other.give_up()
    third.give_up()


def test_memory_is_mapped_in_the_room_for_it_and_in_no_other(files):
    descriptor = files(2 * MIB)
    room = Room([(0, 2 * MIB)])
    with pytest.raises(UnfitMemory, match="not laid out as the room"):
        GuestMemory([MemoryRange(descriptor, 0, MIB, 0)], room)
    memory = GuestMemory([MemoryRange(descriptor, 0, 2 * MIB, 0)], room)
    assert memory.host(0, 1) == room.regions[0].host
    with pytest.raises(OSError, match="File exists"):
        GuestMemory([MemoryRange(descriptor, 0, 2 * MIB, 0)], room)
    assert memory.mapped and memory.read(0, 1) == b"\0", "what is there already is left alone"
    memory.unmap()
    room.give_up()
