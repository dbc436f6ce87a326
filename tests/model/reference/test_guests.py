"""The guests: their bytes are what their source says, they compute what they should, and hop between VMMs unharmed."""

from dataclasses import replace
from decimal import Decimal, localcontext

import pytest

from attorn.model.reference.guests.assembling import assemble
from attorn.model.reference.guests.guest import GUESTS, guest_named
from attorn.model.reference.vmm.engine import Stop
from attorn.spec.errors import BadInput, UnknownName
from tests.model.reference.hopping import ENGINE, Hopper, engine_or_skip

# So much work between two lines that no engine takes long for it.
QUICKLY = {"cpu": {"terms": 4}, "disk": {"terms": 4}, "flat": {"stride": 65536 + 64}}
PAIRS = [("kvm", "kvm"), ("kvm", "unicorn"), ("unicorn", "unicorn")]


def made(name, tmp_path, **changes):
    """A guest with a console, as fast as it can be, and with a disk where it needs one."""
    guest = replace(GUESTS[name], console=tmp_path / "console", pace=0, **changes)
    if name == "disk":
        disk = tmp_path / "disk"
        disk.write_bytes(bytes(64 * 512))
        guest = replace(guest, disk=disk)
    return guest


@pytest.mark.parametrize("name", GUESTS)
def test_the_bytes_are_what_the_source_says(name):
    """``python -m attorn.model.reference.guests.assembling`` writes them again."""
    pytest.importorskip("keystone", reason="needs keystone-engine")
    assert assemble(name, GUESTS[name].mode) == GUESTS[name].code


@pytest.mark.parametrize("engine", ENGINE)
def test_the_digits_are_those_of_e(engine, tmp_path):
    """By the exponential function of Python's decimal module."""
    with localcontext() as context:
        context.prec = 210
        digits = str(Decimal(1).exp()).replace(".", "")[1:201]
    with Hopper(made("e", tmp_path, terms=150), engine) as vm:
        vm.start()
        lines = vm.printed(4)
    assert lines[0] == "e = 2."
    assert "".join(line.split()[1] for line in lines[1:4]) == digits[:150]
    assert [int(line.split()[0]) for line in lines[1:4]] == [0, 50, 100]


@pytest.mark.parametrize("name", GUESTS)
@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
def test_a_guest_hops_unharmed(name, pair, tmp_path):
    """There and back, five times; every line is printed once, none is missing, and no witness complains."""
    engine_or_skip(*pair)
    with Hopper(made(name, tmp_path, **QUICKLY.get(name, {})), pair[0]) as vm:
        vm.start()
        for hop in range(10):
            vm.hop(pair[(hop + 1) % 2])
            vm.wait_for(lambda: vm.engine.first_effect_ns is not None)
        lines = vm.printed(1)
    if name != "e":
        assert [int(line.split()[1]) for line in lines] == [
            vm.guest.terms * (n + 1) if name in ("cpu", "disk") else n + 1 for n in range(len(lines))
        ]


@pytest.mark.parametrize("engine", ENGINE)
def test_a_guest_needs_memory_from_zero_on(engine, tmp_path):
    with Hopper(made("memory", tmp_path), engine) as vm:
        vm.engine.detach()
        only = vm.segments.ranges()[1]
        with pytest.raises(BadInput, match="starts at guest address 0"):
            vm.guest.boot(vm.engine.attach([only]))


def test_options_of_a_guest_come_as_text(tmp_path):
    guest = guest_named("disk", {"disk": str(tmp_path / "disk"), "terms": "3", "quiescing": "carry"})
    assert (guest.disk, guest.terms, guest.quiescing.name) == (tmp_path / "disk", 3, "CARRY")


@pytest.mark.parametrize(
    ("name", "options", "complaint", "error"),
    [
        ("ghost", {}, "no guest 'ghost'", UnknownName),
        ("e", {"colour": "1"}, "no option 'colour'", UnknownName),
        ("e", {"pace": "fast"}, "is a number", BadInput),
        ("e", {"quiescing": "drop"}, "drain or carry", BadInput),
        ("disk", {}, "needs a disk", BadInput),
    ],
)
def test_options_that_cannot_be_are_refused(name, options, complaint, error):
    with pytest.raises(error, match=complaint):
        guest_named(name, options)


@pytest.mark.slow
@pytest.mark.parametrize("name", GUESTS)
@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
def test_a_guest_hops_a_thousand_times_unharmed(name, pair, tmp_path):
    engine_or_skip(*pair)
    with Hopper(made(name, tmp_path), pair[0]) as vm:
        vm.start()
        for hop in range(1000):
            vm.hop(pair[(hop + 1) % 2])
        vm.printed(1)
        assert vm.suspend().stop is Stop.SUSPENDED
