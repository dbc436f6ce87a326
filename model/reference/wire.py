"""Messages between processes: checked frames over Unix sockets, with handles of memory.

A frame is one packet of a SOCK_SEQPACKET socket: magic, version, length, number, MessagePack, CRC-32. A frame that
is not whole is dropped, with its handles closed, and asked for again; a request that comes twice is done once.
"""

from __future__ import annotations

import array
import contextlib
import os
import socket
import struct
import time
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import msgspec

from attorn.model.reference.refusals import Damaged, Forged, NoReply, NoSuchVm, PeerGone, Refused

__all__ = ["HANDLES", "Call", "Caller", "Channel", "Frame", "Noise", "Reply", "close_all", "connect", "listen", "pair"]

HANDLES = 253
"""How many handles one message may carry: Linux's SCM_MAX_FD."""

LIMIT = 4 << 20
SO_SNDBUFFORCE = 32  # for root; Python does not name it
HEADER = struct.Struct("<4sHHIQ")
CHECKSUM = struct.Struct("<I")
MAGIC, VERSION = b"ATRN", 1


class Call(msgspec.Struct, tag="call", frozen=True, omit_defaults=True):
    """A request: which method, and its arguments by name.

    then: what is to be done next, if nothing was refused; methods that hand out no handles.
    """

    method: str
    arguments: dict[str, Any] = {}
    then: tuple[Call, ...] = ()


class Reply(msgspec.Struct, tag="reply", frozen=True, omit_defaults=True):
    """An answer: a result, or why it was refused, and who is gone if that is why.

    then: the answers to what was to be done next, as far as that came.
    """

    result: Any = None
    refused: str = ""
    kind: str = ""
    gone: str = ""
    then: tuple[Reply, ...] = ()


@dataclass(frozen=True)
class Frame:
    """A message with its number and the handles that came with it; whoever receives it owns the handles."""

    number: int
    body: Call | Reply
    handles: tuple[int, ...] = ()


class Noise(Protocol):
    """What may happen to a packet on its way: it becomes none, one or several packets, perhaps other ones."""

    def disturb(self, packet: bytes) -> Sequence[bytes]:
        """The packets that arrive in its place."""
        ...


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Call | Reply).decode


def pack(frame: Frame) -> bytes:
    """A frame as the bytes of one packet."""
    body = _encode(frame.body)
    content = HEADER.pack(MAGIC, VERSION, 0, len(body), frame.number) + body
    return content + CHECKSUM.pack(zlib.crc32(content))


def unpack(packet: bytes, handles: tuple[int, ...] = ()) -> Frame:
    """The frame in a packet; raises Damaged when it is not exactly what was packed."""
    if len(packet) < HEADER.size + CHECKSUM.size:
        raise Damaged(f"a packet of {len(packet)} bytes is shorter than any frame.")
    content = packet[: -CHECKSUM.size]
    if CHECKSUM.pack(zlib.crc32(content)) != packet[-CHECKSUM.size :]:
        raise Damaged(f"a packet of {len(packet)} bytes is not what was sent.")
    magic, version, flags, length, number = HEADER.unpack_from(content)
    if (magic, version, flags) != (MAGIC, VERSION, 0):
        raise Damaged(f"a packet starts with {magic!r}, version {version}; expected {MAGIC!r}, version {VERSION}.")
    body = content[HEADER.size :]
    if length != len(body):
        raise Damaged(f"packet {number} says that {length} bytes follow; {len(body)} do.")
    try:
        return Frame(number, _decode(body), handles)
    except msgspec.DecodeError as error:
        raise Damaged(f"the body of packet {number} is no message: {error}.") from None


def close_all(handles: Iterable[int]) -> None:
    """Close handles that nobody wants."""
    for handle in handles:
        os.close(handle)


class Channel:
    """One end of a connection that carries whole frames."""

    def __init__(self, connection: socket.socket, peer: str, noise: Noise | None = None) -> None:
        self.socket = connection
        self.peer = peer
        self.noise = noise
        self.damaged = 0
        self._peeked = bytearray(1)
        for option in (SO_SNDBUFFORCE, socket.SO_SNDBUF):
            with contextlib.suppress(OSError):
                connection.setsockopt(socket.SOL_SOCKET, option, LIMIT)
                break

    def send(self, frame: Frame) -> None:
        """Send one frame with its handles, which stay the sender's; raises PeerGone."""
        packet = pack(frame)
        if len(packet) > LIMIT:
            raise Refused(f"a message of {len(packet):,} bytes is larger than {LIMIT:,}; ask for less at once.")
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", frame.handles))] if frame.handles else []
        try:
            for each in [packet] if self.noise is None else self.noise.disturb(packet):
                self.socket.sendmsg([each], rights)
        except (BrokenPipeError, ConnectionResetError, OSError) as error:
            if isinstance(error, OSError) and error.errno == 90:  # EMSGSIZE
                raise Refused(f"a message of {len(packet):,} bytes does not fit the socket's buffer.") from None
            raise PeerGone(self.peer) from None

    def receive(self, seconds: float | None = None) -> Frame | None:
        """The next whole frame, or None when none comes in time; raises PeerGone at the end of the connection."""
        deadline = None if seconds is None else time.monotonic() + seconds
        while True:
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                return None
            self.socket.settimeout(left)
            try:
                # How long it is, first: room for the largest would cost more than all else of a message.
                size = self.socket.recv_into(self._peeked, 1, socket.MSG_PEEK | socket.MSG_TRUNC)
                packet, rights, flags, _ = self.socket.recvmsg(size, socket.CMSG_SPACE(4 * HANDLES))
            except TimeoutError:
                return None
            except (ConnectionResetError, OSError):
                raise PeerGone(self.peer) from None
            handles = _handles(rights)
            if not packet:
                close_all(handles)
                raise PeerGone(self.peer)
            if self.noise is not None:
                arrived = self.noise.disturb(packet)
                if not arrived:
                    close_all(handles)
                    continue
                packet = arrived[0]  # one that comes twice, or late, would be told by its number and dropped
            try:
                if flags & (socket.MSG_CTRUNC | socket.MSG_TRUNC):
                    raise Damaged("a packet was cut short on arrival.")
                return unpack(packet, handles)
            except Damaged:
                close_all(handles)
                self.damaged += 1

    def close(self) -> None:
        """Close this end."""
        self.socket.close()


def _handles(rights: Iterable[tuple[int, int, bytes]]) -> tuple[int, ...]:
    found = array.array("i")
    for level, kind, data in rights:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            found.frombytes(data[: len(data) - len(data) % found.itemsize])
    return tuple(found)


def pair() -> tuple[socket.socket, socket.socket]:
    """Two connected ends."""
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)


def listen(path: Path) -> socket.socket:
    """A socket on which a server takes connections; a dead one at the same path is replaced."""
    path.unlink(missing_ok=True)
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    listening.bind(str(path))
    listening.listen(64)
    return listening


def connect(path: Path, peer: str) -> Channel:
    """A connection to the server that listens at a path; raises PeerGone where none does."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    try:
        connection.connect(str(path))
    except OSError:
        connection.close()
        raise PeerGone(peer) from None
    return Channel(connection, peer)


_REFUSALS: Mapping[str, type[Refused]] = {"Refused": Refused, "Forged": Forged, "NoSuchVm": NoSuchVm}


@dataclass
class Caller:
    """The asking end: numbers its requests, asks again when no answer comes, and takes each answer once."""

    channel: Channel
    seconds: float = 10.0
    attempts: int = 3
    number: int = field(default_factory=lambda: int.from_bytes(os.urandom(4), "little") << 20)
    _ahead: list[tuple[Call, Reply]] = field(default_factory=list)
    _begun: Call | None = None

    def begin(self, *calls: Call) -> None:
        """Send the call that will be made next, or those that will be foreseen next, and do not wait for the answer.

        Where another one is made next, or none, they have been made all the same, and nobody has seen the answer.
        """
        self.number += 1
        self._begun = _together(calls)
        self.channel.send(Frame(self.number, self._begun))

    def has_begun(self, *calls: Call) -> bool:
        """Whether these were begun, and nothing else has been asked since."""
        return self._begun == _together(calls)

    def foresee(self, *calls: Call) -> None:
        """Have several calls made in one message, up to the first that is refused; each is answered when it is made.

        Who then makes another one has thought again: what was foreseen has happened all the same, and its answers are
        dropped.
        """
        reply, handles = self._ask(_together(calls), ())
        close_all(handles)
        self._ahead = list(zip(calls, (msgspec.structs.replace(reply, then=()), *reply.then), strict=False))

    def call(self, method: str, /, **arguments: Any) -> Any:
        """The result of a method that hands out no handles; raises Refused, PeerGone or NoReply."""
        result, handles = self.call_for_handles(method, **arguments)
        close_all(handles)
        return result

    def call_for_handles(
        self, method: str, /, given: tuple[int, ...] = (), **arguments: Any
    ) -> tuple[Any, tuple[int, ...]]:
        """The result of a method and the handles that came with it, which are now the caller's.

        given: handles that go with the request.
        """
        if self._ahead:
            foreseen, reply = self._ahead.pop(0)
            if foreseen == Call(method, arguments):
                return _result(reply), ()
            self._ahead.clear()
        reply, handles = self._ask(Call(method, arguments), given)
        try:
            return _result(reply), handles
        except BaseException:
            close_all(handles)
            raise

    def _ask(self, call: Call, given: tuple[int, ...]) -> tuple[Reply, tuple[int, ...]]:
        begun, self._begun = self._begun == call, None
        if not begun:
            self.number += 1
        request = Frame(self.number, call, given)
        for attempt in range(self.attempts):
            if attempt or not begun:
                self.channel.send(request)
            deadline = time.monotonic() + self.seconds
            while (left := deadline - time.monotonic()) > 0:
                frame = self.channel.receive(left)
                if frame is None:
                    break
                if frame.number != self.number or not isinstance(frame.body, Reply):
                    close_all(frame.handles)  # the answer to an earlier question, come late or twice
                    continue
                return frame.body, frame.handles
        raise NoReply(self.channel.peer, call.method, self.seconds * self.attempts)

    def close(self) -> None:
        """Close the connection."""
        self.channel.close()


def _together(calls: Sequence[Call]) -> Call:
    first, *others = calls
    return Call(first.method, first.arguments, tuple(others))


def _result(reply: Reply) -> Any:
    if reply.gone:  # the other end needed somebody who has died
        raise PeerGone(reply.gone)
    if reply.refused:
        raise _REFUSALS.get(reply.kind, Refused)(reply.refused)
    return reply.result
