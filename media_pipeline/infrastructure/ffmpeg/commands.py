"""Command lines, as pure functions of what is to be made. Built with ffmpeg-python, run by `runner`.

An upload always stands in the scratch directory under the one name `SOURCE`; outputs are named by index. No user text
reaches a command line.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import ffmpeg

from media_pipeline.domain.media import AudioStream, MediaInfo, TextStream, VideoStream
from media_pipeline.domain.profile import AudioRecipe, PlannedRendition, StreamRecipe, output_rate

SOURCE = "source"
TEXT = "text.ass"
MAX_PIXELS = 35_389_440
"""8K plays. Checked by the decoder for every frame: a header can lie, or the size grow half way."""
HDR_TRANSFERS = frozenset({"smpte2084", "arib-std-b67"})

DEMUXERS = frozenset({
    "mov", "mp4", "matroska", "webm", "avi", "mpegts", "mpeg", "flv", "asf", "ogg", "wav", "w64", "aiff", "caf", "mp3",
    "flac", "aac", "ac3", "eac3", "amr", "mxf", "dv", "h264", "hevc", "mpegvideo", "m4v", "ivf",
})  # fmt: skip
"""What may be opened at all. No playlist, list or image format: ffmpeg reads other files and hosts through them."""


@dataclass(frozen=True, slots=True)
class Gain:
    """What brings a track to its loudness: decibels to add, and whether a limiter must hold the peaks."""

    decibels: float
    limit_dbtp: float | None


def probe(ffprobe: str) -> list[str]:
    """Container and streams as JSON on stdout."""
    return [
        ffprobe, "-v", "error", *_flags(_guards()), "-max_pixels", str(MAX_PIXELS),
        "-show_format", "-show_streams", "-of", "json", SOURCE,
    ]  # fmt: skip


def scan(ffmpeg_path: str, demuxer: str) -> list[str]:
    """Read every packet of picture and sound without decoding: where the file really ends."""
    source = _source(demuxer)
    streams = [source["v?"], source["a?"]]
    return _compile(ffmpeg_path, [ffmpeg.output(*streams, "-", format="null", c="copy")], progress=True)


def packets(ffprobe: str, name: str) -> list[str]:
    """Times and flags of every video packet of one of our own files, as CSV: 0.000000,K__"""
    return [
        ffprobe, "-v", "error", "-protocol_whitelist", "file", "-select_streams", "v:0",
        "-show_entries", "packet=pts_time,flags:stream=duration", "-of", "csv=p=0", name,
    ]  # fmt: skip


def sound(ffprobe: str, name: str) -> list[str]:
    """Seconds of sound in one of our own files."""
    return [
        ffprobe, "-v", "error", "-protocol_whitelist", "file", "-select_streams", "a:0",
        "-show_entries", "stream=duration", "-of", "csv=p=0", name,
    ]  # fmt: skip


def measure_loudness(ffmpeg_path: str, demuxer: str | None, stream: int, name: str, recipe: AudioRecipe) -> list[str]:
    """EBU R128 of one track as a listener gets it (after the down-mix); the summary is the end of stderr."""
    source = _source(demuxer)[str(stream)] if demuxer else ffmpeg.input(name)[str(stream)]
    measured = _downmixed(source, recipe).filter("ebur128", peak="true", framelog="quiet")
    return _compile(ffmpeg_path, [ffmpeg.output(measured, "-", format="null", vn=None)], level="info", progress=True)


def encode(
    ffmpeg_path: str,
    info: MediaInfo,
    renditions: Sequence[PlannedRendition],
    tracks: Sequence[tuple[AudioStream, Gain]],
    *,
    audio: AudioRecipe,
    stream: StreamRecipe,
    threads: int,
) -> list[str]:
    """Decode once, encode every rendition to v<i>.mp4 and every track to a<i>.mp4."""
    source = _source(info.demuxer, threads=threads)
    outputs = []
    if renditions:
        assert info.video is not None
        picture = _timely("select", _picture(source, info.video), info)
        picture = picture.filter("fps", fps=str(output_rate(info.video)), start_time=0)
        for i, (plan, scaled) in enumerate(zip(renditions, _cascade(picture, renditions), strict=True)):
            outputs.append(ffmpeg.output(scaled, f"v{i}.mp4", **_video_options(plan, stream, threads)))
    for i, (track, gain) in enumerate(tracks):
        sound = _timely("aselect", source[str(track.index)], info)
        heard = _normalised(_downmixed(sound, audio), gain, audio)
        outputs.append(ffmpeg.output(heard, f"a{i}.mp4", **_audio_options(audio)))
    return _compile(ffmpeg_path, outputs, progress=True)


def keyframe_tiles(
    ffmpeg_path: str, info: MediaInfo, *, interval_seconds: float, width: int, height: int, only_keyframes: bool
) -> list[str]:
    """Small RGB pictures at least an interval apart to tiles.rgb, their times to tiles.txt. Decoding only keyframes
    costs a small share of a full decode."""
    assert info.video is not None
    # `discard`: a container with an index need not even read the other packets, which halves the cost again.
    decode = {"skip_frame": "nokey", "discard": "nokey"} if only_keyframes else {}
    spaced = f"isnan(prev_selected_t)+gte(t-prev_selected_t,{interval_seconds:.3f}-0.001)"
    tiles = (
        _timely("select", _picture(_source(info.demuxer, **decode), info.video), info)
        .filter("select", spaced)
        .filter("scale", width, height, flags="area")
        .filter("metadata", "add", key="tile", value="1")  # `print` shows only frames that carry metadata
        .filter("metadata", "print", file="tiles.txt")
    )
    return _compile(ffmpeg_path, [_raw_rgb(tiles, "tiles.rgb")])


def picture(ffmpeg_path: str, info: MediaInfo, *, at: float, width: int, height: int) -> list[str]:
    """One JPEG, poster.jpg."""
    assert info.video is not None
    frame = _picture(_source(info.demuxer, ss=f"{at:.3f}"), info.video).filter("scale", width, height, flags="lanczos")
    # JPEG is full range by definition; without saying so players show it washed out.
    frame = frame.filter("scale", out_range="pc").filter("format", "yuvj420p")
    options = {"frames:v": 1, "c:v": "mjpeg", "q:v": 3, "map_metadata": -1, "update": 1}
    return _compile(ffmpeg_path, [ffmpeg.output(frame, "poster.jpg", **options)])


def look(ffmpeg_path: str, info: MediaInfo, *, every_seconds: float, width: int, height: int) -> list[str]:
    """One decode: RGB frames to frames.rgb with their times in frames.txt, scene cuts to scenes.txt."""
    assert info.video is not None
    timely = _timely("select", _picture(_source(info.demuxer), info.video), info)
    small = timely.filter("scale", width, height, flags="fast_bilinear")
    both = small.filter_multi_output("split")
    spaced = f"isnan(prev_selected_t)+gte(t-prev_selected_t,{every_seconds:.3f}-0.001)"
    sampled = (
        both[0]
        .filter("select", spaced)
        .filter("metadata", "add", key="tile", value="1")
        .filter("metadata", "print", file="frames.txt")
    )
    cuts = both[1].filter("scale", 320, -2).filter("scdet", threshold=10).filter("metadata", "print", file="scenes.txt")
    return _compile(
        ffmpeg_path, [_raw_rgb(sampled, "frames.rgb"), ffmpeg.output(cuts, "-", format="null")], progress=True
    )


def speech(ffmpeg_path: str, info: MediaInfo, track: AudioStream) -> list[str]:
    """The track as PCM for a recogniser, speech.pcm; silence stands in where it starts late."""
    sound = _timely("aselect", _source(info.demuxer)[str(track.index)], info)
    heard = sound.filter("aresample", **{"async": 1, "first_pts": 0})
    options = {"ac": 1, "ar": 16000, "format": "s16le", "c:a": "pcm_s16le"}
    return _compile(ffmpeg_path, [ffmpeg.output(heard, "speech.pcm", **options)])


def text(ffmpeg_path: str, info: MediaInfo, stream: TextStream, *, most_bytes: int) -> list[str]:
    """One embedded text track as text.ass, the one form that every decoder of text gives without loss; cut off just
    above a size that no honest track has."""
    track = _source(info.demuxer)[str(stream.index)]
    options = {"format": "ass", "c:s": "ass", "fs": most_bytes + 1, "map_metadata": -1}
    return _compile(ffmpeg_path, [ffmpeg.output(track, TEXT, **options)])


def fitted(video: VideoStream, width: int) -> tuple[int, int]:
    """The display size scaled down to a width, even, never up."""
    scale = min(1.0, width / video.display_width)
    return _even(video.display_width * scale), _even(video.display_height * scale)


def _guards() -> dict[str, Any]:
    return {
        "protocol_whitelist": "file,pipe",
        "format_whitelist": ",".join(sorted(DEMUXERS)),
        # One allocation beyond this is a bomb, not a frame: 8K in 16 bits and four planes is 265 MB.
        "max_alloc": 1_000_000_000,
    }


def _source(demuxer: str, **options: Any) -> Any:
    # The demuxer is forced to what admission saw: content is judged once.
    return ffmpeg.input(SOURCE, f=demuxer, max_pixels=MAX_PIXELS, **_guards(), **options)


def _picture(source: Any, video: VideoStream) -> Any:
    """The decoded picture, upright (ffmpeg turns it), in SDR BT.709, 4:2:0, limited range."""
    frames = source[str(video.index)]
    if video.interlaced:
        frames = frames.filter("bwdif", mode="send_frame")
    if video.transfer in HDR_TRANSFERS:
        frames = (
            frames.filter("zscale", t="linear", npl=100)
            .filter("format", "gbrpf32le")
            .filter("zscale", p="bt709")
            .filter("tonemap", tonemap="hable", desat=0)
            .filter("zscale", t="bt709", m="bt709", r="tv")
        )
    # One colour space from here on. An untagged picture means what players take it to mean, by its size.
    untagged = "bt709" if video.coded_height >= 720 else "smpte170m"
    matrix = {} if video.matrix != "unknown" else {"in_color_matrix": untagged}
    return frames.filter("scale", out_color_matrix="bt709", out_range="tv", **matrix).filter("format", "yuv420p")


def _timely(select: str, frames: Any, info: MediaInfo) -> Any:
    """Without frames that claim a time past the last packet: for one wrong timestamp the picture would freeze, or
    silence be filled in, until then. Frames without a time stay."""
    if info.duration_seconds <= 0:
        return frames
    end = info.duration_seconds + max(1.0, 0.02 * info.duration_seconds)
    return frames.filter(select, f"not(gt(t,{end:.3f}))")


def _cascade(picture: Any, renditions: Sequence[PlannedRendition]) -> list[Any]:
    """Each size is scaled from the next larger one: a small rung costs little, and looks no worse."""
    scaled = []
    for i, plan in enumerate(renditions):
        size = picture.filter("scale", plan.width, plan.height, flags="bicubic").filter("setsar", 1)
        if i + 1 < len(renditions):
            branches = size.filter_multi_output("split")
            scaled.append(branches[0])
            picture = branches[1]
        else:
            scaled.append(size)
    return scaled


def _video_options(plan: PlannedRendition, stream: StreamRecipe, threads: int) -> dict[str, Any]:
    rung = plan.rung
    return {
        "c:v": "libx264",
        "profile:v": "high",
        "preset": rung.preset,
        "crf": rung.crf,
        "maxrate": rung.max_bitrate,
        "bufsize": 2 * rung.max_bitrate,
        # The same instants in every rung, so that a player can switch at any of them; the encoder adds none.
        "force_key_frames": f"expr:gte(t,n_forced*{stream.gop_seconds:g})",
        "sc_threshold": 0,
        "g": 100_000,
        "x264-params": "open-gop=0",
        "color_primaries": "bt709",
        "color_trc": "bt709",
        "colorspace": "bt709",
        "threads": threads,
        **_private(),
    }


def _audio_options(recipe: AudioRecipe) -> dict[str, Any]:
    return {"c:a": "aac", "b:a": recipe.bitrate, "ar": recipe.sample_rate, **_private()}


def _private() -> dict[str, Any]:
    """Titles, GPS, serial numbers and chapters of the source stay with the source."""
    return {"map_metadata": -1, "map_chapters": -1, "fflags": "+bitexact", "movflags": "+faststart"}


def _downmixed(source: Any, recipe: AudioRecipe) -> Any:
    layout = {1: "mono", 2: "stereo"}[recipe.channels]
    # A track that starts late begins with silence, and gaps are filled: sound stays with the picture.
    steady = source.filter("aresample", recipe.sample_rate, **{"async": 1, "first_pts": 0})
    return steady.filter("aformat", channel_layouts=layout)


def _normalised(heard: Any, gain: Gain, recipe: AudioRecipe) -> Any:
    if gain.decibels:
        heard = heard.filter("volume", f"{gain.decibels:.2f}dB")
    if gain.limit_dbtp is not None:
        # Limiting at four times the rate holds the peaks between samples too.
        ceiling = 10 ** (gain.limit_dbtp / 20)
        heard = (
            heard.filter("aresample", 4 * recipe.sample_rate)
            .filter("alimiter", limit=f"{ceiling:.4f}", attack=5, release=50, level="false")
            .filter("aresample", recipe.sample_rate)
        )
    return heard


def _raw_rgb(frames: Any, name: str) -> Any:
    return ffmpeg.output(frames, name, format="rawvideo", pix_fmt="rgb24", fps_mode="passthrough")


def _compile(ffmpeg_path: str, outputs: Sequence[Any], *, level: str = "error", progress: bool = False) -> list[str]:
    arguments = ["-nostdin", "-hide_banner", "-y", "-v", level]
    arguments += ["-progress", "pipe:1", "-stats_period", "0.5", "-nostats"] if progress else ["-nostats"]
    spec = ffmpeg.merge_outputs(*outputs).global_args(*arguments)
    return [str(word) for word in ffmpeg.compile(spec, cmd=ffmpeg_path)]


def _flags(options: Mapping[str, Any]) -> list[str]:
    return [word for name, value in options.items() for word in (f"-{name}", str(value))]


def _even(pixels: float) -> int:
    return max(2, round(pixels / 2) * 2)
