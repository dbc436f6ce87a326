"""The further parts of protocols: alone, together, and what each of their properties rejects."""

from __future__ import annotations

from dataclasses import replace

import pytest

from attorn.checker.expected import Standing, judge
from attorn.model.hazards import Change
from attorn.model.hazards.bases import FIRMWARE, WAITING, having
from attorn.model.hazards.changes import blind
from attorn.model.hazards.hazard import SMALLEST
from attorn.model.parts import PARTS
from attorn.model.protocol import Devices, Part, Protocol
from attorn.model.variants import build
from attorn.spec.configuration import DamagedConfiguration
from attorn.spec.devices import Iommu, WritesInFlight
from attorn.spec.handover import Arrival, Handover, Message
from attorn.spec.language import Instance, Machine, action
from attorn.spec.recovery import non_interference
from attorn.spec.vocabulary import NONE, VM, Address, Segment


def standing(protocol: Protocol, change: Change, name: str, add: tuple[object, ...] = (), **sizes: int) -> Standing:
    """What becomes of a change that a property is expected to reject."""
    machine = build(protocol).variant("without", add=add)  # type: ignore[arg-type]

    def small(wanted: Machine) -> Instance:
        return Instance.of(wanted, wanted.name, **{**SMALLEST, **sizes})

    return judge(small(machine), small(change.apply(machine, "with")), name).standing


def test_there_is_an_addition_for_every_part() -> None:
    assert set(PARTS) == set(Part)


def test_all_parts_can_be_together() -> None:
    alone = build(FIRMWARE)
    together = build(replace(FIRMWARE, devices=Devices.LOCK, paused=True, parts=frozenset(Part)))
    steps = {step.name for part in PARTS.values() for step in part.steps}
    assert {each.name for each in together.actions} > {each.name for each in alone.actions} | steps
    fields = {name for part in PARTS.values() for name in part.state.fields}
    assert set(together.state.fields) == fields


def test_a_protocol_without_parts_is_what_it_was() -> None:
    assert build(replace(FIRMWARE, parts=frozenset())).digest == build(FIRMWARE).digest
    assert build(having(FIRMWARE, Part.HOTPLUG)).digest != build(FIRMWARE).digest


@pytest.mark.parametrize("part", Part)
def test_a_part_is_told_in_the_name_of_its_protocol(part: Part) -> None:
    assert having(FIRMWARE, part).name == f"{FIRMWARE.name}/{part.name.lower()}"
    assert having(FIRMWARE, part).choices["parts"] == part.name.lower().replace("_", " ")


def test_devices_that_still_reach_what_was_reassigned_are_seen() -> None:
    change = Change(rewrite={"reassign": blind(Iommu.reaches)})
    assert standing(having(WAITING, Part.IOMMU), change, "iommu_follows_owner") is Standing.FOUND


def test_a_write_in_flight_to_a_suspended_vm_is_seen() -> None:
    change = Change(rewrite={"suspend": blind(WritesInFlight.in_flight)})
    assert standing(having(WAITING, Part.DMA), change, "no_late_dma") is Standing.FOUND


def test_a_migration_that_stops_another_vm_is_seen() -> None:
    def stops_all(s: Handover, vm: VM) -> None:
        s.runs[s.target[vm], lambda other: other != vm] = False

    change = Change(strengthen={"decline": stops_all})
    assert standing(WAITING, change, "non_interference", (non_interference,), VM=2, cancels=1) is Standing.FOUND


@action(party="fault")
def believe(s: DamagedConfiguration, vm: VM, segment: Segment, address: Address) -> None:
    """A configuration that names a segment of somebody else is believed."""
    s.require(s.sent[vm, Message.CONFIG], s.arrival[vm] == Arrival.NOTHING, ~s.holds[vm, segment], s.damages > 0)
    s.damages = s.damages - 1
    s.sent[vm, Message.CONFIG] = False
    s.arrival[vm] = Arrival.RECEIVED
    s.described[vm, segment] = address
    s.taken[vm, lambda each: (each == segment) | (s.described[vm, each] != NONE)] = True


def test_a_forged_configuration_that_is_believed_moves_what_is_somebody_elses() -> None:
    change = Change(remove=("forge",), add=(believe,))
    protocol = having(WAITING, Part.CHECKED_CONFIGURATION)
    assert standing(protocol, change, "conservation", Segment=2, damages=1) is Standing.FOUND
