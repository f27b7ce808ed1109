import numpy as np
import pytest

from assistant.config import EndpointConfig
from assistant.endpoint import LINGER_MS, Edge, Endpoint, Over, Paused, Resumed, Started
from assistant.stages import Verdict
from assistant.timbre import COEFFICIENTS, Tone

STEP_MS = 20
LAG_MS = 100.0


class Ear:
    """Feeds an Endpoint stretches of speech and silence, as a VAD with a lag of 100 ms hears them."""

    def __init__(self, config: EndpointConfig | None = None) -> None:
        self.endpoint = Endpoint(config or EndpointConfig(), 0.0, LAG_MS, early_confidence=0.9)
        self.now_ms = 0.0
        self.edges: list[Edge] = []

    def hear(self, p_speech: float, ms: float, *, energy: float | None = None, colour: float = 0.6) -> list[Edge]:
        """`colour`: how far from the person's, in deviations of theirs; if not told, it counts for nothing."""
        fresh: list[Edge] = []
        for _ in range(round(ms / STEP_MS)):
            self.now_ms += STEP_MS
            level = (1.0 if p_speech > 0.3 else 0.0) if energy is None else energy
            word = 1.0 if self.now_ms // STEP_MS % 2 else -1.0
            tone = Tone(level, np.full(COEFFICIENTS, word + colour))
            fresh += self.endpoint.update(p_speech, self.now_ms, STEP_MS, tone)
            if any(isinstance(e, Over) for e in fresh):
                break
        self.edges += fresh
        return fresh

    def say(self, ms: float) -> list[Edge]:
        """Speak for `ms`: the VAD goes on for its lag."""
        return self.hear(0.9, ms + LAG_MS, colour=0.0)

    def pause(self, verdict: Verdict) -> None:
        """Fall silent, and the model judges what was said."""
        self.hear(0.0, 20)
        self.endpoint.judge(verdict)


def test_silence_after_a_sentence_ends_the_turn_and_the_lag_is_taken_off() -> None:
    ear = Ear()
    ear.hear(0.0, 400)
    ear.say(1500)
    edges = ear.hear(0.0, 2000)
    assert edges == [Paused(1900.0), Over(2400.0, "silence")]


def test_a_short_word_waits_longer() -> None:
    ear = Ear()
    ear.say(400)
    over = ear.hear(0.0, 2000)[-1]
    assert over == Over(400 + 800, "silence")


def test_a_pause_shorter_than_the_hangover_does_not_end_the_turn() -> None:
    ear = Ear()
    ear.say(1200)
    assert ear.hear(0.0, 300 - LAG_MS) == [Paused(1200.0)]
    assert not [e for e in ear.say(800) if isinstance(e, Over)]


@pytest.mark.parametrize(("level", "after_ms"), [(0.0, 20.0), (0.1, 20.0), (0.5, 80.0)])
def test_a_voice_that_is_over_for_the_vad_but_still_loud_is_no_pause_yet(level: float, after_ms: float) -> None:
    """A soft consonant; and in a noisy room it is never quiet."""
    ear = Ear()
    ear.say(1900 - LAG_MS)
    while not any(isinstance(edge, Paused) for edge in ear.hear(0.0, 20, energy=level)):
        pass
    assert ear.now_ms == 1900 + after_ms


def test_someone_who_pauses_is_given_more_time_next_time() -> None:
    patient, hasty = Ear(), Ear()
    for ear, pause_ms in ((patient, 460), (hasty, 0)):
        ear.say(1200)
        ear.hear(0.0, pause_ms - LAG_MS if pause_ms else 0)
        ear.say(800)
    assert patient.endpoint.hangover_ms() > hasty.endpoint.hangover_ms()
    assert patient.endpoint.hangover_ms() <= EndpointConfig().longest_hangover_ms


def test_a_voice_that_goes_on_after_a_pause_says_so() -> None:
    ear = Ear()
    ear.say(1200)
    ear.hear(0.0, 300 - LAG_MS)
    assert ear.say(400) == [Resumed(1500.0)]


def test_a_sure_call_ends_the_turn_early_and_an_unsure_one_late() -> None:
    silence_ms = {}
    for verdict in (Verdict("call", 0.95), Verdict("call", 0.5), Verdict("talk", 1.0), Verdict("unsure", 1.0)):
        ear = Ear()
        ear.say(1200)
        ear.pause(verdict)
        (over,) = ear.hear(0.0, 2000)
        assert isinstance(over, Over)
        silence_ms[verdict.kind, verdict.confidence] = over.audio_ms - 1200
    assert silence_ms == {("call", 0.95): 300, ("call", 0.5): 500, ("talk", 1.0): 500, ("unsure", 1.0): 900}


def test_a_verdict_about_what_came_before_a_pause_does_not_count_after_it() -> None:
    ear = Ear()
    ear.say(1200)
    ear.pause(Verdict("call", 0.95))
    ear.say(800)
    ear.endpoint.judge(Verdict("call", 0.95))  # late: the voice is there again
    assert ear.endpoint.hangover_ms() >= 500


@pytest.mark.parametrize(("again", "hangover_ms"), [(False, 500), (True, 300)])
def test_nobody_is_cut_off_early_twice_unless_what_was_added_says_nothing(*, again: bool, hangover_ms: float) -> None:
    """A television, or "please": the same call comes of it."""
    ear = Ear()
    for added in (False, True):
        ear.say(1200)
        ear.pause(Verdict("call", 0.95, again=again and added))
    assert ear.endpoint.hangover_ms() == hangover_ms


@pytest.mark.parametrize(("added_ms", "hangover_ms"), [(200, 500), (400, 300)])
def test_a_short_word_that_adds_nothing_yet_is_waited_out(added_ms: int, hangover_ms: float) -> None:
    """It may be an "uh", or an "and"."""
    ear = Ear()
    ear.say(1200)
    ear.pause(Verdict("call", 0.95))
    ear.say(added_ms)
    ear.pause(Verdict("call", 0.95, again=True))
    assert ear.endpoint.hangover_ms() == hangover_ms


def test_another_voice_that_adds_nothing_to_a_whole_command_is_not_waited_out() -> None:
    """One that was as loud at first."""
    ends = []
    for again in (False, True):
        ear = Ear()
        ear.say(2000)
        ear.pause(Verdict("call", 0.95))
        ear.hear(0.9, 1400)
        while not any(isinstance(edge, Over) for edge in ear.edges):
            if any(isinstance(edge, Paused) for edge in ear.hear(0.9, 20, energy=0.25)):
                ear.endpoint.judge(Verdict("call", 0.95, again=again))
        ends.append(ear.now_ms)
    assert ends[0] - ends[1] >= 200


def test_a_pause_that_was_taken_for_the_end_is_waited_out_the_next_time() -> None:
    ear = Ear()
    ear.endpoint = Endpoint(EndpointConfig(), 0.0, LAG_MS, early_confidence=0.9, paused_ms=400)
    ear.say(1200)
    ear.pause(Verdict("call", 0.95))
    assert ear.endpoint.hangover_ms() == 650


def test_a_television_that_goes_on_lower_does_not_keep_the_turn_open() -> None:
    ear = Ear()
    ear.say(2000)
    edges = ear.hear(0.9, 5000, energy=0.25, colour=1.0)
    over = edges[-1]
    assert isinstance(over, Over)
    assert over.audio_ms - 2000 < 1500
    assert 900 - LINGER_MS <= over.beside_ms < over.audio_ms - 2000


@pytest.mark.parametrize(("colour", "ends"), [(0.0, False), (1.5, True)])
def test_without_a_pause_too_another_colour_counts_as_a_lower_voice(colour: float, ends: bool) -> None:
    ear = Ear()
    ear.say(2500)
    ear.hear(0.9, 1100, energy=0.7, colour=colour)
    assert ear.endpoint.beside_another is ends


@pytest.mark.parametrize(("energy", "ends"), [(0.15, True), (0.6, False)])
def test_a_television_that_comes_in_pieces_is_known_by_all_of_them(energy: float, ends: bool) -> None:
    """The model has made no sense of the command, nor makes any of this; who thinks aloud isn't so far off."""
    ear = Ear()
    ear.say(1200)
    ear.pause(Verdict("unsure", 0.5))
    for _ in range(3):
        ear.hear(0.9, 300, energy=energy)
        ear.hear(0.0, 40)
        ear.endpoint.judge(Verdict("unsure", 0.5))
    assert ear.endpoint.beside_another is ends


def test_pieces_that_are_far_off_are_one_stretch_from_the_first_on() -> None:
    """What is cut out is all of them."""
    ear = Ear()
    ear.say(1200)
    ear.pause(Verdict("unsure", 0.5))
    for _ in range(3):
        ear.hear(0.9, 300, energy=0.1)
        ear.hear(0.0, 40)
    assert ear.endpoint.speech_ended_ms == 1200


def test_another_voice_behind_a_whole_command_is_waited_out_for_600_ms_instead_of_900() -> None:
    """One that is known by the foreground alone: before the pause there was too little to compare it with."""
    ends = []
    for kind in ("call", "unsure"):
        ear = Ear()
        ear.say(500)
        ear.pause(Verdict(kind, 0.95))
        ear.hear(0.9, 1500)
        (over,) = [e for e in ear.hear(0.9, 3000, energy=0.15) if isinstance(e, Over)]
        ends.append(over.audio_ms)
    assert ends[1] - ends[0] == 300


@pytest.mark.parametrize(
    ("before", "energy", "for_ms", "ends"),
    [
        ("call", 0.25, 1000, True),
        ("call", 0.4, 600, False),
        ("call", 0.4, 900, True),
        ("call", 0.6, 1100, False),
        ("call", 0.55, 1400, True),
        ("call", 0.7, 1400, False),  # as loud, or nearly
        ("unsure", 0.25, 1000, False),  # who thinks aloud goes on softly
        ("unsure", 0.25, 1300, True),
        ("unsure", 0.45, 1150, False),
        ("unsure", 0.45, 1300, True),
        ("unsure", 0.6, 1300, False),
    ],
)
def test_what_goes_on_softly_behind_a_pause_is_another_voice(
    before: str, energy: float, for_ms: int, ends: bool
) -> None:
    ear = Ear()
    ear.say(1200)
    ear.pause(Verdict(before, 0.95))
    edges = ear.hear(0.9, for_ms, energy=energy)
    assert any(isinstance(e, Over) for e in edges) is ends
    assert ear.endpoint.beside_another is ends
    if ends:
        assert ear.endpoint.speech_ended_ms == 1200


@pytest.mark.parametrize(
    ("colour", "energy", "for_ms", "ends"),
    [
        (1.5, 0.7, 800, False),
        (1.5, 0.7, 900, True),  # 1.5 dB lower, and 3.7 dB for the colour
        (0.5, 0.7, 1400, False),  # other words
        (1.5, 1.6, 1400, False),  # louder than before: somebody who makes himself clear
    ],
)
def test_another_colour_behind_a_pause_counts_as_a_lower_voice(
    colour: float, energy: float, for_ms: int, ends: bool
) -> None:
    ear = Ear()
    ear.say(1200)
    ear.pause(Verdict("call", 0.95))
    ear.hear(0.9, for_ms, energy=energy, colour=colour)
    assert ear.endpoint.beside_another is ends


@pytest.mark.parametrize(("second", "ends"), [("call", True), ("unsure", False)])
def test_what_completes_a_command_is_the_persons_voice_too(second: str, ends: bool) -> None:
    """Somebody who begins softly: beside the whole command the other voice is lower, beside its beginning it isn't."""
    ear = Ear()
    ear.hear(0.9, 800, energy=0.2, colour=0.0)
    ear.hear(0.0, 40)
    ear.endpoint.judge(Verdict("unsure", 1.0))
    ear.say(1400)
    ear.hear(0.0, 40)
    ear.endpoint.judge(Verdict(second, 0.95))
    ear.hear(0.9, 900, energy=0.25)
    assert ear.endpoint.beside_another is ends


def test_another_voice_that_pauses_is_the_same_other_voice_behind_its_pause() -> None:
    ear = Ear()
    ear.say(1200)
    ear.pause(Verdict("call", 0.93))
    ear.hear(0.9, 700, energy=0.4)
    ear.pause(Verdict("unsure", 0.9))
    assert ear.endpoint.beside_another
    ear.hear(0.9, 60, energy=1.3)  # a loud word of it
    ear.hear(0.9, 140, energy=0.2)
    assert ear.endpoint.beside_another
    assert ear.endpoint.speech_ended_ms == 1200


@pytest.mark.parametrize("kind", ["call", "unsure"])
def test_what_follows_a_word_or_two_more_softly_is_the_same_voice(kind: str) -> None:
    """So in "Hey Gemma, turn on the kitchen light": nobody knows yet how loud the person is."""
    ear = Ear()
    ear.say(400)
    ear.pause(Verdict(kind, 0.95))
    ear.hear(0.9, 1200, energy=0.35)
    assert not ear.endpoint.beside_another


@pytest.mark.parametrize(
    ("before", "energy", "behind", "ends"),
    [
        (Verdict("call", 0.93), 0.5, Verdict("unsure", 0.9), True),
        (Verdict("call", 0.93), 0.5, Verdict("talk", 1.0), True),
        (Verdict("call", 0.93), 0.8, Verdict("unsure", 0.9), False),  # as loud: a sentence that isn't over
        (Verdict("call", 0.93), 0.5, Verdict("call", 0.93), False),  # a correction, said more softly
        (Verdict("unsure", 0.5), 0.5, Verdict("unsure", 0.9), False),
    ],
)
def test_what_goes_on_a_bit_lower_and_makes_no_sense_is_another_voice(
    before: Verdict, energy: float, behind: Verdict, ends: bool
) -> None:
    ear = Ear()
    ear.say(1200)
    ear.pause(before)
    ear.hear(0.9, 700, energy=energy)
    assert isinstance(ear.hear(0.0, 20)[-1], Paused)
    ear.endpoint.judge(behind)
    edges = ear.hear(0.0, 20)
    assert edges == ([Over(ear.now_ms, "silence", ear.now_ms - 1200 - LINGER_MS)] if ends else [])


def test_somebody_who_speaks_up_again_is_waited_for_as_ever() -> None:
    """The voice is back before the turn is told to be over."""
    ear = Ear()
    ear.say(1200)
    ear.pause(Verdict("call", 0.93))
    ear.hear(0.9, 700, energy=0.5)
    ear.pause(Verdict("unsure", 0.9))
    assert not [e for e in ear.hear(0.9, 1500) if isinstance(e, Over)]
    ear.pause(Verdict("unsure", 0.5))
    assert ear.endpoint.hangover_ms() == 900


def test_a_voice_that_begins_loudly_and_sinks_is_the_same_voice() -> None:
    ear = Ear()
    for energy in (2.0, 1.3, 0.9, 0.65, 0.5):  # 6 dB in seven seconds
        ear.hear(0.9, 1400, energy=energy)
    assert not ear.endpoint.beside_another


def test_somebody_who_ends_softly_is_not_cut_off() -> None:
    ear = Ear()
    ear.say(2000)
    assert not [e for e in ear.hear(0.9, 700, energy=0.2) if isinstance(e, Over)]
    assert not [e for e in ear.hear(0.9, 5000) if isinstance(e, Over)]


def test_no_speech_within_five_seconds_gives_up() -> None:
    ear = Ear()
    assert ear.hear(0.1, 6000) == [Over(5000.0, "no_speech")]


def test_the_tail_of_the_wake_word_is_no_speech() -> None:
    ear = Ear()
    assert ear.hear(0.9, 180) == []
    assert ear.hear(0.0, 6000)[-1] == Over(5000.0, "no_speech")


def test_a_turn_never_takes_more_than_fifteen_seconds() -> None:
    ear = Ear()
    edges = ear.hear(0.95, 20_000)
    assert edges[-1] == Over(15_000.0, "too_long")


def test_a_voice_that_fades_below_the_threshold_stays_speech_until_it_is_clearly_gone() -> None:
    ear = Ear()
    ear.say(1000)
    assert ear.hear(0.4, 1000) == []


def test_speech_start_is_told_once_with_its_first_sample() -> None:
    ear = Ear()
    ear.hear(0.0, 500)
    ear.say(1000)
    ear.hear(0.0, 260)
    ear.say(500)
    assert [e for e in ear.edges if isinstance(e, Started)] == [Started(500.0)]


@pytest.mark.parametrize(("spoken_ms", "reason"), [(0, "no_speech"), (900, "input_ended")])
def test_the_end_of_the_input_ends_the_turn(spoken_ms: float, reason: str) -> None:
    ear = Ear()
    ear.say(spoken_ms) if spoken_ms else None
    assert ear.endpoint.finish(ear.now_ms) == Over(ear.now_ms, reason)
