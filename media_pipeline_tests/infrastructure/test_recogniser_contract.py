"""What every Recogniser promises: the fake and both engines, over the same recordings."""

import importlib.util
import re
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from media_pipeline.application.ports.tools import Recogniser
from media_pipeline.cli.demo import SPEECH, packaged_file
from media_pipeline.domain.errors import Cancelled, QuarantineCode, Unavailable
from media_pipeline.domain.profile import SpeechModel
from media_pipeline.domain.transcript import Transcript
from media_pipeline.infrastructure.faster_whisper import FasterWhisper
from media_pipeline.infrastructure.models import resolve_speech
from media_pipeline_tests.fake_models import ScriptedRecogniser
from media_pipeline_tests.media import make, settings
from media_pipeline_tests.sounds import SOUNDS

pytestmark = pytest.mark.slow

LINE = "Ever tried. Ever failed. No matter. Try again. Fail again. Fail better."
TINY = {
    "faster": SpeechModel("tiny", "faster-whisper", "tiny.en", 1),
    "openai": SpeechModel("tiny", "openai-whisper", "tiny.en", 1),
    "scripted": SpeechModel("any", "faster-whisper", "any", 1),
}
LIKE_SPEECH = {"one long ah", "sung vowels"}
"""sounds that are listened to before they are found to be nobody's speech"""
PCM = ["-ac", "1", "-ar", "16000", "-f", "s16le"]


def openai() -> Recogniser:
    if importlib.util.find_spec("whisper") is None:
        pytest.skip("openai-whisper is not installed: pip install --no-deps -r requirements-openai-whisper.lock")
    from media_pipeline.infrastructure.openai_whisper import OpenAiWhisper

    return OpenAiWhisper(settings().models_dir)


MAKERS: dict[str, Callable[[], Recogniser]] = {
    "scripted": lambda: ScriptedRecogniser(LINE),
    "faster": lambda: FasterWhisper(settings().models_dir),
    "openai": openai,
}


@pytest.fixture(scope="module", params=["scripted", "faster", pytest.param("openai", marks=pytest.mark.openai_whisper)])
def engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def recogniser(engine: str) -> Recogniser:
    return MAKERS[engine]()


@pytest.fixture(scope="module")
def beckett(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten seconds of read English, after two of silence."""
    to = tmp_path_factory.mktemp("speech") / "beckett.pcm"
    return make(to, "-i", str(packaged_file(*SPEECH)), "-af", "adelay=2000:all=1", *PCM)


@pytest.fixture(scope="module")
def heard(recogniser: Recogniser, engine: str, beckett: Path) -> tuple[Transcript, list[float]]:
    told: list[float] = []
    transcript = recogniser.transcribe(beckett, model=TINY[engine], language="en", progress=told.append)
    assert transcript is not None
    return transcript, told


def plain(text: str) -> list[str]:
    return re.findall(r"[a-z]+", text.lower())


def test_it_writes_what_is_said(heard: tuple[Transcript, list[float]]) -> None:
    assert plain(heard[0].text) == plain(LINE)


def test_words_are_in_order_apart_and_inside_the_recording(heard: tuple[Transcript, list[float]]) -> None:
    words = heard[0].words
    assert all(0 <= w.start < w.end <= 12.0 and 0 <= w.confidence <= 1 for w in words)
    assert all(one.end <= following.start for one, following in pairwise(words))
    assert words[0].start == pytest.approx(2.1, abs=0.4)


def test_progress_grows_to_one(heard: tuple[Transcript, list[float]]) -> None:
    told = heard[1]
    assert told == sorted(told)
    assert told[-1] == 1.0
    assert len(told) > 1


def test_a_given_language_is_kept(heard: tuple[Transcript, list[float]]) -> None:
    assert (heard[0].language, heard[0].language_confidence) == ("en", 1.0)


@pytest.mark.parametrize(
    "sound",
    [
        "anullsrc=d=5:r=16000",
        "anoisesrc=d=5:a=0.3:r=16000:seed=1",
        "sine=440:d=5",
        "anoisesrc=d=5:c=brown:a=0.5:seed=2",
    ],
)
def test_nobody_speaks_in_silence_noise_and_tones(
    recogniser: Recogniser, engine: str, tmp_path: Path, sound: str
) -> None:
    pcm = make(tmp_path / "sound.pcm", "-f", "lavfi", "-i", sound, *PCM)
    told: list[float] = []
    assert recogniser.transcribe(pcm, model=TINY[engine], language=None, progress=told.append) is None
    assert told[-1] == 1.0


@pytest.mark.parametrize("samples", [0, 1, 200])
def test_next_to_nothing_is_nobody_speaking(recogniser: Recogniser, engine: str, tmp_path: Path, samples: int) -> None:
    pcm = tmp_path / "short.pcm"
    pcm.write_bytes(b"\0\0" * samples)
    assert recogniser.transcribe(pcm, model=TINY[engine], language=None, progress=lambda _: None) is None


def test_it_stops_when_the_job_is_cancelled(recogniser: Recogniser, engine: str, beckett: Path) -> None:
    def cancel(_: float) -> None:
        raise Cancelled("The job was cancelled.")

    with pytest.raises(Cancelled):
        recogniser.transcribe(beckett, model=TINY[engine], language="en", progress=cancel)


def test_its_build_names_a_version(recogniser: Recogniser) -> None:
    assert re.search(r"\d", recogniser.build)


@pytest.fixture(params=["faster", pytest.param("openai", marks=pytest.mark.openai_whisper)])
def real(request: pytest.FixtureRequest) -> tuple[Recogniser, SpeechModel]:
    return MAKERS[request.param](), TINY[request.param]


def test_the_language_is_found_by_a_multilingual_model(real: tuple[Recogniser, SpeechModel], beckett: Path) -> None:
    recogniser, tiny = real
    base = SpeechModel("base", tiny.engine, "base", 1)
    transcript = recogniser.transcribe(beckett, model=base, language=None, progress=lambda _: None)
    assert transcript is not None
    assert transcript.language == "en"
    assert 0.8 < transcript.language_confidence <= 1
    assert plain(transcript.text) == plain(LINE)


def test_a_language_the_model_does_not_know_is_unavailable(real: tuple[Recogniser, SpeechModel], beckett: Path) -> None:
    recogniser, tiny = real
    with pytest.raises(Unavailable, match="tiny does not know the language de"):
        recogniser.transcribe(beckett, model=tiny, language="de", progress=lambda _: None)


@pytest.mark.parametrize(
    "content",
    [
        "",
        pytest.param("{}", marks=pytest.mark.slow),
        pytest.param('{"model": {"type": "BPE", "vocab": 3}}', marks=pytest.mark.slow),
        '{"version": "1.0", "added',
    ],
)
def test_a_broken_tokenizer_is_unavailable(beckett: Path, tmp_path: Path, content: str) -> None:
    whole = resolve_speech("tiny.en", "faster-whisper", cache=settings().models_dir, allow_download=False).path
    given = tmp_path / "given"
    given.mkdir()
    for file in whole.iterdir():
        (given / file.name).symlink_to(file)
    (given / "tokenizer.json").unlink()
    (given / "tokenizer.json").write_text(content)
    model = SpeechModel("given", "faster-whisper", str(given), 1)
    with pytest.raises(Unavailable, match=r"tokenizer\.json is not a tokenizer") as caught:
        MAKERS["faster"]().transcribe(beckett, model=model, language="en", progress=lambda _: None)
    assert caught.value.code is QuarantineCode.INTERNAL


@pytest.mark.parametrize(
    "sound", [pytest.param(s, marks=pytest.mark.slow if s in LIKE_SPEECH else ()) for s in sorted(SOUNDS)]
)
def test_nobody_speaks_in_humming_singing_and_music(
    real: tuple[Recogniser, SpeechModel], tmp_path: Path, sound: str
) -> None:
    recogniser, tiny = real
    pcm = tmp_path / "sound.pcm"
    pcm.write_bytes(SOUNDS[sound]())
    base = SpeechModel("base", tiny.engine, "base", 1)
    assert recogniser.transcribe(pcm, model=base, language=None, progress=lambda _: None) is None


def test_a_broken_model_is_unavailable(real: tuple[Recogniser, SpeechModel], beckett: Path, tmp_path: Path) -> None:
    recogniser, tiny = real
    weights = tmp_path / "broken.pt"
    if tiny.engine == "faster-whisper":
        weights = tmp_path / "broken"
        weights.mkdir()
        (weights / "model.bin").write_bytes(b"broken")
        (weights / "tokenizer.json").write_text("{}")
    else:
        weights.write_bytes(b"broken")
    broken = SpeechModel("broken", tiny.engine, str(weights), 1)
    with pytest.raises(Unavailable) as caught:
        recogniser.transcribe(beckett, model=broken, language="en", progress=lambda _: None)
    assert caught.value.code is QuarantineCode.INTERNAL
    assert str(tmp_path) not in caught.value.message
