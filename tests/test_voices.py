# ruff: noqa: RUF001 - other scripts than Latin
"""Which voice speaks which part of a text; the real Japanese voice; what no voice can say."""

import itertools
import json
import socket
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from assistant.audio.devices import meter
from assistant.config import SpeechConfig
from assistant.errors import ModelDamaged, SpeechFailed
from assistant.speech.files import VOICES, fetched
from assistant.speech.japanese import LONGEST, JapaneseVoice
from assistant.speech.piper import PiperVoice
from assistant.speech.voices import NO_VOICE, SentenceVoice, Voices
from assistant.stages import AudioClip
from tests.soak import asked

ESPEAK = SpeechConfig(voice="espeak")
GREETING = "おはようございます。"


class Speaks:
    """A voice that writes down what it says; `rate_hz` is its own, `sayable` what it can say."""

    def __init__(self, language: str, rate_hz: int = 22_050, *, sayable: str = "") -> None:
        self.language, self.rate_hz, self.sayable = language, rate_hz, sayable
        self.said: list[str] = []

    def speaks(self, language: str) -> bool:
        return language == self.language

    def say(self, sentence: str, language: str) -> AudioClip:
        if self.sayable not in sentence:
            raise SpeechFailed("no", remedy="none")
        self.said.append(sentence)
        return AudioClip(np.full(1000, 8000, np.int16), self.rate_hz)

    def stop(self) -> None: ...


async def spoken(text: str, language: str, *voices: SentenceVoice, config: SpeechConfig = ESPEAK) -> list[AudioClip]:
    speaking = Voices(config)
    speaking._voices = list(voices) or speaking._voices
    try:
        return [clip async for clip in speaking.clips(text, language)]
    finally:
        await speaking.aclose()


def description(folder: Path, name: str, voice: object, **more: object) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.onnx").write_bytes(b"no model")
    (folder / f"{name}.onnx.json").write_text(json.dumps({"espeak": {"voice": voice}, **more}))
    return folder / f"{name}.onnx"


# --- who speaks what --------------------------------------------------------------------------------------------------


async def test_each_part_of_a_mixed_sentence_has_the_voice_of_its_script() -> None:
    """The reply counts as Japanese; its English is English all the same, and each voice keeps its rate."""
    english, japanese = Speaks("en"), Speaks("ja", 48_000)
    clips = await spoken(f"Good morning in Japanese is {GREETING} Nice, isn't it?", "ja", english, japanese)
    assert english.said == ["Good morning in Japanese is", "Nice, isn't it?"]
    assert japanese.said == [GREETING]
    assert [clip.rate_hz for clip in clips] == [22_050, 48_000, 22_050]


async def test_a_name_in_a_sentence_of_another_script_stays_in_it() -> None:
    """No voice changes for one word; digits and marks never change it."""
    japanese = Speaks("ja")
    await spoken("LEDを30%にしました。", "ja", japanese, Speaks("en"))
    assert japanese.said == ["LEDを30%にしました。"]


async def test_the_latin_part_is_in_the_language_of_the_answers() -> None:
    """A German home's."""
    german = Speaks("de")
    await spoken(
        f"Guten Morgen heißt {GREETING}", "ja", german, Speaks("ja"), config=SpeechConfig(voice="espeak", language="de")
    )
    assert german.said == ["Guten Morgen heißt"]


async def test_a_language_without_a_voice_is_told_in_english() -> None:
    """Once a sentence, and the text was shown; a sentence that English can't say either is a failure."""
    english = Speaks("en")
    await spoken("Γειά σου.", "en", english)
    assert english.said == [NO_VOICE]
    with pytest.raises(SpeechFailed, match="no voice speaks 'el'"):
        await spoken("Γειά σου.", "en", Speaks("en", sayable="x"))


async def test_what_espeak_cannot_speak_is_told_in_english() -> None:
    """The real one: a language that isn't there."""
    (told,) = await spoken("hm", "xx")
    (same,) = await spoken(NO_VOICE, "en")
    assert told.duration_s == pytest.approx(same.duration_s, abs=0.05)


# --- voices that were fetched -----------------------------------------------------------------------------------------


def test_fetched_voices_are_found_by_language_and_the_first_folder_counts(tmp_path: Path) -> None:
    """Without its description a voice isn't there."""
    one = description(tmp_path / "a" / VOICES, "de_DE-x-medium", "de")
    description(tmp_path / "b" / VOICES, "de_DE-y-medium", "de")
    other = description(tmp_path / "b" / VOICES, "zh_CN-z-medium", "cmn")
    (tmp_path / "b" / VOICES / "fr_FR-half.onnx").touch()
    assert fetched([tmp_path / "a", tmp_path / "b"]) == {"de": one, "zh": other}
    assert PiperVoice(other).speaks("zh")


async def test_a_fetched_voice_that_is_damaged_lets_espeak_speak(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Its description: told at the start. Its network: told at the first sentence. Spoken both times."""
    description(tmp_path / VOICES, "de_DE-x-medium", "de")
    description(tmp_path / VOICES, "fr_FR-x-medium", 3, audio=[])
    description(tmp_path / VOICES, "es_ES-x-medium", "es", audio={"sample_rate": 0})
    voices = Voices(SpeechConfig(), [tmp_path])
    assert "fr_FR-x-medium.onnx.json" in caplog.text
    assert "0 samples a second" in caplog.text
    clips = [
        c for text, of in (("Das Licht ist an.", "de"), ("La lumière.", "fr")) async for c in voices.clips(text, of)
    ]
    await voices.aclose()
    assert all(clip.duration_s > 0.2 for clip in clips)
    assert "de_DE-x-medium.onnx can't speak" in caplog.text


@pytest.mark.parametrize("rate_hz", [0, -1, 1e9])
def test_a_rate_that_no_voice_has_is_damage(tmp_path: Path, rate_hz: float) -> None:
    """Before anything divides by it."""
    with pytest.raises(ModelDamaged):
        PiperVoice(description(tmp_path, "x", "en", audio={"sample_rate": rate_hz}))


# --- the real Japanese voice ------------------------------------------------------------------------------------------


def test_the_japanese_voice_says_every_phoneme_for_as_long_as_the_reference_does() -> None:
    """Kanji too. The labels come from its own front end, the durations from its own engine: the sound must fit them."""
    import pyopenjtalk

    assert pyopenjtalk.g2p(GREETING) == "o h a y o o g o z a i m a s U"
    assert pyopenjtalk.g2p("電気をつけました。") == "d e N k i o ts u k e m a sh I t a"
    for text in (GREETING, "電気をつけました。"):
        clip = JapaneseVoice().say(text, "ja")
        labels = pyopenjtalk.extract_fullcontext(text)
        reference, rate_hz = pyopenjtalk.synthesize(labels)
        assert clip.rate_hz == rate_hz == 48_000
        assert len(clip.samples) == len(reference)
        mine, theirs = (np.abs(np.fft.rfft(np.asarray(sound, float))) for sound in (clip.samples, reference))
        assert np.corrcoef(mine, theirs)[0, 1] > 0.999  # levelled, not bent
        assert -30 < meter(clip.samples).rms_dbfs < -12
        assert meter(clip.samples).peak_dbfs < -0.1


def test_the_japanese_voice_opens_no_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its dictionary is in the wheel."""

    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError

    monkeypatch.setattr(socket, "socket", refuse)
    assert JapaneseVoice().say("東京。", "ja").duration_s > 0.5


@pytest.mark.parametrize("text", ["", "。", "🙂", "한국어", "あ" * (LONGEST + 1), "a" * LONGEST])
def test_what_has_no_sound_or_runs_away_is_a_failure(text: str) -> None:
    """Its filter answers 6e63 to a row of vowels; espeak speaks then."""
    with pytest.raises(SpeechFailed):
        JapaneseVoice().say(text, "ja")


# --- bad texts, with the real espeak and Japanese voice ------------------------------------------------------------

BAD = {
    "empty": "", "space": " \n\t ", "emoji": "🙂🎉", "control": "\x00\x01\x1b[31m\x07", "marks": "... --- !!!",
    "surrogate": "\udcff\ud800", "zero width": "\u200b\u200d\ufeff",
}  # fmt: skip
ODD = {
    "control inside": "Kitchen\x00 light\x07 on.", "surrogate inside": "Light\udcff on.", "html": "<b>Light</b> on",
    "long word": "a" * 5000, "ten thousand": "word " * 2000, "ten thousand signs": "あかり" * 3334,
    "scripts": "Hi おはよう Привет 你好 مرحبا สวัสดี नमस्ते γειά", "emoji inside": "Done 🎉 really",
    "combining": "a" + "\u0301" * 300, "right to left": "\u202eabc\u202c def",
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize("language", ["en", "ja", "de"])
async def test_what_has_nothing_to_say_is_no_sound_and_no_error(name: str, language: str) -> None:
    """In any language."""
    assert await spoken(BAD[name], language) == []


@pytest.mark.parametrize("name", ODD)
async def test_odd_texts_are_spoken_in_pieces_of_bounded_length(name: str) -> None:
    """Mixed scripts, 10,000 characters, control characters: no piece is longer than a breath of half a minute."""
    voices = Voices(ESPEAK)
    clips = []
    async for clip in voices.clips(ODD[name], "en"):
        clips.append(clip)
        if len(clips) == 3:
            break
    await voices.aclose()
    assert clips
    assert all(0 < clip.duration_s < 90 for clip in clips)
    assert all(a.rate_hz > 0 for a in itertools.islice(clips, 3))


@pytest.mark.models
def test_a_long_sentence_leaves_no_memory_taken() -> None:
    """A network's runtime would keep for ever what the longest one needed: 242 MB after this one."""
    voice = Voices(SpeechConfig())._voices[0]
    assert isinstance(voice, PiperVoice)
    voice.say("Kitchen light on.", "en")
    before = asked()
    voice.say("It will rain in the morning, be cloudy at noon, and clear up a bit in the evening. " * 2, "en")
    assert asked() - before < 20e6
