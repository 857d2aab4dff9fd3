"""What a file's own bytes say before any decoder looks: kinds that are refused, and whether its end is missing.

Only outermost sizes are read; nothing here decodes.
"""

import os
import re
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from media_pipeline.domain.errors import BadMedia, RejectionCode

_HEAD_BYTES = 4096
_LISTS = re.compile(
    rb"\s*(\xef\xbb\xbf)?(#EXTM3U|ffconcat version|\[playlist\]|\[Reference\]|v=0\r?\no=|RTSPtext|"
    rb"(<\?xml[^>]*>\s*)?(<!--.*?-->\s*)*<(MPD|asx|playlist|smil|SmoothStreamingMedia|wpl)\b)",
    re.IGNORECASE | re.DOTALL,
)
_PACKED = {
    b"\x1f\x8b": "gzip",
    b"PK\x03\x04": "ZIP",
    b"7z\xbc\xaf\x27\x1c": "7-Zip",
    b"Rar!": "RAR",
    b"BZh": "bzip2",
    b"\xfd7zXZ\x00": "xz",
    b"\x28\xb5\x2f\xfd": "Zstandard",
}
_IMAGE_BRANDS = frozenset({
    b"avif", b"avis", b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1", b"miaf", b"crx ",
    b"jp2 ", b"jpx ", b"jxl ",
})  # fmt: skip
"""ISO files that a video demuxer opens though they are pictures."""
_BOXES = frozenset({
    b"ftyp", b"moov", b"mdat", b"moof", b"free", b"skip", b"wide", b"uuid", b"sidx", b"styp", b"emsg", b"mfra", b"meta",
    b"pdin", b"udta", b"prft", b"pnot",
})  # fmt: skip
_PROTECTED = re.compile(rb"stsd.{12}(encv|enca|drmi|drms|p608)", re.DOTALL)
_MOST_INDEX_BYTES = 64 * 1024**2
_MOST_BYTES = 2**50
_ASF_FILE_PROPERTIES = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")
_EBML, _SEGMENT = b"\x1a\x45\xdf\xa3", b"\x18\x53\x80\x67"


def refuse_by_content(file: Path) -> None:
    """Raises BadMedia FORMAT_NOT_ALLOWED for lists of other files and for pictures that a video demuxer would open,
    NOT_MEDIA with a hint for packed files. A reader opens further files and addresses through a list, and ffmpeg
    hides some lists behind "invalid data"."""
    with file.open("rb") as opened:
        head = opened.read(_HEAD_BYTES)
    if _LISTS.match(head):
        raise BadMedia(RejectionCode.FORMAT_NOT_ALLOWED, "Playlists and lists of files are not accepted.")
    packer = next((name for magic, name in _PACKED.items() if head.startswith(magic)), None)
    if packer:
        message = f"The file is packed with {packer}; unpack it and upload what is inside."
        raise BadMedia(RejectionCode.NOT_MEDIA, message)
    if head[4:8] in {b"ftyp", b"JXL ", b"jP  "} and (head[4:8] != b"ftyp" or head[8:12] in _IMAGE_BRANDS):
        raise BadMedia(RejectionCode.FORMAT_NOT_ALLOWED, "Pictures are not accepted; send a video or audio file.")


def is_encrypted(file: Path) -> bool:
    """Whether an ISO file says that samples are encrypted. ffprobe shows the codec beneath."""
    with file.open("rb") as opened:
        for kind, at, length in _boxes(opened, file.stat().st_size):
            if kind == b"moov":
                opened.seek(at)
                return _PROTECTED.search(opened.read(min(length, _MOST_INDEX_BYTES))) is not None
    return False


def missing_bytes(file: Path, demuxer: str) -> int | None:
    """How many bytes the container's own sizes promise beyond the end of the file; 0: it is complete. None where this
    container does not say."""
    count = {"mov": _iso, "matroska": _matroska, "avi": _riff, "wav": _riff, "flv": _flv, "asf": _asf, "mp3": _mp3}.get(
        demuxer
    )
    if count is None:
        return None
    with file.open("rb") as opened:
        return count(opened, os.fstat(opened.fileno()).st_size)


def _iso(file: BinaryIO, size: int) -> int | None:
    """None without samples: a file cut between two boxes looks whole."""
    boxes = list(_boxes(file, size))
    if not any(kind == b"mdat" for kind, _, _ in boxes):
        return None
    return max(0, max(at + length for _, at, length in boxes) - size)


def _boxes(file: BinaryIO, size: int) -> Iterator[tuple[bytes, int, int]]:
    """Kind, place and length of the outermost boxes, up to one that is none: garbage behind the last."""
    at = 0
    while at + 8 <= size:
        file.seek(at)
        head = file.read(16).ljust(16, b"\0")
        length, kind = struct.unpack(">I4s", head[:8])
        if length == 0:  # to the end of the file
            length = size - at
        elif length == 1:
            length = struct.unpack(">Q", head[8:])[0]
        if kind not in _BOXES or length < 8:
            return
        yield kind, at, length
        at += length


def _matroska(file: BinaryIO, size: int) -> int | None:
    head = file.read(_HEAD_BYTES)
    at = head.find(_SEGMENT)
    if not head.startswith(_EBML) or at < 0 or at + 12 > len(head):
        return None
    width = 9 - head[at + 4].bit_length()
    if not 1 <= width <= 8:
        return None
    length = int.from_bytes(head[at + 4 : at + 4 + width], "big") & ((1 << 7 * width) - 1)
    if length == (1 << 7 * width) - 1:  # "unknown": written while it was streamed
        return None
    return max(0, at + 4 + width + length - size)


def _riff(file: BinaryIO, size: int) -> int | None:
    head = file.read(12)
    if len(head) < 12 or head[:4] != b"RIFF":
        return None
    length = struct.unpack("<I", head[4:8])[0]
    if length in {0, 0xFFFFFFFF} or length >= 0x7FFFFFF0:  # a recorder that could not go back, or a stream
        return None
    return max(0, int(length) + 8 - size)


def _flv(file: BinaryIO, size: int) -> int | None:
    """What its metadata says; else a whole file ends with the size of its last tag."""
    said = re.search(rb"\x00\x08filesize\x00(.{8})", file.read(_HEAD_BYTES), re.DOTALL)
    if said:
        promised = struct.unpack(">d", said[1])[0]
        return max(0, int(promised) - size) if 0 < promised < _MOST_BYTES else None
    file.seek(max(0, size - 4))
    last = int.from_bytes(file.read(4), "big")
    if last + 4 > size or last < 11:
        return None
    file.seek(size - 4 - last)
    tag = file.read(4)
    whole = tag[0] & 0x1F in {8, 9, 18} and int.from_bytes(tag[1:4], "big") == last - 11
    return 0 if whole else None


def _asf(file: BinaryIO, size: int) -> int | None:
    head = file.read(_HEAD_BYTES)
    at = head.find(_ASF_FILE_PROPERTIES)
    promised = int.from_bytes(head[at + 40 : at + 48], "little") if at >= 0 else 0
    return max(0, promised - size) if 0 < promised < _MOST_BYTES else None


def _mp3(file: BinaryIO, size: int) -> int | None:
    """An encoder that went back to its first frame wrote the number of bytes there."""
    head = file.read(10)
    start = 0
    if head[:3] == b"ID3" and len(head) == 10:
        start = 10 + sum((byte & 0x7F) << shift for byte, shift in zip(head[6:10], (21, 14, 7, 0), strict=True))
    file.seek(start)
    frame = file.read(200)
    at = max(frame.find(b"Xing"), frame.find(b"Info"))
    if at < 0 or len(frame) < at + 16:
        return None
    flags = int.from_bytes(frame[at + 4 : at + 8], "big")
    if not flags & 2:
        return None
    skip = 4 if flags & 1 else 0
    promised = int.from_bytes(frame[at + 8 + skip : at + 12 + skip], "big")
    return max(0, start + promised - size)
