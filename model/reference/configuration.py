"""The extended configuration: all that a destination needs to go on with a VM, as checked bytes.

The bytes are magic, version, length and a BLAKE2b digest, then MessagePack with the shape of ``Configuration``. The
checksum tells damage from intent, not truth: ``validation`` compares what is said with the firmware's table.
"""

from __future__ import annotations

import hashlib
import struct
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from attorn.model.reference.devices.states import DeviceState
from attorn.model.reference.refusals import Forged
from attorn.model.reference.vmm.cpu_state import CpuRequirements, CpuState

__all__ = ["VERSION", "Configuration", "SegmentDescription", "decode", "encode", "schema"]

MAGIC, VERSION = b"ATRNconf", 1
HEADER = struct.Struct("<8sHxxI32s")
LARGEST = 4 << 20
Name = Annotated[str, Meta(min_length=1, max_length=64)]
Count = Annotated[int, Meta(ge=0, le=(1 << 63) - 1)]


class SegmentDescription(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One segment: its number in the firmware's table, its bytes, and the guest address of the first of them."""

    segment: Count
    size: Annotated[int, Meta(gt=0, le=(1 << 63) - 1)]
    guest_address: Count


class Configuration(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What crosses from source to destination, once for each migration.

    epoch:  which migration of this VM; the firmware counts them, and refuses what is old.
    paused: whether the operator had paused the VM; it is not set running then.
    """

    vm: Name
    epoch: Count
    source: Name
    target: Name
    requirements: CpuRequirements
    segments: tuple[SegmentDescription, ...]
    cpu: CpuState
    devices: tuple[DeviceState, ...] = ()
    paused: bool = False


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Configuration)


def encode(configuration: Configuration) -> bytes:
    """The configuration as the bytes that cross."""
    return seal(_encoder.encode(configuration))


def seal(body: bytes, version: int = VERSION) -> bytes:
    """Put the header in front of a body, whatever the body says."""
    return HEADER.pack(MAGIC, version, len(body), _digest(body)) + body


def decode(content: bytes) -> Configuration:
    """The configuration in some bytes; raises Forged when they are damaged, of another version, or of no such shape."""
    if len(content) > LARGEST:
        raise Forged(f"a configuration of {len(content):,} bytes is larger than {LARGEST:,}.")
    if len(content) < HEADER.size:
        raise Forged(f"a configuration of {len(content)} bytes is shorter than its header of {HEADER.size}.")
    magic, version, length, digest = HEADER.unpack_from(content)
    body = content[HEADER.size :]
    if magic != MAGIC:
        raise Forged(f"a configuration starts with {magic!r}; expected {MAGIC!r}.")
    if version != VERSION:
        raise Forged(f"a configuration has version {version}; this VMM reads version {VERSION}.")
    if length != len(body):
        raise Forged(f"a configuration says that {length} bytes follow its header; {len(body)} do.")
    if digest != _digest(body):
        raise Forged("a configuration's checksum is not that of its body: it was damaged on its way.")
    try:
        return _decoder.decode(body)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise Forged(f"a configuration is not of the shape expected: {error}.") from None


def schema() -> dict[str, Any]:
    """The JSON Schema of a configuration's body."""
    return msgspec.json.schema(Configuration)


def _digest(body: bytes) -> bytes:
    return hashlib.blake2b(body, digest_size=32).digest()
