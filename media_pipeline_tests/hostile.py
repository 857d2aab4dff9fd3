"""Files of an attacker, made on the spot. Each is named after what it tries."""

import struct
import zlib
from pathlib import Path

from media_pipeline_tests import media


def lists(canary: Path, port: int) -> dict[str, bytes]:
    """Playlists and lists that would make a reader open the canary or a port of this machine, by name."""
    web, local = f"http://127.0.0.1:{port}/x.ts", f"file://{canary}"
    keyed = f'#EXT-X-KEY:METHOD=AES-128,URI="{web}"\n#EXTINF'
    mapped = f'#EXT-X-MAP:URI="{local}"\n#EXTINF'
    hls = "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\n{}\n#EXT-X-ENDLIST\n"
    return {
        name: text.encode()
        for name, text in {
            "hls of itself": hls.format("source"),
            "hls of a local file": hls.format(canary),
            "hls of a file address": hls.format(local),
            "hls of a web address": hls.format(web),
            "hls with a key": hls.format("source").replace("#EXTINF", keyed),
            "hls with a map": hls.format("source").replace("#EXTINF", mapped),
            "hls after a mark": "\ufeff" + hls.format(web),
            "hls after blank lines": "\n\n  " + hls.format(local),
            "hls of subfile": hls.format(f"subfile,,start,0,end,9,,:{canary}"),
            "hls of concat": hls.format(f"concat:{canary}|{canary}"),
            "hls of data": hls.format(f"data:application/x-mpegurl,{hls.format(web)}".replace("\n", "%0a")),
            "hls master": f"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n{web}\n",
            "ffconcat": f"ffconcat version 1.0\nfile '{canary}'\n",
            "ffconcat of a web address": f"ffconcat version 1.0\nfile '{web}'\n",
            "concat without its mark": f"file '{canary}'\n",
            "dash": f'<?xml version="1.0"?>\n<MPD><Period><BaseURL>{web}</BaseURL></Period></MPD>',
            "dash after a comment": f"<!-- x --><MPD><BaseURL>{local}</BaseURL></MPD>",
            "dash with an entity": f'<?xml version="1.0"?><!DOCTYPE MPD [<!ENTITY x SYSTEM "{local}">]><MPD>&x;</MPD>',
            "sdp": f"v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nt=0 0\r\nm=video {port} RTP/AVP 96\r\n",
            "asx": f'<asx version="3.0"><entry><ref href="{web}"/></entry></asx>',
            "pls": f"[playlist]\nFile1={web}\nNumberOfEntries=1\n",
            "asf reference": f"[Reference]\nRef1={web}\n",
            "smooth streaming": f'<SmoothStreamingMedia MajorVersion="2"><x href="{web}"/></SmoothStreamingMedia>',
            "svg": f'<svg xmlns="http://www.w3.org/2000/svg"><image href="{local}"/></svg>',
            "imf": f'<?xml version="1.0"?><CompositionPlaylist><x>{web}</x></CompositionPlaylist>',
            "rtsp text": f"RTSPtext\nrtsp://127.0.0.1:{port}/x\n",
            "a script": f"#!/bin/sh\ncat {canary}\n",
        }.items()
    }


def box(kind: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">I4s", 8 + len(body), kind) + body


def compressed_index(claimed: int, real: int) -> bytes:
    """A QuickTime file whose index is a bomb: so many bytes claimed, so many there, packed small."""
    packed = zlib.compress(bytes(real), 9)
    cmov = box(b"cmov", box(b"dcom", b"zlib"), box(b"cmvd", struct.pack(">I", claimed), packed))
    return box(b"ftyp", b"qt  ", bytes(4), b"qt  ") + box(b"moov", cmov) + box(b"mdat", bytes(1000))


def nested_boxes(depth: int) -> bytes:
    body = b""
    for _ in range(depth):
        body = box(b"moov", body)
    return box(b"ftyp", b"isom", bytes(4), b"isom") + body


def lying_boxes() -> bytes:
    """Boxes that claim more than any file holds."""
    huge = struct.pack(">I4sQ", 1, b"moov", 2**63 - 1)
    most = struct.pack(">I", 0xFFFFFFFF)
    tables = box(b"stts", bytes(4), most) + box(b"stsz", bytes(8), most)
    track = box(b"trak", box(b"mdia", box(b"minf", box(b"stbl", tables))))
    return box(b"ftyp", b"isom", bytes(4), b"isom") + huge + track


def growing_picture(directory: Path, *, side: int) -> Path:
    """A small JPEG stream of which later frames claim another size; what a probe sees is small."""
    raw = media.make(directory / "small.mjpeg", *media.picture(2, "64x64"), "-c:v", "mjpeg", "-f", "mjpeg")
    data = raw.read_bytes()
    half = data.index(b"\xff\xd8", len(data) // 2)
    start_of_frame = data.index(b"\xff\xc0", half)
    bomb = bytearray(data)
    while start_of_frame > 0:
        bomb[start_of_frame + 5 : start_of_frame + 9] = struct.pack(">HH", side, side)
        start_of_frame = data.find(b"\xff\xc0", start_of_frame + 1)
    raw.write_bytes(bomb)
    return media.make(directory / "growing.mkv", "-f", "mjpeg", "-r", "25", "-i", str(raw), "-c", "copy")


def wav(size: int, *, channels: int = 1, rate: int = 8000) -> bytes:
    """The head of a WAV with so many bytes of 8-bit sound to follow."""
    form = struct.pack("<HHIIHH", 1, channels, rate, rate * channels, channels, 8)
    return b"RIFF%bWAVEfmt %b%bdata%b" % (_u32(36 + size), _u32(len(form)), form, _u32(size))


def _u32(number: int) -> bytes:
    return struct.pack("<I", number)


MARKS = [
    # what a source may say of itself, and no output may repeat
    ("title", "</script><script>alert('SECRET')</script>"),
    ("artist", "SECRET'; DROP TABLE media; --"),
    ("comment", "SECRET\r\nSet-Cookie: x=1\r\n#EXTM3U"),
    ("location", "+48.8584+002.2945/"),
    ("com.apple.quicktime.location.ISO6709", "+48.8584+002.2945+035.0/"),
    ("com.apple.quicktime.serial", "SERIALNUMBER42"),
    ("make", "SECRET camera"),
    ("encoder", "SECRET \u202egpj.exe"),
]
TELLTALES = (b"SECRET", b"48.85", b"2.2945", b"SERIALNUMBER", b"DROP TABLE", b"alert(", b"Set-Cookie")


def talkative(to: Path, *, seconds: float = 2) -> Path:
    """An honest clip full of metadata: file, streams and chapters."""
    notes = to.with_suffix(".txt")
    chapters = "".join(
        f"[CHAPTER]\nTIMEBASE=1/1000\nSTART={i * 10}\nEND={i * 10 + 10}\ntitle=SECRET chapter {i}\n" for i in range(50)
    )
    notes.write_text(f";FFMETADATA1\n{chapters}")
    marks = [word for name, value in MARKS for word in ("-metadata", f"{name}={value}")]
    streams = ["-metadata:s", "title=SECRET track", "-metadata:s", "handler_name=SECRET handler"]
    return media.make(
        to, *media.picture(seconds), *media.tone(seconds), "-i", str(notes), "-map", "0", "-map", "1",
        "-map_chapters", "2", *media.h264(), "-c:a", "aac", *marks, *streams, "-movflags", "use_metadata_tags",
    )  # fmt: skip
