"""The further parts that a protocol may have, by name, and what each adds to its machine."""

from __future__ import annotations

from attorn.model.addition import Addition
from attorn.model.channel import DUPLICATION
from attorn.model.configuration import CHECKED_CONFIGURATION, HOTPLUG, LIMITED_CONFIGURATION, VERSIONS
from attorn.model.devices import CACHES, DMA, IOMMU
from attorn.model.disks import DISK_CACHE, DISKS, OFFERED_LOCK, THIEF
from attorn.model.failing import FAILING_STEPS, REFUSALS
from attorn.model.firmware import FAILING_FIRMWARE
from attorn.model.guest import GUEST_EVENTS, QUIESCING
from attorn.model.kept_memory import KEYS, PAGE_RECORDS, SCRATCH, SESSIONS
from attorn.model.manager import MANAGER, PORTS
from attorn.model.protocol import Part

__all__ = ["PARTS"]

PARTS: dict[Part, Addition] = {
    Part.DMA: DMA,
    Part.CACHES: CACHES,
    Part.IOMMU: IOMMU,
    Part.DISKS: DISKS,
    Part.DISK_CACHE: DISK_CACHE,
    Part.THIEF: THIEF,
    Part.OFFERED_LOCK: OFFERED_LOCK,
    Part.MANAGER: MANAGER,
    Part.PORTS: PORTS,
    Part.VERSIONS: VERSIONS,
    Part.CHECKED_CONFIGURATION: CHECKED_CONFIGURATION,
    Part.LIMITED_CONFIGURATION: LIMITED_CONFIGURATION,
    Part.HOTPLUG: HOTPLUG,
    Part.SESSIONS: SESSIONS,
    Part.PAGE_RECORDS: PAGE_RECORDS,
    Part.SCRATCH: SCRATCH,
    Part.KEYS: KEYS,
    Part.GUEST_EVENTS: GUEST_EVENTS,
    Part.QUIESCING: QUIESCING,
    Part.FAILING_FIRMWARE: FAILING_FIRMWARE,
    Part.DUPLICATION: DUPLICATION,
    Part.REFUSALS: REFUSALS,
    Part.FAILING_STEPS: FAILING_STEPS,
}
