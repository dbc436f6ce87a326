"""Messages: a frame is whole or dropped, a request that comes twice is done once, handles never leak."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence

import pytest

from attorn.model.reference.noise import NoiseSetting, Noisy
from attorn.model.reference.refusals import Damaged, NoReply, PeerGone, Refused
from attorn.model.reference.server import Server
from attorn.model.reference.wire import Call, Caller, Channel, Frame, pack, pair, unpack


class Counting:
    """A server in a thread that counts how often it was asked."""

    def __init__(self) -> None:
        self.count = 0
        ours, theirs = pair()
        self.channel = Channel(ours, "the server")
        self._given = os.memfd_create("given")
        self.server = Server("the server", (self.add, self.refuse, self.hand, self.stop))
        self.server.add(theirs, "the test")
        self._thread = threading.Thread(target=self.server.run)
        self._thread.start()

    def add(self, amount: int) -> int:
        """Count."""
        self.count += amount
        return self.count

    def refuse(self) -> None:
        """Refuse."""
        raise Refused("not today.")

    def hand(self) -> tuple[int, list[int]]:
        """Hand out a handle."""
        return 1, [self._given]

    def stop(self) -> None:
        """Stop."""
        self.server.stop()

    def close(self) -> None:
        self.channel.noise = None
        Caller(self.channel, number=1 << 62).call("stop")
        self._thread.join()
        self.channel.close()
        os.close(self._given)


@pytest.fixture
def counting() -> Iterator[Counting]:
    found = Counting()
    yield found
    found.close()


class Fixed:
    """Noise that does one thing to each packet in turn."""

    def __init__(self, *kinds: str) -> None:
        self._kinds = list(kinds)

    def disturb(self, packet: bytes) -> Sequence[bytes]:
        kind = self._kinds.pop(0) if self._kinds else "nothing"
        flipped = bytes([packet[0] ^ 1, *packet[1:]])
        return {"lost": [], "doubled": [packet, packet], "flipped": [flipped], "cut": [packet[:9]]}.get(kind, [packet])


def test_a_packet_that_was_changed_anywhere_is_no_frame() -> None:
    packet = pack(Frame(7, Call("add", {"amount": 3})))
    assert unpack(packet).body == Call("add", {"amount": 3})
    for bit in range(8 * len(packet)):
        changed = bytearray(packet)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(Damaged):
            unpack(bytes(changed))
    for length in range(len(packet)):
        with pytest.raises(Damaged):
            unpack(packet[:length])


@pytest.mark.parametrize(
    "noise", [("lost",), ("flipped",), ("cut",), ("doubled",), ("nothing", "lost"), ("doubled", "lost")]
)
def test_a_request_is_done_once_whatever_happens_to_it_or_its_answer(
    counting: Counting, noise: tuple[str, ...]
) -> None:
    counting.channel.noise = Fixed(*noise)
    caller = Caller(counting.channel, seconds=0.2, attempts=5)
    assert caller.call("add", amount=1) == 1
    assert caller.call("add", amount=1) == 2
    assert counting.count == 2


def test_many_disturbed_messages_are_all_done_once(counting: Counting) -> None:
    noise = Noisy(NoiseSetting(share=0.3, seed=5))
    counting.channel.noise = noise
    caller = Caller(counting.channel, seconds=0.05, attempts=60)
    for number in range(1, 101):
        assert caller.call("add", amount=1) == number
    assert sum(noise.counts.values()) > 40


def test_what_is_refused_says_why_and_wrong_arguments_are_refused_before_anything_is_done(counting: Counting) -> None:
    caller = Caller(counting.channel, seconds=1)
    with pytest.raises(Refused, match="not today"):
        caller.call("refuse")
    with pytest.raises(Refused, match="knows no method `fly`"):
        caller.call("fly")
    for wrong in ({"amount": "1"}, {}, {"amount": 1, "more": 2}):
        with pytest.raises(Refused, match="the server, add"):
            caller.call("add", **wrong)
    assert counting.count == 0


def test_handles_that_nobody_takes_are_closed(counting: Counting) -> None:
    caller = Caller(counting.channel, seconds=0.2, attempts=5)
    before = len(os.listdir("/proc/self/fd"))
    for kind in ("doubled", "flipped", "lost", "cut"):
        counting.channel.noise = Fixed("nothing", kind)
        _, handles = caller.call_for_handles("hand")
        assert len(handles) == 1
        os.close(handles[0])
    counting.channel.noise = None
    assert caller.call("add", amount=1) == 1  # and what came late is gone through
    assert len(os.listdir("/proc/self/fd")) == before


def test_calls_that_are_foreseen_are_made_in_one_message_and_answered_one_by_one(counting: Counting) -> None:
    caller = Caller(counting.channel, seconds=1)
    before = caller.number
    caller.foresee(Call("add", {"amount": 1}), Call("add", {"amount": 2}), Call("refuse"), Call("add", {"amount": 4}))
    assert counting.count == 3, "what comes after a refusal is not done"
    assert (caller.call("add", amount=1), caller.call("add", amount=2)) == (1, 3)
    with pytest.raises(Refused, match="not today"):
        caller.call("refuse")
    assert caller.number == before + 1
    assert caller.call("add", amount=4) == 7


def test_who_thinks_again_after_foreseeing_gets_no_answer_to_something_else(counting: Counting) -> None:
    caller = Caller(counting.channel, seconds=1)
    caller.foresee(Call("add", {"amount": 1}), Call("add", {"amount": 2}))
    assert caller.call("add", amount=1) == 1
    assert caller.call("add", amount=10) == 13, "the second one has been done all the same"
    assert caller.call("add", amount=2) == 15


@pytest.mark.parametrize("noise", [(), ("lost",), ("doubled",), ("nothing", "lost")])
def test_a_call_that_was_begun_is_done_once(counting: Counting, noise: tuple[str, ...]) -> None:
    counting.channel.noise = Fixed(*noise)
    caller = Caller(counting.channel, seconds=0.2, attempts=5)
    caller.begin(Call("add", {"amount": 1}))
    assert caller.call("add", amount=1) == 1
    caller.begin(Call("add", {"amount": 2}))
    assert caller.call("add", amount=5) == 8, "nobody waited for the one before"
    both = Call("add", {"amount": 1}), Call("add", {"amount": 3})
    caller.begin(*both)
    caller.foresee(*both)
    assert (caller.call("add", amount=1), caller.call("add", amount=3)) == (9, 12)


def test_silence_and_death_are_told_apart() -> None:
    ours, theirs = pair()
    caller = Caller(Channel(ours, "the other end"), seconds=0.01, attempts=2)
    with pytest.raises(NoReply, match=r"has not answered `add` within 0.02 s"):
        caller.call("add", amount=1)
    theirs.close()
    with pytest.raises(PeerGone, match="the other end is gone"):
        caller.call("add", amount=1)
    caller.close()
