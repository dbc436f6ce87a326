"""Firmware that may fail: what it keeps, and how often it may die."""

from __future__ import annotations

from attorn.spec.handover import Handover
from attorn.spec.language import Budget, Counter, Relation, Variable
from attorn.spec.vocabulary import VM

__all__ = ["FIRMWARE_CRASHES", "FailingFirmware"]

FIRMWARE_CRASHES = Budget("firmware_crashes", "How often the firmware may crash.")


class FailingFirmware(Handover):
    """The table of owners lies in the firmware's memory and is lost with it; marks and log are durable.

    VMMs go on while the firmware is down: what is mapped stays mapped, and guests execute.
    """

    serving = Variable(bool, says="the firmware is alive")
    lost = Relation(VM, says="the firmware does not know any more whose the segments of the migrating VM are")
    firmware_crashes = Counter(FIRMWARE_CRASHES, says="crashes of the firmware that may still happen")
