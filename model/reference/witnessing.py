"""What is seen of a running system after a step, as cells of the model's state: by the firmware, /proc and reports."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from attorn.model.protocol import Devices, Memory, Protocol
from attorn.model.reference.grants import Grant, VmView
from attorn.model.reference.slots import Report
from attorn.spec.handover import Message, Outcome
from attorn.spec.language.values import Value
from attorn.spec.vocabulary import Phase, Resource

__all__ = ["Words", "seen", "segment_name"]


def segment_name(number: int) -> str:
    """A segment as the model names it."""
    return f"segment{number}"


class Words:
    """Names for what segments hold, so that equal contents are one word of the model, and zeros are ``zero``.

    last: the word that each segment was last known to hold.
    """

    def __init__(self, size: int) -> None:
        self._zeros = hashlib.blake2b(bytes(size), digest_size=8).hexdigest()
        self.last: dict[int, str] = {}

    def word(self, digest: str) -> str:
        """The word of a digest; whoever asks gets the same."""
        return "zero" if digest == self._zeros else f"word{1 + int(digest[:10], 16)}"


def seen(
    vm: str,
    view: VmView | None,
    reports: Mapping[str, Report | None],
    sent: frozenset[Message],
    words: Words | None,
    whole: bool,
    protocol: Protocol,
) -> dict[str, Value]:
    """Cells of the state of one VM.

    reports: by partition; None for one that does not live.  words: None when contents are not looked at.
    whole:   whether every partition has a report.
    """
    cells: dict[str, Value] = {f"sent[{vm}, {message.name}]": message in sent for message in Message}
    for partition, report in reports.items():
        cells[f"up[{partition}]"] = report is not None
        if report is not None:
            cells |= _of_partition(vm, partition, report)
    if whole and protocol.devices is Devices.LOCK:
        holders = [name for name, report in reports.items() if report is not None and report.locked]
        cells[f"lock[{vm}]"] = holders[0] if holders else None
    if view is None:
        return cells
    grant = view.grant
    source = reports.get(grant.source)
    if source is not None and source.phase is not Phase.ABSENT:
        cells |= {
            # It is described when that is durable, whether or not the source has heard so yet.
            f"phase[{vm}]": "DESCRIBED" if source.phase is Phase.SUSPENDED and grant.intent else source.phase.name,
            f"aborting[{vm}]": source.aborting,
            f"heard[{vm}]": source.heard,
            f"target[{vm}]": source.target,
        }
        # A VMM that has just become the source has told nobody anything yet; what the last one told, stands.
        if source.phase is not Phase.RUNNING or source.told is not Outcome.OPEN:
            cells[f"told[{vm}]"] = source.told.name
    for partition, report in reports.items():
        if report is not None and partition == (source.target if source else grant.target) != grant.source:
            cells[f"arrival[{vm}]"] = report.arrival.name
    cells[f"source[{vm}]"] = grant.source
    if protocol.memory is not Memory.SHARED:
        cells |= {f"intent[{vm}]": grant.intent, f"entered[{vm}]": grant.entered}
    cells |= _of_segments(grant, view, reports, words)
    return cells


def _of_partition(vm: str, partition: str, report: Report) -> dict[str, Value]:
    cells: dict[str, Value] = {f"runs[{partition}, {vm}]": report.status.running}
    cells |= {f"resources[{partition}, {vm}, {kind.name}]": report.resources for kind in Resource}
    return cells


def _of_segments(
    grant: Grant, view: VmView, reports: Mapping[str, Report | None], words: Words | None
) -> dict[str, Value]:
    cells: dict[str, Value] = {}
    for each, owner in zip(grant.segments, grant.owners, strict=True):
        name = segment_name(each.segment)
        cells[f"owner[{name}]"] = owner
        cells[f"holds[{grant.vm}, {name}]"] = True
        for partition, report in reports.items():
            if report is not None:
                cells[f"mapped[{partition}, {name}]"] = _address(view.mapped.get(partition, {}), each.segment, grant)
        if view.described is not None and grant.intent:
            cells[f"described[{grant.vm}, {name}]"] = _address(view.described, each.segment, grant)
        if words is not None and each.segment in view.digests:
            cells[f"content[{name}]"] = words.word(view.digests[each.segment])
    return cells


def _address(places: Mapping[int, int], segment: int, grant: Grant) -> str | None:
    """The guest address of a segment as the model names it; None where it has none."""
    return f"address{places[segment] // grant.size}" if segment in places else None
