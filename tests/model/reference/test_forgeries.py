"""Forged configurations: each kind is refused, by firmware and destination, and nothing is touched, lost or leaked."""

from __future__ import annotations

import os
from collections.abc import Iterator

import msgspec
import pytest

from attorn.model.reference.campaign import suspended_configuration
from attorn.model.reference.configuration import Configuration, decode, encode, schema
from attorn.model.reference.forgery import forgeries
from attorn.model.reference.host import Host, Vm
from attorn.model.reference.inspection import look_over
from attorn.model.reference.refusals import Forged

SMALL = 1 << 16


@pytest.fixture
def suspended() -> Iterator[tuple[Host, Configuration]]:
    """A host with a VM that has just been suspended, beside another VM; and its true configuration."""
    with Host(2, engine="pretend", segments=8, size=SMALL) as host:
        vm = host.create(segments=2)
        host.create(segments=1)
        yield host, suspended_configuration(host, vm)


def open_handles(host: Host) -> list[int]:
    parties = ("firmware", "partition0", "partition1")
    return [len(os.listdir(f"/proc/{host.process_of(party)}/fd")) for party in parties]


def test_every_kind_is_refused_and_nothing_is_touched_lost_or_leaked(suspended: tuple[Host, Configuration]) -> None:
    host, true = suspended
    made = list(forgeries(true, foreign=2, free=3, count=8))
    kinds = [forgery.kind for forgery in made]
    assert [kind for kind in kinds if kinds.count(kind) > 1] == [] and len(kinds) >= 140
    table, reports, handles = msgspec.to_builtins(host.table()), _reports(host), open_handles(host)
    for forgery in made:
        for who, how, extra in (
            (host.firmware, "describe", {"target": "partition1"}),
            (host.links["partition1"], "receive", {}),
        ):
            try:
                who.call(how, vm="vm0", configuration=forgery.content, **extra)
            except Forged as error:
                assert len(str(error)) > 30 and str(error).endswith("."), forgery.kind
            else:
                raise AssertionError(f"{forgery.kind} is accepted by {how}")
    assert msgspec.to_builtins(host.table()) == table
    assert _reports(host) == reports
    assert open_handles(host) == handles
    # And then the VM migrates, as if nothing had been.
    assert host.settle("vm0").at == "partition1"
    host.driver.stop("vm1")
    assert look_over(host, Vm(host, "vm0")) == []


def _reports(host: Host) -> list[object]:
    return [host.links[name].call("report", vm="vm0") for name in host.names]


def test_the_true_configuration_is_accepted_and_its_schema_is_plain_json(
    suspended: tuple[Host, Configuration],
) -> None:
    host, true = suspended
    assert decode(encode(true)) == true
    assert msgspec.json.decode(msgspec.json.encode(schema()))["$ref"] == "#/$defs/Configuration"
    host.firmware.call("describe", vm="vm0", target="partition1", configuration=encode(true))
    host.links["partition1"].call("receive", vm="vm0", configuration=encode(true))
