"""Ogg pages with a serial number that is always the same."""

from __future__ import annotations

import struct
import zlib

# libsndfile numbers its streams at random; one file holds one stream, so the number says nothing.
_SERIAL = 1

_HEADER = 27
_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def with_fixed_serial(pages: bytes) -> bytes:
    """Whole pages, renumbered; their checksums follow."""
    result = bytearray(pages)
    start = 0
    while start < len(result):
        segments = result[start + _HEADER - 1]
        end = start + _HEADER + segments + sum(result[start + _HEADER : start + _HEADER + segments])
        struct.pack_into("<I", result, start + 14, _SERIAL)
        struct.pack_into("<I", result, start + 22, 0)
        struct.pack_into("<I", result, start + 22, _checksum(bytes(result[start:end])))
        start = end
    return bytes(result)


def _checksum(page: bytes) -> int:
    """Ogg's CRC-32 has zlib's polynomial, but the other order of bits, and neither a first nor a last inversion."""
    mirrored = zlib.crc32(page.translate(_REVERSED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int(f"{mirrored:032b}"[::-1], 2)
