"""What happens to messages on a bad day: they are lost, doubled, delayed, cut short, or have a bit flipped."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence

import msgspec

__all__ = ["KINDS", "NoiseSetting", "Noisy"]

KINDS = ("lost", "doubled", "delayed", "truncated", "flipped")


class NoiseSetting(msgspec.Struct, frozen=True, kw_only=True):
    """How often packets are disturbed, of all that are sent, and the seed by which that is drawn."""

    share: float
    seed: int


class Noisy:
    """Disturbs packets; a delayed one comes after the next, which is what a delay is to whoever numbers them."""

    def __init__(self, setting: NoiseSetting) -> None:
        self._random = random.Random(setting.seed)
        self._share = setting.share
        self._late: list[bytes] = []
        self.counts: Counter[str] = Counter()

    def disturb(self, packet: bytes) -> Sequence[bytes]:
        """The packets that arrive in its place."""
        late, self._late = self._late, []
        if self._random.random() >= self._share:
            return [packet, *late]
        kind = self._random.choice(KINDS)
        self.counts[kind] += 1
        if kind == "lost":
            return late
        if kind == "doubled":
            return [packet, packet, *late]
        if kind == "delayed":
            self._late = [packet]
            return late
        damaged = bytearray(packet)
        if kind == "truncated":
            return [bytes(damaged[: self._random.randrange(1, len(damaged))]), *late]
        at = self._random.randrange(8 * len(damaged))
        damaged[at // 8] ^= 1 << at % 8
        return [bytes(damaged), *late]
