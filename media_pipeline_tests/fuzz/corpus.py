"""Small valid files in many containers, made in one go by the project's ffmpeg: the same bytes on every run."""

from pathlib import Path

from media_pipeline_tests import media

MARK = b"SECRETMARK"
"""in the metadata of every file that can carry some: it must be in no output"""

_PICTURE, _SOUND = ["-map", "0:v"], ["-map", "1:a"]
_BOTH = [*_PICTURE, *_SOUND]
_H264 = ["-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-g", "10", "-threads", "1"]
_FILES = {
    "faststart.mp4": [*_BOTH, *_H264, "-c:a", "aac", "-movflags", "+faststart"],
    "fragmented.mp4": [*_BOTH, *_H264, "-c:a", "aac", "-movflags", "+frag_keyframe+empty_moov"],
    "tracks.mov": ["-map", "0:v", "-map", "1:a", "-map", "1:a", *_H264, "-c:a", "pcm_s16le", "-metadata:s:a:1",
                   "language=fra"],
    "turned.mp4": [*_BOTH, *_H264, "-aspect", "4:1", "-c:a", "ac3", "-metadata", "location=+48.85+002.35/"],
    "hevc.mp4": [*_PICTURE, "-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "pools=none:frame-threads=1:"
                 "log-level=none", "-tag:v", "hvc1"],
    "h264.mkv": [*_BOTH, *_H264, "-c:a", "libvorbis"],
    "vp8.webm": [*_BOTH, "-c:v", "libvpx", "-deadline", "realtime", "-c:a", "libopus"],
    "vp9.webm": [*_PICTURE, "-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-threads", "1"],
    "xvid.avi": [*_BOTH, "-c:v", "mpeg4", "-c:a", "libmp3lame"],
    "h264.ts": [*_BOTH, *_H264, "-c:a", "aac", "-f", "mpegts"],
    "mpeg2.mpg": [*_BOTH, "-c:v", "mpeg2video", "-c:a", "mp2", "-f", "mpeg"],
    "h264.flv": [*_BOTH, *_H264, "-c:a", "aac", "-ar", "44100"],
    "wmv2.wmv": [*_BOTH, "-c:v", "wmv2", "-c:a", "wmav2"],
    "theora.ogg": [*_BOTH, "-c:v", "libtheora", "-c:a", "libvorbis"],
    "mpeg2.mxf": [*_BOTH, "-c:v", "mpeg2video", "-c:a", "pcm_s16le", "-f", "mxf"],
    "raw.h264": [*_PICTURE, *_H264, "-f", "h264"],
    "pcm.wav": [*_SOUND, "-c:a", "pcm_s16le"],
    "tone.mp3": [*_SOUND, "-c:a", "libmp3lame"],
    "tone.flac": [*_SOUND, "-c:a", "flac"],
    "tone.m4a": [*_SOUND, "-c:a", "aac"],
}  # fmt: skip


def make(folder: Path) -> dict[str, bytes]:
    """The files by name: three seconds of a 64×48 picture and of a tone, longer than any tolerance."""
    argv = [*media.picture(3, "64x48"), *media.tone(3)]
    for name, how in _FILES.items():
        argv += [*how, "-pix_fmt", "yuv420p", "-fflags", "+bitexact", "-flags:v", "+bitexact", "-flags:a", "+bitexact"]
        argv += ["-metadata", f"title={MARK.decode()}", str(folder / name)]
    last = argv.pop()
    media.make(Path(last), *argv)
    return {name: (folder / name).read_bytes() for name in _FILES}
