"""The 512 bytes of FXSAVE (AMD64 APM vol. 2, 11.4.4), in 64-bit format."""

from __future__ import annotations

import struct

from attorn.model.reference.vmm.cpu_state import FloatingPoint

__all__ = ["from_fxsave", "to_fxsave"]

_HEADER = struct.Struct("<HHBxHQQI4x")
SIZE, ST, XMM = 512, 32, 160


def to_fxsave(state: FloatingPoint) -> bytes:
    """Lay the x87 and SSE registers out as FXSAVE does."""
    area = bytearray(SIZE)
    _HEADER.pack_into(
        area, 0, state.control, state.status, state.tags, state.opcode, state.instruction, state.operand, state.mxcsr
    )
    for number, value in enumerate(state.st):
        area[ST + 16 * number : ST + 16 * number + 10] = value
    for number, value in enumerate(state.xmm):
        area[XMM + 16 * number : XMM + 16 * number + 16] = value
    return bytes(area)


def from_fxsave(area: bytes) -> FloatingPoint:
    """Read the x87 and SSE registers from an FXSAVE area."""
    control, status, tags, opcode, instruction, operand, mxcsr = _HEADER.unpack_from(area)
    st = [bytes(area[at : at + 10]) for at in range(ST, XMM, 16)]
    return FloatingPoint(
        control=control,
        status=status,
        tags=tags,
        opcode=opcode,
        instruction=instruction,
        operand=operand,
        mxcsr=mxcsr,
        st=(st[0], st[1], st[2], st[3], st[4], st[5], st[6], st[7]),
        xmm=tuple(bytes(area[at : at + 16]) for at in range(XMM, XMM + 256, 16)),
    )
