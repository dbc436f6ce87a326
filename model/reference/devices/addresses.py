"""Where devices answer, on the board that every guest runs on."""

from __future__ import annotations

__all__ = ["DISK_WINDOW", "POWER_PORT", "SERIAL_PORT", "TIMER_PORT"]

SERIAL_PORT, POWER_PORT, TIMER_PORT = 0x3F8, 0x604, 0x4E0
DISK_WINDOW = 64 << 30
"""The guest-physical address of the disk's registers; memory ends below."""
