"""Voices with fakes, and the real espeak and Piper."""

import asyncio
import gc
import json
import sys
import threading
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest
from piper import PiperVoice as PiperNetwork
from piper import espeakbridge
from piper.config import PiperConfig

from assistant.audio.devices import meter
from assistant.config import SpeechConfig
from assistant.errors import ModelDamaged, ModelMissing, SpeechFailed
from assistant.speech.espeak import EspeakVoice
from assistant.speech.files import find_voice
from assistant.speech.piper import PiperVoice
from assistant.speech.voices import SentenceVoice, Voices
from assistant.stages import AudioClip
from tests.soak import asked

ESPEAK = SpeechConfig(voice="espeak")


class FakeVoice:
    """Speaks one sample a letter, and writes down what, and in which thread."""

    def __init__(self, language: str, *, fails_at: str = "nothing") -> None:
        self.language = language
        self.fails_at = fails_at
        self.said: list[str] = []
        self.threads: set[str] = set()
        self.may_go_on = threading.Event()
        self.may_go_on.set()
        self.stopped = 0

    def speaks(self, language: str) -> bool:
        return language == self.language

    def say(self, sentence: str, language: str) -> AudioClip:
        self.said.append(sentence)
        self.threads.add(threading.current_thread().name)
        assert self.may_go_on.wait(5)
        if self.fails_at in sentence:
            raise SpeechFailed(f"can't say {sentence}", remedy="none")
        return AudioClip(np.full(len(sentence), 8000, np.int16), 22_050)

    def stop(self) -> None:
        self.stopped += 1


def voices_of(*voices: SentenceVoice) -> Voices:
    speaking = Voices(ESPEAK)
    speaking._voices = list(voices)
    return speaking


def files(folder: Path) -> list[Path]:
    return list(folder.glob("*/*"))


async def lengths(voices: Voices, text: str, language: str = "en") -> list[int]:
    return [len(clip.samples) async for clip in voices.clips(text, language)]


# --- fakes -----------------------------------------------------------------------------------------------------------


async def test_a_text_is_spoken_sentence_by_sentence_in_one_thread_of_its_own() -> None:
    """A clip a sentence, in order."""
    voice = FakeVoice("en")
    voices = voices_of(voice)
    assert await lengths(voices, "One. Three! Fourteen?") == [4, 6, 9]
    assert await lengths(voices, "") == []
    await voices.aclose()
    assert voice.said == ["One.", "Three!", "Fourteen?"]
    (thread,) = voice.threads
    assert thread.startswith("speech")


async def test_the_next_sentence_is_made_while_the_last_is_heard_and_no_more() -> None:
    """One ahead: a long text that is stopped has cost at most one sentence too many."""
    voice = FakeVoice("en")
    voices = voices_of(voice)
    clips = voices.clips("One. Two. Three. Four. Five.", "en")
    await anext(clips)
    await asyncio.wrap_future(voices._thread.submit(lambda: None))  # behind everything that was asked of the thread
    assert voice.said == ["One.", "Two."]
    await anext(clips)
    await asyncio.wrap_future(voices._thread.submit(lambda: None))
    assert voice.said == ["One.", "Two.", "Three."]
    await voices.aclose()


async def test_abandoning_the_clips_stops_the_work_at_the_next_sentence() -> None:
    """Cancelled while the first sentence is in the making: the second never begins."""
    voice = FakeVoice("en")
    voice.may_go_on.clear()
    voices = voices_of(voice)
    listening = asyncio.create_task(lengths(voices, "One. Two. Three."))
    while not voice.said:  # noqa: ASYNC110 - it happens in a thread
        await asyncio.sleep(0)
    listening.cancel()
    await asyncio.wait([listening])
    voice.may_go_on.set()
    await voices.aclose()
    assert voice.said == ["One."]


async def test_the_language_picks_the_voice() -> None:
    """The first voice that speaks it."""
    english, japanese = FakeVoice("en"), FakeVoice("ja")
    voices = voices_of(english, japanese)
    await lengths(voices, "あかり。", "ja")
    await lengths(voices, "Light.", "en")
    await voices.aclose()
    assert (english.said, japanese.said) == (["Light."], ["あかり。"])


async def test_when_a_voice_fails_the_next_one_speaks_that_sentence() -> None:
    """No sentence is lost or said twice, and the better voice is tried again for the next one."""
    good, robot = FakeVoice("en", fails_at="Two"), FakeVoice("en")
    voices = voices_of(good, robot)
    assert await lengths(voices, "One. Two. Three.") == [4, 4, 6]
    await voices.aclose()
    assert good.said == ["One.", "Two.", "Three."]
    assert robot.said == ["Two."]


async def test_speech_fails_only_if_no_voice_works_and_the_next_text_is_spoken() -> None:
    """With the reason of the last voice tried."""
    voices = voices_of(FakeVoice("en", fails_at="Two"), FakeVoice("en", fails_at="Two"))
    with pytest.raises(SpeechFailed, match="can't say Two"):
        await lengths(voices, "One. Two. Three.")
    assert await lengths(voices, "Three.") == [6]
    await voices.aclose()


# --- prepared phrases and pieces --------------------------------------------------------------------------------------


async def prepared(tmp_path: Path, voice: FakeVoice) -> Voices:
    voices = Voices(ESPEAK, phrases=tmp_path)
    await asyncio.wrap_future(voices._thread.submit(voices._open_store, tmp_path))
    voices._voices = [voice]
    return voices


async def test_a_prepared_phrase_is_not_synthesized_again_also_after_a_restart(tmp_path: Path) -> None:
    """Made once, found by what is said after numbers were put into words, and never written by being said."""
    voice = FakeVoice("en")
    voices = await prepared(tmp_path, voice)
    assert await voices.prepare("It's 20.0°C.") is True
    assert await voices.prepare("It's 20 degrees Celsius.") is False
    assert await lengths(voices, "It's 20°C. Really so.") == [24, 10]
    await voices.aclose()
    again = await prepared(tmp_path, voice)
    assert await lengths(again, "It's 20 degrees Celsius.") == [24]
    await again.aclose()
    assert voice.said == ["It's 20 degrees Celsius.", "Really so."]


async def test_a_damaged_phrase_is_spoken_all_the_same_and_made_again(tmp_path: Path) -> None:
    """From the voice, at once."""
    voice = FakeVoice("en")
    voices = await prepared(tmp_path, voice)
    await voices.prepare("Light on.")
    (path,) = files(tmp_path)
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    assert await lengths(voices, "Light on.") == [9]
    assert not path.exists()
    assert await voices.prepare("Light on.") is True
    await voices.aclose()
    assert voice.said == ["Light on."] * 3


async def test_a_phrase_that_is_made_for_somebody_is_never_abandoned(tmp_path: Path) -> None:
    """Only what is prepared is."""
    voice = FakeVoice("en")
    voice.may_go_on.clear()
    voices = await prepared(tmp_path, voice)
    saying = asyncio.create_task(lengths(voices, "One."))
    while not voice.said:  # noqa: ASYNC110 - it happens in a thread
        await asyncio.sleep(0)
    voices.abandon()
    before = voice.stopped
    voice.may_go_on.set()
    assert await saying == [4]
    preparing = asyncio.create_task(voices.prepare("Two."))
    voice.may_go_on.clear()
    while len(voice.said) < 2:  # noqa: ASYNC110
        await asyncio.sleep(0)
    voices.abandon()
    voice.may_go_on.set()
    await preparing
    await voices.aclose()
    assert (before, voice.stopped) == (0, 1)


async def test_the_first_clause_is_a_piece_of_its_own_unless_something_is_heard_already() -> None:
    """Then there is time for the whole sentence."""
    voice = FakeVoice("en")
    voices = voices_of(voice)
    text = "The capital of France is Paris, which lies on the Seine."
    assert len(await lengths(voices, text)) == 2
    voices._factor = 0.3
    assert [len(c.samples) async for c in voices.clips(text, "en", 4.0)] == [len(text)]
    await voices.aclose()


async def test_every_clip_begins_and_ends_in_silence() -> None:
    """So nothing clicks where clips meet."""
    voices = voices_of(FakeVoice("en"))
    text = "x" * 200
    (clip,) = [clip async for clip in voices.clips(text, "en")]
    await voices.aclose()
    assert abs(int(clip.samples[0])) < 200
    assert abs(int(clip.samples[-1])) < 200
    assert clip.samples[100] == 8000


# --- finding a voice -------------------------------------------------------------------------------------------------


def test_a_voice_is_found_by_path_by_name_in_a_folder_and_in_its_package(tmp_path: Path) -> None:
    """A file in a folder comes before the package."""
    (tmp_path / "xx-cat-low.onnx").touch()
    assert find_voice("xx-cat-low", [tmp_path]) == tmp_path / "xx-cat-low.onnx"
    assert find_voice(str(tmp_path / "xx-cat-low.onnx")) == tmp_path / "xx-cat-low.onnx"
    packaged = find_voice(SpeechConfig().voice, [tmp_path])
    assert packaged is not None
    assert packaged.stat().st_size > 50_000_000
    assert find_voice("espeak") is None


def test_a_voice_that_is_not_there_is_an_error_but_the_default_falls_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever names a voice wants that one; whoever names none wants to be spoken to."""
    with pytest.raises(ModelMissing, match="'xx-cat-low' isn't there") as caught:
        find_voice("xx-cat-low", [tmp_path])
    assert "en_US-joe-medium" in caught.value.remedy
    with pytest.raises(ModelMissing, match="~nobody-here"):
        find_voice("~nobody-here/x.onnx")
    with pytest.raises(ModelMissing):
        find_voice(str(tmp_path / "x.onnx"))
    monkeypatch.setattr("assistant.speech.files.find_spec", lambda name: None)
    assert find_voice(SpeechConfig().voice) is None


def test_a_voice_without_or_with_a_broken_description_is_refused_at_once(tmp_path: Path) -> None:
    """Before anybody waits for an answer."""
    with pytest.raises(ModelMissing, match=r"x\.onnx\.json"):
        PiperVoice(tmp_path / "x.onnx")
    for text in ("{", "{}", "[]", '{"espeak": 3}'):
        (tmp_path / "x.onnx.json").write_text(text)
        with pytest.raises(ModelDamaged):
            PiperVoice(tmp_path / "x.onnx")


def test_piper_that_is_not_installed_is_a_failure_with_a_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is imported when it first speaks."""
    (tmp_path / "x.onnx.json").write_text('{"espeak": {"voice": "en-us"}}', encoding="utf-8")
    voice = PiperVoice(tmp_path / "x.onnx")
    monkeypatch.setitem(sys.modules, "piper", None)
    with pytest.raises(SpeechFailed) as caught:
        voice.say("Hello.", "en")
    assert "pip install" in caught.value.remedy


async def test_a_damaged_model_lets_espeak_speak(tmp_path: Path) -> None:
    """A robot's voice is better than none, and the log says why."""
    model = tmp_path / "x.onnx"
    model.write_bytes(b"no model")
    (tmp_path / "x.onnx.json").write_text(json.dumps({"espeak": {"voice": "en-us"}}))
    voices = Voices(SpeechConfig(voice=str(model)))
    (clip,) = [clip async for clip in voices.clips("Kitchen light on.", "en")]
    await voices.aclose()
    assert clip.duration_s > 0.5


# --- the real espeak -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("text", "language"), [("Kitchen light on.", "en"), ("あかりをつけました。", "ja")])
def test_espeak_speaks_any_language_aloud(text: str, language: str) -> None:
    """One to two seconds, well above silence."""
    clip = EspeakVoice().say(text, language)
    assert 0.6 < clip.duration_s < 2.5
    assert -30 < meter(clip.samples).rms_dbfs < -10


def test_espeak_obeys_speed() -> None:
    """Twice as fast is much shorter."""
    normal, fast = (EspeakVoice(speed=speed).say("The kitchen light is on.", "en") for speed in (1.0, 2.0))
    assert fast.duration_s < 0.75 * normal.duration_s


async def test_the_volume_is_obeyed_from_the_next_clip_on() -> None:
    """Half as loud is 6 dB less."""
    voices = Voices(ESPEAK)
    (normal,) = [clip async for clip in voices.clips("The kitchen light is on.", "en")]
    voices.volume = 0.5
    (soft,) = [clip async for clip in voices.clips("The kitchen light is on.", "en")]
    await voices.aclose()
    assert meter(normal.samples).rms_dbfs - meter(soft.samples).rms_dbfs == pytest.approx(6.0, abs=0.3)


def test_a_language_that_espeak_does_not_know_is_a_failure_with_a_remedy() -> None:
    """And the next sentence is spoken."""
    voice = EspeakVoice()
    with pytest.raises(SpeechFailed, match="'xx'") as caught:
        voice.say("hm", "xx")
    assert caught.value.remedy
    assert voice.say("Yes.", "en").duration_s > 0.2


def test_two_espeak_voices_share_the_library() -> None:
    """Each hears itself, also when the other was loaded later, or is gone."""
    first, second = EspeakVoice(), EspeakVoice()
    whole = first.say("The kitchen light is on.", "en").duration_s
    assert second.say("The kitchen light is on.", "en").duration_s == pytest.approx(whole, abs=0.1)
    assert first.say("The kitchen light is on.", "en").duration_s == pytest.approx(whole, abs=0.1)
    del second
    gc.collect()
    assert first.say("The kitchen light is on.", "en").duration_s == pytest.approx(whole, abs=0.1)


def note_and(noted: list[str], do: Callable[[str], None]) -> Callable[[str], None]:
    """Do it, and write down with what."""

    def both(voice: str) -> None:
        noted.append(voice)
        do(voice)

    return both


class SilentNetwork:
    """In a Piper network's place: 16 samples of silence, or what a stopped run gives."""

    def __init__(self) -> None:
        self.fails = False

    def run(self, outputs: object, feed: object) -> list[np.ndarray]:
        del outputs, feed
        if self.fails:
            raise RuntimeError("stopped")
        return [np.zeros((1, 1, 1, 16), np.float32)]


def test_espeak_keeps_nothing_of_a_sentence_whose_phonemes_piper_took(monkeypatch: pytest.MonkeyPatch) -> None:
    """1,360 bytes each it would be; not even of those that were stopped, nor does its own voice suffer."""
    model = find_voice(SpeechConfig().voice)
    assert model is not None
    piper, robot, network = PiperVoice(model), EspeakVoice(), SilentNetwork()
    piper._piper = PiperNetwork(session=network, config=PiperConfig.from_dict(piper._config))
    voices_set: list[str] = []
    monkeypatch.setattr(espeakbridge, "set_voice", note_and(voices_set, espeakbridge.set_voice))

    def sentences(count: int) -> None:
        for n in range(count):
            network.fails = n % 2 == 1
            with pytest.raises(SpeechFailed) if network.fails else nullcontext():
                piper.say(f"The heating is at {n} degrees.", "en")

    sentences(200)  # more than espeak's queue of 170 has room for
    before = asked()
    voices_set.clear()
    sentences(300)
    assert len(voices_set) == 300  # one each: skipping it crashed espeak or cut off its own speech
    assert asked() - before < 100_000
    durations = []
    for count in (0, 1, 150, 169, 170, 171):
        sentences(count)
        durations.append(robot.say("Guten Morgen, das Licht ist an.", "de").duration_s)
    assert min(durations) == pytest.approx(max(durations), abs=0.05)


# --- the real Piper --------------------------------------------------------------------------------------------------


@pytest.mark.models
async def test_piper_speaks_english_and_espeak_the_rest() -> None:
    """A clip a sentence, of speech's length and level; Japanese comes from espeak, in the same thread."""
    voices = Voices(SpeechConfig())
    await voices.warm_up()
    english = [clip async for clip in voices.clips("Sure. The kitchen light is on.", "en")]
    (japanese,) = [clip async for clip in voices.clips("あかりをつけました。", "ja")]
    (again,) = [clip async for clip in voices.clips("The kitchen light is on.", "en")]
    await voices.aclose()
    assert [clip.rate_hz for clip in english] == [22_050, 22_050]
    assert 0.2 < english[0].duration_s < 0.9 < english[1].duration_s < 2.5
    assert abs(english[1].duration_s - again.duration_s) < 0.5  # espeak's Japanese hasn't stuck to Piper
    assert japanese.duration_s > 0.6
    for clip in english:
        assert -35 < meter(clip.samples).rms_dbfs < -10
        assert meter(clip.samples).peak_dbfs < -0.1  # nothing is clipped


@pytest.mark.models
def test_piper_breathes_alike_in_every_process() -> None:
    """So that figures can be compared; and within one the second time is not the first."""
    model = find_voice(SpeechConfig().voice)
    assert model is not None
    said: list[bytes] = []
    for voice in (PiperVoice(model), PiperVoice(model)):
        said += [voice.say("The kitchen light is on.", "en").samples.tobytes() for _ in range(2)]
    assert said[:2] == said[2:]
    assert said[0] != said[1]


@pytest.mark.models
def test_piper_obeys_speed() -> None:
    """Its noise makes lengths vary a little: compared over a long sentence."""
    text = "The living room blinds are closed and the heating is set to twenty one degrees"
    model = find_voice(SpeechConfig().voice)
    assert model is not None
    normal = PiperVoice(model).say(text, "en")
    fast = PiperVoice(model, speed=2.0).say(text, "en")
    assert fast.duration_s < 0.75 * normal.duration_s


@pytest.mark.models
async def test_a_phrase_in_the_making_is_stopped_at_once(tmp_path: Path) -> None:
    """Nothing of it is kept, and the next sentence is spoken by the same voice."""
    voices = Voices(SpeechConfig(), phrases=tmp_path)
    await voices.warm_up()
    long = "The living room blinds and the bedroom blinds and the office blinds and the hallway blinds are closed " * 4
    making = asyncio.create_task(voices.prepare(long))
    while not voices._preparing:  # noqa: ASYNC110 - it happens in a thread
        await asyncio.sleep(0)
    while not making.done():
        voices.abandon()
        await asyncio.sleep(0.001)
    with pytest.raises(SpeechFailed):
        await making
    assert not files(tmp_path)
    (clip,) = [clip async for clip in voices.clips("Kitchen light on.", "en")]
    await voices.aclose()
    assert clip.rate_hz == 22_050
