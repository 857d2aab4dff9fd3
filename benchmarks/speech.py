"""Word error rate and cost of every speech model that the recipes name, over utterances whose text is known.

    python benchmarks/speech.py [--clips DIRECTORY]

Each model runs in a process of its own, over all utterances twice: once to be warm, once to be measured. What is not
installed is named and left out: the demo packages (requirements-demo.lock), benchmarks/speech.lock (44 s of Dickens),
the extra openai-whisper. `--clips` adds a directory of NAME.wav beside NAME.txt.
"""

import argparse
import json
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from media_pipeline.cli.demo import NoDemoMedia, packaged_file
from media_pipeline.domain.errors import Unavailable
from media_pipeline.infrastructure import recipes, voice
from media_pipeline.infrastructure.settings import Settings
from media_pipeline.infrastructure.speech import Recognisers

BECKETT = "Ever tried. Ever failed. No matter. Try again. Fail again. Fail better."
DICKENS = """It was the best of times, it was the worst of times, it was the age of wisdom, it was the age of
foolishness, it was the epoch of belief, it was the epoch of incredulity, it was the season of Light, it was the season
of Darkness, it was the spring of hope, it was the winter of despair, we had everything before us, we had nothing before
us, we were all going direct to Heaven, we were all going direct the other way. In short, the period was so far like the
present period, that some of its noisiest authorities insisted on its being received, for good or for evil, in the
superlative degree of comparison only."""
PACKAGED = (
    ("useful-moonshine-onnx", "beckett.wav", BECKETT),
    ("moonshine-voice", "two_cities.wav", DICKENS),
)


@dataclass(frozen=True)
class Score:
    """Of one model: words wrong of how many, and what it took."""

    wrong: int
    words: int
    cpu: float
    wall: float
    audio: float
    memory: int
    """bytes, the most at any time"""


def words_of(text: str) -> list[str]:
    """As they are compared: without case and punctuation, hyphens parting words."""
    return re.findall(r"\w+(?:['’]\w+)?", text.casefold())


def word_errors(truth: Sequence[str], heard: Sequence[str]) -> int:
    """Words to put in, leave out or change: Levenshtein's distance."""
    row = list(range(len(heard) + 1))
    for i, word in enumerate(truth, start=1):
        diagonal, row[0] = row[0], i
        for j, other in enumerate(heard, start=1):
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + (word != other))
    return row[-1]


def utterances(clips: Path | None) -> Iterator[tuple[Path, str]]:
    for package, name, text in PACKAGED:
        try:
            yield packaged_file(package, name), text
        except NoDemoMedia:
            print(f"left out: {name} of {package} is not installed", file=sys.stderr)
    for wav in sorted(clips.glob("*.wav")) if clips else ():
        yield wav, wav.with_suffix(".txt").read_text(encoding="utf-8")


def score(name: str, clips: Path | None, settings: Settings) -> Score:
    """Measured in this process, which should do nothing else."""
    model = recipes.load().speech[name]
    recogniser = Recognisers(settings.models_dir)
    wrong = words = 0
    audio = 0.0
    with tempfile.TemporaryDirectory() as folder:
        known = []
        for i, (wav, text) in enumerate(utterances(clips)):
            pcm = Path(folder) / f"{i}.pcm"
            argv = [settings.ffmpeg_path, "-v", "error", "-i", str(wav), "-ac", "1", "-ar", "16000", "-f", "s16le"]
            subprocess.run([*argv, str(pcm)], check=True, stdin=subprocess.DEVNULL)
            known.append((pcm, words_of(text)))
        for measured in (False, True):
            cpu, wall = time.process_time(), time.monotonic()
            for pcm, truth in known:
                said = recogniser.transcribe(pcm, model=model, language=None, progress=lambda _: None)
                if measured:
                    wrong += word_errors(truth, words_of(said.text if said else ""))
                    words += len(truth)
                    audio += voice.duration(pcm)
    cpu, wall = time.process_time() - cpu, time.monotonic() - wall
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return Score(wrong, words, cpu, wall, audio, peak)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=Path)
    parser.add_argument("--model", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.model:
        try:
            print(json.dumps(asdict(score(asked.model, asked.clips, Settings()))))
        except Unavailable as absent:
            sys.exit(absent.message)
        return
    again = [sys.executable, __file__, *(["--clips", str(asked.clips)] if asked.clips else [])]
    if not list(utterances(asked.clips)):
        sys.exit("There is nothing to listen to.")
    print("| model | engine, weights | word error rate | CPU s per audio s | real time | peak memory |")
    print("|---|---|---|---|---|---|")
    for name, model in recipes.load().speech.items():
        done = subprocess.run([*again, "--model", name], capture_output=True, text=True, check=False)
        told = f"| {name} | {model.engine} {model.weights}, beam {model.beam_size} |"
        if done.returncode:
            print(f"{told} {done.stderr.strip().splitlines()[-1]} | | | |")
            continue
        s = Score(**json.loads(done.stdout))
        rate = f"{s.wrong / s.words:.1%} ({s.wrong} of {s.words})"
        print(
            f"{told} {rate} | {s.cpu / s.audio:.3f} | {s.wall / s.audio:.3f} | {s.memory / 1e6:,.0f} MB |", flush=True
        )


if __name__ == "__main__":
    main()
