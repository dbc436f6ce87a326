"""A durable journal: records appended to a file, each checked, each on disk before it counts."""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Generic, TypeVar

import msgspec

from attorn.model.reference.refusals import Damaged

__all__ = ["Journal"]

MAGIC = b"attorn journal 1\n"
HEADER = struct.Struct("<IIQ")
Record = TypeVar("Record", bound=msgspec.Struct)


class Journal(Generic[Record]):
    """Records of one type in a file, in order.

    A record is length, CRC-32 and number, then MessagePack. What a crash left half written at the end is cut off on
    opening; damage anywhere else is an error, as silently forgetting what was durable would be.
    """

    def __init__(self, path: Path, kind: type[Record] | object) -> None:
        self.path = path
        self._encode = msgspec.msgpack.Encoder().encode
        self._decode = msgspec.msgpack.Decoder(kind).decode
        self._handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._size = 0
        self._number = 0

    def replay(self) -> Iterator[Record]:
        """All records, oldest first; cuts a torn end off. Raises Damaged."""
        content = self.path.read_bytes()
        if not content.startswith(MAGIC):
            if not MAGIC.startswith(content):
                raise Damaged(f"{self.path} is not a journal of attorn, version 1.")
            os.ftruncate(self._handle, 0)
            os.pwrite(self._handle, MAGIC, 0)
            os.fsync(self._handle)
            _sync_directory(self.path.parent)
            content = MAGIC
        at = len(MAGIC)
        while at < len(content):
            end = self._end_of_record(content, at)
            if end is None:
                os.ftruncate(self._handle, at)
                os.fsync(self._handle)
                break
            try:
                yield self._decode(content[at + HEADER.size : end])
            except msgspec.DecodeError as error:
                raise Damaged(f"{self.path}: record {self._number} at byte {at} is unknown: {error}.") from None
            self._number += 1
            at = end
        self._size = at

    def append(self, record: Record) -> None:
        """Write a record; when this returns it survives a crash."""
        content = self._framed(record, self._number)
        os.pwrite(self._handle, content, self._size)
        os.fdatasync(self._handle)
        self._size += len(content)
        self._number += 1

    def tear(self, record: Record) -> None:
        """Write half a record and no more, as a crash would: for tests of recovery."""
        content = self._framed(record, self._number)
        os.pwrite(self._handle, content[: len(content) // 2], self._size)

    def rewrite(self, record: Record) -> None:
        """Let one record stand for all so far, in one step; the file is then as short as it can be."""
        fresh = self.path.with_suffix(".new")
        content = MAGIC + self._framed(record, 0)
        handle = os.open(fresh, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        os.write(handle, content)
        os.fsync(handle)
        os.replace(fresh, self.path)
        _sync_directory(self.path.parent)
        os.close(self._handle)
        self._handle, self._size, self._number = handle, len(content), 1

    @property
    def size(self) -> int:
        """Bytes so far."""
        return self._size

    def close(self) -> None:
        """Close the file."""
        os.close(self._handle)

    def _framed(self, record: Record, number: int) -> bytes:
        body = self._encode(record)
        return HEADER.pack(len(body), zlib.crc32(body, number & 0xFFFFFFFF), number) + body

    def _end_of_record(self, content: bytes, at: int) -> int | None:
        """Where the record at a byte ends; None if it is torn; raises Damaged if more follows one that is broken."""
        if at + HEADER.size > len(content):
            return None
        length, checksum, number = HEADER.unpack_from(content, at)
        end = at + HEADER.size + int(length)
        if end > len(content):
            if self._valid_later(content, at + 1):
                raise Damaged(f"{self.path}: the length of record {self._number} at byte {at} is not what was written.")
            return None
        if number != self._number or zlib.crc32(content[at + HEADER.size : end], number & 0xFFFFFFFF) != checksum:
            if end == len(content) and not self._valid_later(content, at + 1):
                return None
            raise Damaged(f"{self.path}: record {self._number} at byte {at} is not what was written.")
        return end

    def _valid_later(self, content: bytes, start: int) -> bool:
        """Whether a whole record follows: then what is broken is not the torn end."""
        for at in range(start, len(content) - HEADER.size + 1):
            length, checksum, number = HEADER.unpack_from(content, at)
            end = at + HEADER.size + length
            if number <= self._number or number > self._number + 1_000_000 or end > len(content):
                continue
            if zlib.crc32(content[at + HEADER.size : end], number & 0xFFFFFFFF) == checksum:
                return True
        return False


def _sync_directory(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
