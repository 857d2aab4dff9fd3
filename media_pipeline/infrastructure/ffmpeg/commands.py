"""Command lines, as pure functions of what is to be made. Built with ffmpeg-python, run by `runner`.

An upload always stands in the scratch directory under the one name `SOURCE`; outputs are named by index. No user text
reaches a command line.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ffmpeg

from media_pipeline.domain.media import AudioStream, MediaInfo, TextStream, VideoStream
from media_pipeline.domain.profile import AudioRecipe, PlannedRendition, StreamRecipe, output_rate
from media_pipeline.infrastructure.ffmpeg import decoders, filters, watch

SOURCE = "source"
TEXT = "text.ass"
REFERENCE = "reference.nut"
"""Passages of the picture as the encoder got it, lossless: what renditions are compared with."""
JOINED = "joined.mp4"
MAX_PIXELS = 35_389_440
"""8K plays. Checked by the decoder for every frame: a header can lie, or the size grow half way."""

_REFRESHES, _PICTURES, _PARAMETER_SETS = "5", "1|5", "7|8"
"""Units of H.264: slices of pictures that a decoder can begin with, all slices, and what is said of them before"""
UNITS = {"all": "", "refreshes": _REFRESHES, "sets": _PARAMETER_SETS}
"""what `units` lists, each to <name>.crc"""
_COMPARED_EVERY = 3
"""frames: neighbours look alike"""
ENCODERS: Mapping[str, Mapping[str, Any]] = {
    # Closed GOPs, and no keyframe but those that are asked for.
    "h264": {"c:v": "libx264", "profile:v": "high", "sc_threshold": 0, "x264-params": "open-gop=0"},
    "hevc": {
        "c:v": "libx265",
        "tag:v": "hvc1",  # Apple's players refuse hev1
        "forced-idr": 1,
        "x265-params": "open-gop=0:scenecut=0:log-level=error",
    },
    "av1": {"c:v": "libsvtav1", "svtav1-params": "scd=0"},
}

DEMUXERS = frozenset({
    "mov", "mp4", "matroska", "webm", "avi", "mpegts", "mpeg", "flv", "asf", "ogg", "wav", "w64", "aiff", "caf", "mp3",
    "flac", "aac", "ac3", "eac3", "amr", "mxf", "dv", "h264", "hevc", "mpegvideo", "m4v", "ivf",
})  # fmt: skip
"""What may be opened at all. No playlist, list or image format: ffmpeg reads other files and hosts through them."""

ALPHA_DECODERS = {"vp8": "libvpx", "vp9": "libvpx-vp9"}
"""What decodes the alpha of a codec, where ffmpeg's own decoder leaves it out."""


@dataclass(frozen=True, slots=True)
class Gain:
    """What brings a track to its loudness: decibels to add, and whether a limiter must hold the peaks."""

    decibels: float
    limit_dbtp: float | None


def probe(ffprobe: str) -> list[str]:
    """Container and streams as JSON on stdout."""
    return [
        ffprobe, "-v", "error", *_flags(_guards()), "-max_pixels", str(MAX_PIXELS),
        "-show_format", "-show_streams", "-show_programs", "-show_entries", "chapter=start_time,end_time",
        "-of", "json", SOURCE,
    ]  # fmt: skip


def scan(ffmpeg_path: str, info: MediaInfo) -> list[str]:
    """Every packet of picture and sound, undecoded, a line each on stdout: what `timeline.Log` reads."""
    source = _source(info, threads=1, from_start=False)
    streams = [source[str(s.index)] for s in ([info.video] if info.video else []) + list(info.audio)]
    return _compile(ffmpeg_path, [ffmpeg.output(*streams, "-", format="framecrc", c="copy", copyinkf=None)])


def fields(ffmpeg_path: str, info: MediaInfo, *, starts: Sequence[float], seconds: float, threads: int) -> list[str]:
    """Decode some passages and count on stderr, for each, how many frames show two instants at once."""
    assert info.video is not None
    outputs = []
    for start in starts:
        passage = _source(info, threads=threads, from_start=False, ss=_sought(info, start), t=f"{seconds:g}")
        outputs.append(ffmpeg.output(passage[str(info.video.index)].filter("idet"), "-", format="null"))
    return _compile(ffmpeg_path, outputs, level="info")


def packets(ffprobe: str, name: str) -> list[str]:
    """Times and flags of every video packet of one of our own files, as CSV: 0.000000,K__"""
    return [
        ffprobe, "-v", "error", "-protocol_whitelist", "file", "-select_streams", "v:0",
        "-show_entries", "packet=pts_time,flags:stream=duration", "-of", "csv=p=0", name,
    ]  # fmt: skip


def sound(ffprobe: str, name: str) -> list[str]:
    """Where the sound of one of our own files starts and how long it is, in seconds, as CSV: 0.000000,10.5"""
    return [
        ffprobe, "-v", "error", "-protocol_whitelist", "file", "-select_streams", "a:0",
        "-show_entries", "stream=start_time,duration", "-of", "csv=p=0", name,
    ]  # fmt: skip


def measure_loudness(
    ffmpeg_path: str, info: MediaInfo, track: AudioStream, recipe: AudioRecipe, *, threads: int
) -> list[str]:
    """EBU R128 of one track as a listener gets it (after the down-mix); the summary is the end of stderr."""
    heard = filters.sound(_source(info, threads=threads), info, track, recipe.channels, recipe.sample_rate, whole=False)
    return _measured(ffmpeg_path, heard)


def measure_our_own(ffmpeg_path: str, name: str, *, threads: int) -> list[str]:
    """EBU R128 of a file that we made."""
    return _measured(ffmpeg_path, ffmpeg.input(name, threads=threads).audio)


def encode(
    ffmpeg_path: str,
    info: MediaInfo,
    renditions: Sequence[PlannedRendition],
    tracks: Sequence[tuple[AudioStream, Gain]],
    *,
    audio: AudioRecipe,
    stream: StreamRecipe,
    passages: Sequence[range],
    threads: int,
    follow: bool = False,
) -> list[str]:
    """Decode once, encode every rendition to v<i>.mp4 and every track to a<i>.mp4. The frames of `passages` are set
    aside in REFERENCE, at the largest size. With `follow` keyframes are where the source has its own. Glimpses of the
    source go beside them (`watch`)."""
    source = _source(info, threads=threads)
    outputs = []
    if renditions:
        assert info.video is not None
        largest = renditions[0]
        decoded = filters.timed(source, info.video, gaps=info.gaps).filter_multi_output("split")
        outputs += watch.source(decoded[1], info.video)
        upright = filters.sdr(decoded[0], info.video, largest.width, largest.height, flags="bicubic")
        picture = upright.filter("fps", fps=str(output_rate(info.video)), start_time=0)
        if info.held_seconds:
            picture = picture.filter("tpad", stop_mode="clone", stop_duration=f"{info.held_seconds:.3f}")
        if passages:
            both = picture.filter_multi_output("split")
            picture = both[0]
            outputs.append(_reference(both[1], passages))
        sizes = [(plan.width, plan.height) for plan in renditions]
        keyframes = "source" if follow else f"expr:gte(t,n_forced*{stream.gop_seconds:g})"
        for i, (plan, scaled) in enumerate(zip(renditions, _cascade(picture, sizes), strict=True)):
            outputs.append(ffmpeg.output(scaled, f"v{i}.mp4", **_video_options(plan, keyframes, threads)))
    for i, (track, gain) in enumerate(tracks):
        heard = filters.sound(source, info, track, audio.channels, audio.sample_rate)
        heard = _normalised(heard, gain, audio)
        outputs.append(ffmpeg.output(heard, f"a{i}.mp4", **_audio_options(audio)))
    outputs += _also_read(source, [a for a in info.audio if a not in {track for track, _ in tracks}])
    return _compile(ffmpeg_path, outputs, progress=True)


def copy(ffmpeg_path: str, info: MediaInfo, *, threads: int) -> list[str]:
    """The picture's packets to v0.mp4, none decoded: only slices and parameter sets, on the exact clock of encodes."""
    video = info.video
    assert video is not None
    rate = output_rate(video)
    filtered = [
        # Nothing but picture: messages (SEI) carry serial numbers and places, fillers and auxiliary pictures nothing.
        f"filter_units=pass_types={_PICTURES}|{_PARAMETER_SETS}",
        "h264_metadata=colour_primaries=1:transfer_characteristics=1:matrix_coefficients=1:video_full_range_flag=0",
        # Frames are steady: each is decoded one after the other, and shown where the rate's grid has it.
        f"setts=time_base={1 / rate}:prescale=1:pts=PTS:dts=N-{video.reordered}:duration=1",
    ]
    source = _source(info, threads=threads)
    options = {"c": "copy", "bsf:v": ",".join(filtered), "tag:v": "avc1", **_private()}
    copied = ffmpeg.output(source[str(video.index)], "v0.mp4", **options)
    return _compile(ffmpeg_path, [copied, *_also_read(source, info.audio)], progress=True)


def units(ffmpeg_path: str, name: str) -> list[str]:
    """List what the packets of one of our own files hold, a file for each of UNITS: all of it; pictures that a
    decoder can begin with; parameter sets."""
    picture = ffmpeg.input(name)["v"]
    outputs = []
    for kind, types in UNITS.items():
        only = {"bsf:v": f"filter_units=pass_types={types}"} if types else {}
        outputs.append(ffmpeg.output(picture, f"{kind}.crc", format="framecrc", c="copy", **only))
    return _compile(ffmpeg_path, outputs)


def decode(ffmpeg_path: str, name: str, *, threads: int) -> list[str]:
    """Decode a copy from end to end; the first error ends it."""
    picture = ffmpeg.input(name, xerror=None, err_detect="explode", threads=threads)["v"]
    return _compile(ffmpeg_path, [ffmpeg.output(picture, "-", format="null", fps_mode="passthrough")], progress=True)


def glimpses(ffmpeg_path: str, names: Sequence[str], *, threads: int) -> list[str]:
    """What renditions show at their keyframes, as `watch` reads it; nothing else of them is decoded."""
    # Without `discard`: where packets are missing ffmpeg guesses times.
    shown = [(name, ffmpeg.input(name, skip_frame="nokey", threads=threads)["v"]) for name in names]
    return _compile(ffmpeg_path, [out for name, picture in shown for out in watch.outputs(picture, name)])


def join(ffmpeg_path: str, inputs: Sequence[Path]) -> list[str]:
    """Copy the first stream of each of our own MP4s into joined.mp4. Nothing is encoded."""
    sources = [word for path in inputs for word in ("-i", str(path))]
    streams = [word for i in range(len(inputs)) for word in ("-map", f"{i}:0")]
    # The index first: the picture comes before the last byte does.
    options = _flags({"c": "copy", **_private()})
    return [
        ffmpeg_path, "-nostdin", "-hide_banner", "-y", "-v", "error", "-protocol_whitelist", "file", *sources,
        *streams, *options, JOINED,
    ]  # fmt: skip


def likeness(
    ffmpeg_path: str,
    videos: Sequence[tuple[str, int, int]],
    *,
    rate: float,
    passages: Sequence[range],
    threads: int,
) -> list[str]:
    """Compare renditions (name, width, height; largest first) with REFERENCE, each at its own size, to vmaf<i>.json.
    Only the passages are decoded."""
    # Both sides in the same words: ffmpeg converts the one that seems to be in another colour space.
    reference = filters.tagged(ffmpeg.input(REFERENCE, threads=threads)).filter("setpts", "N/25/TB")
    outputs = []
    sizes = [(width, height) for _, width, height in videos]
    for i, ((name, _, _), original) in enumerate(zip(videos, _cascade(reference, sizes), strict=True)):
        # Half a frame early: times are rounded. `trim` by count, because both sides must have the same frames.
        parts = [
            ffmpeg.input(
                name, threads=threads, ss=f"{max(0.0, (p.start - 0.5) / rate):.6f}", t=f"{(len(p) + 1) / rate:.6f}"
            ).filter("trim", end_frame=len(p))
            for p in passages
        ]
        made = ffmpeg.concat(*parts) if len(parts) > 1 else parts[0]
        compared = ffmpeg.filter(
            [filters.tagged(made).filter("setpts", "N/25/TB"), original], "libvmaf", feature="name=psnr",
            log_fmt="json", log_path=f"vmaf{i}.json", n_subsample=_COMPARED_EVERY, n_threads=threads,
        )  # fmt: skip
        outputs.append(ffmpeg.output(compared, "-", format="null"))
    return _compile(ffmpeg_path, outputs)


def keyframe_tiles(
    ffmpeg_path: str,
    info: MediaInfo,
    *,
    interval_seconds: float,
    width: int,
    height: int,
    only_keyframes: bool,
    threads: int,
) -> list[str]:
    """Small RGB pictures at least an interval apart to tiles.rgb, their times to tiles.txt. Decoding only keyframes
    costs a small share of a full decode."""
    assert info.video is not None
    # `discard`: a container with an index need not even read the other packets, which halves the cost again.
    decode: dict[str, Any] = {"skip_frame": "nokey", "discard": "nokey"} if only_keyframes else {}
    spaced = f"isnan(prev_selected_t)+gte(t-prev_selected_t,{interval_seconds:.3f}-0.001)"
    tiles = (
        filters.picture(
            _source(info, threads=threads, **decode), info.video, width, height, flags="area", gaps=info.gaps
        )
        .filter("select", spaced)
        .filter("metadata", "add", key="tile", value="1")  # `print` shows only frames that carry metadata
        .filter("metadata", "print", file="tiles.txt")
    )
    return _compile(ffmpeg_path, [_raw_rgb(tiles, "tiles.rgb")])


def picture(ffmpeg_path: str, info: MediaInfo, *, at: float, width: int, height: int, threads: int) -> list[str]:
    """One JPEG, poster.jpg."""
    assert info.video is not None
    source = _source(info, threads=threads, from_start=False, ss=_sought(info, at))
    frame = filters.picture(source, info.video, width, height, flags="lanczos")
    # JPEG is full range by definition; without saying so players show it washed out.
    frame = frame.filter("scale", out_range="pc").filter("format", "yuvj420p")
    options = {"frames:v": 1, "c:v": "mjpeg", "q:v": 3, "map_metadata": -1, "update": 1}
    return _compile(ffmpeg_path, [ffmpeg.output(frame, "poster.jpg", **options)])


def preview(
    ffmpeg_path: str,
    info: MediaInfo,
    *,
    starts: Sequence[float],
    seconds: float,
    rate: int,
    width: int,
    height: int,
    threads: int,
) -> list[str]:
    """Passages one after the other as an animated WebP, preview.webp. Only they are decoded."""
    assert info.video is not None
    passages = []
    for start in starts:
        source = _source(info, threads=threads, from_start=False, ss=_sought(info, start), t=f"{seconds:g}")
        small = filters.picture(source, info.video, width, height, flags="area")
        passages.append(small.filter("fps", rate).filter("setpts", "PTS-STARTPTS"))
    shown = ffmpeg.concat(*passages) if len(passages) > 1 else passages[0]
    options = {"c:v": "libwebp_anim", "q:v": 60, "compression_level": 4, "loop": 0, "map_metadata": -1}
    return _compile(ffmpeg_path, [ffmpeg.output(shown, "preview.webp", **options)])


def look(
    ffmpeg_path: str, info: MediaInfo, *, every_seconds: float, width: int, height: int, threads: int
) -> list[str]:
    """One decode: RGB frames to frames.rgb with their times in frames.txt, scene cuts to scenes.txt."""
    assert info.video is not None
    small = filters.picture(
        _source(info, threads=threads), info.video, width, height, flags="fast_bilinear", gaps=info.gaps
    )
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


def speech(ffmpeg_path: str, info: MediaInfo, track: AudioStream, *, threads: int) -> list[str]:
    """The track as PCM for a recogniser, speech.pcm; silence stands in where it starts late."""
    heard = filters.sound(_source(info, threads=threads), info, track, 1, 16000)
    options = {"format": "s16le", "c:a": "pcm_s16le"}
    return _compile(ffmpeg_path, [ffmpeg.output(heard, "speech.pcm", **options)])


def text(ffmpeg_path: str, info: MediaInfo, stream: TextStream, *, most_bytes: int) -> list[str]:
    """One embedded text track as text.ass, the one form that every decoder of text gives without loss; cut off just
    above a size that no honest track has."""
    track = _source(info, threads=1)[str(stream.index)]
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
        "codec_whitelist": ",".join(sorted(decoders.ALLOWED)),
        # One allocation beyond this is a bomb, not a frame: 8K in 16 bits and four planes is 265 MB.
        "max_alloc": 1_000_000_000,
    }


def _source(info: MediaInfo, *, threads: int, from_start: bool = True, **options: Any) -> Any:
    """The upload, on the media's clock, or on the demuxer's own. `threads` for each decoder: memory grows with them,
    and by itself ffmpeg takes as many as the machine has."""
    if from_start and info.start_seconds:
        options["itsoffset"] = f"{-info.start_seconds:.6f}"
    if info.video and not info.video.turned:
        options["reinit_filter:v"] = 0  # `filters.picture` takes what comes
    if info.video and info.video.pixel_format == "yuva420p" and info.video.codec in ALPHA_DECODERS:
        options[f"c:{info.video.index}"] = ALPHA_DECODERS[info.video.codec]
    # The demuxer is forced to what admission saw: content is judged once.
    return ffmpeg.input(SOURCE, f=info.demuxer, threads=threads, max_pixels=MAX_PIXELS, **_guards(), **options)


def _sought(info: MediaInfo, at: float) -> str:
    """`ss` for an instant of the media: it counts from the demuxer's start, and over gaps."""
    return f"{max(0.0, info.told(at) + info.start_seconds):.3f}"


def _also_read(source: Any, tracks: Sequence[AudioStream]) -> list[Any]:
    """An output that throws these away. In some containers ffmpeg's clock begins where the first stream does that is
    read: it must begin where it did at admission."""
    streams = [source[str(track.index)] for track in tracks]
    return [ffmpeg.output(*streams, "-", format="null", c="copy")] if streams else []


def _reference(picture: Any, passages: Sequence[range]) -> Any:
    wanted = "+".join(f"between(n,{p.start},{p.stop - 1})" for p in passages)
    options = {"c:v": "ffv1", "map_metadata": -1, "format": "nut", "fps_mode": "passthrough"}
    return ffmpeg.output(picture.filter("select", wanted), REFERENCE, **options)


def _cascade(picture: Any, sizes: Sequence[tuple[int, int]]) -> list[Any]:
    """Each size is scaled from the next larger one: a small rung costs little, and looks no worse."""
    scaled = []
    for i, (width, height) in enumerate(sizes):
        size = picture.filter("scale", width, height, flags="bicubic").filter("setsar", 1)
        if i + 1 < len(sizes):
            branches = size.filter_multi_output("split")
            scaled.append(branches[0])
            picture = branches[1]
        else:
            scaled.append(size)
    return scaled


def _video_options(plan: PlannedRendition, keyframes: str, threads: int) -> dict[str, Any]:
    rung = plan.rung
    return {
        **ENCODERS[rung.codec],
        "preset": rung.preset,
        "crf": rung.crf,
        "maxrate": rung.max_bitrate,
        "bufsize": 2 * rung.max_bitrate,
        # The same instants in every rung, so that a player can switch at any of them; the encoder adds none.
        "force_key_frames": keyframes,
        "g": 100_000,
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
    words = [str(word) for word in ffmpeg.compile(spec, cmd=ffmpeg_path)]
    if "-filter_complex" not in words:
        return words
    at = words.index("-filter_complex")
    graphs = [word for graph in filters.separated(words[at + 1]) for word in ("-filter_complex", graph)]
    return words[:at] + graphs + words[at + 2 :]


def _measured(ffmpeg_path: str, heard: Any) -> list[str]:
    loudness = heard.filter("ebur128", peak="true", framelog="quiet")
    return _compile(ffmpeg_path, [ffmpeg.output(loudness, "-", format="null")], level="info", progress=True)


def _flags(options: Mapping[str, Any]) -> list[str]:
    return [word for name, value in options.items() for word in (f"-{name}", str(value))]


def _even(pixels: float) -> int:
    return max(2, round(pixels / 2) * 2)
