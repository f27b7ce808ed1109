"""Echo cancellation on a loop made by hand: what is taken out, what is left alone, clocks that drift, wrong delays."""

from collections.abc import AsyncIterator
from typing import Self

import numpy as np
import pytest
from numpy.typing import NDArray

from assistant.audio.adaptive import AdaptiveFilter
from assistant.audio.align import Alignment, gain, late_by
from assistant.audio.delay import DelayFinder
from assistant.audio.drift import Drift
from assistant.audio.echo import PARTITIONS, EchoCanceller, WithoutEcho, wanted
from assistant.audio.pcm import to_float
from assistant.audio.played import Played, Timeline
from assistant.stages import CHUNK_SAMPLES, SAMPLE_RATE_HZ, AudioChunk, Pcm

Sound = NDArray[np.float64]
RATE = SAMPLE_RATE_HZ


def babble(seconds: float, seed: int = 0) -> Sound:
    """Noise that comes in syllables and has a voice's spectrum, RMS about 0.05."""
    rng = np.random.default_rng(seed)
    length = round(seconds * RATE)
    hz = np.maximum(np.fft.rfftfreq(length, 1 / RATE), 100)
    sound = np.fft.irfft(np.fft.rfft(rng.normal(size=length)) * (hz / 100) ** -0.8, length)
    loud = np.repeat(rng.random(length // 1600 + 1) ** 2, 1600)[:length]
    return np.asarray(sound / sound.std() * 0.05 * loud * 1.8)


def room(sound: Sound, delay_s: float = 0.06, ppm: float = 0.0) -> Sound:
    """The echo of it: late, with a tail, on a clock that runs faster."""
    rng = np.random.default_rng(9)
    response = np.zeros(2400)
    response[0] = 0.8
    response[40:] = rng.normal(size=2360) * np.exp(-np.arange(2360) / 500) * 0.03
    echo = np.convolve(np.concatenate([np.zeros(round(delay_s * RATE)), sound]), response)[: len(sound)]
    if ppm:
        echo = np.interp(np.arange(len(sound)) / (1 + ppm * 1e-6), np.arange(len(sound)), echo)
    return np.asarray(echo)


def pcm(sound: Sound) -> Pcm:
    return np.clip(np.round(sound * 32768), -32768, 32767).astype(np.int16)


def run(canceller: EchoCanceller, heard: Pcm, played: Pcm) -> Pcm:
    starts = range(0, len(heard) - CHUNK_SAMPLES + 1, CHUNK_SAMPLES)
    return np.concatenate(
        [canceller.cancel(heard[n : n + CHUNK_SAMPLES], played[n : n + CHUNK_SAMPLES]) for n in starts]
    )


def left_db(rest: Pcm, heard: Pcm, from_s: float) -> float:
    """How far under the echo that is which is left of it."""
    start = round(from_s * RATE)
    power = [float(np.mean(sound[start : len(rest)].astype(float) ** 2)) for sound in (rest, heard)]
    return float(10 * np.log10(power[0] / power[1]))


def test_until_something_was_taken_out_the_sound_passes_as_it_is() -> None:
    """Half learned, a canceller makes other words of what it hears."""
    played = pcm(babble(6.0))
    heard, canceller = pcm(room(babble(6.0))), EchoCanceller()
    taken, same = [], []
    for start in range(0, len(heard), CHUNK_SAMPLES):
        part = slice(start, start + CHUNK_SAMPLES)
        same.append(np.array_equal(canceller.cancel(heard[part], played[part]), heard[part]))
        taken.append(canceller.taken_db)
    proven = next(n for n, db in enumerate(taken) if db >= 12)
    assert proven > 5
    assert all(same[:proven])
    assert sum(same[proven:]) < 0.2 * len(same[proven:])


def test_an_echo_is_gone_after_two_seconds() -> None:
    played = babble(6)
    heard = room(played)
    assert left_db(run(EchoCanceller(), pcm(heard), pcm(played)), pcm(heard), 2) < -15


def test_a_person_who_speaks_over_it_stays_as_loud() -> None:
    """What is left is the person, not a muffled one."""
    played, person = babble(8), babble(8, seed=4)
    person[: 3 * RATE] = 0
    rest = run(EchoCanceller(), pcm(room(played) + person), pcm(played)) / 32768
    part = slice(4 * RATE, 8 * RATE)
    assert np.std(rest[part] - person[part]) < 0.25 * np.std(person[part])
    assert np.std(rest[part]) == pytest.approx(np.std(person[part]), rel=0.05)


def test_clocks_that_drift_apart_are_followed() -> None:
    """100 ppm, found to 15, and the echo is as gone as without."""
    played = babble(16)
    heard = room(played, ppm=100)
    canceller = EchoCanceller()
    rest = run(canceller, pcm(heard), pcm(played))
    assert canceller._drift.parts * 1e6 == pytest.approx(100, abs=15)
    assert left_db(rest, pcm(heard), 10) < -14


@pytest.mark.parametrize("ppm", [400, -400])
def test_where_the_reading_comes_to_its_end_the_echo_stays_gone(ppm: float) -> None:
    """Every 100 s at 100 ppm, here once: what was played before that is read anew, too."""
    played = babble(8)
    heard = pcm(room(played, ppm=ppm))
    canceller = EchoCanceller()
    drift, ends, rests = canceller._drift, list[int](), list[Pcm]()
    drift.parts, drift._behind = ppm * 1e-6, float(np.sign(ppm) * 125)  # of 160
    for start in range(0, len(heard) - CHUNK_SAMPLES + 1, CHUNK_SAMPLES):
        part = slice(start, start + CHUNK_SAMPLES)
        before = drift._behind
        rests.append(canceller.cancel(heard[part], pcm(played)[part]))
        if abs(drift._behind - before) > 100:
            ends.append(start + CHUNK_SAMPLES)
    rest = np.concatenate(rests)
    assert ends
    for end in ends:
        after, before_it = slice(end, end + RATE // 2), slice(end - 2 * RATE, end)
        left = [left_db(rest[part], heard[part], 0) for part in (before_it, after)]
        print(f"{left[0]:.1f} dB before, {left[1]:.1f} dB behind it")  # noqa: T201 - a figure
        assert left[1] < left[0] + 4


@pytest.mark.parametrize("ppm", [400, -400])
@pytest.mark.parametrize("compared", [False, True])
def test_so_it_does_where_that_happens_in_a_silence(ppm: float, compared: bool) -> None:
    """Ten seconds between two answers; or the clocks were compared, and the reference comes so much later."""
    sound = np.concatenate([babble(8), np.zeros(10 * RATE), babble(4, seed=1)])
    heard, played = pcm(room(sound, ppm=ppm)), pcm(sound)
    if compared:
        late = round((10 * RATE - PARTITIONS * CHUNK_SAMPLES) * ppm * 1e-6)
        played[18 * RATE :] = np.roll(played[18 * RATE :], late)
    canceller, rests = EchoCanceller(), list[Pcm]()
    canceller._drift.parts, canceller._drift._behind = ppm * 1e-6, float(np.sign(ppm) * 60)  # of 160
    for start in range(0, len(heard) - CHUNK_SAMPLES + 1, CHUNK_SAMPLES):
        part = slice(start, start + CHUNK_SAMPLES)
        if compared and start == 18 * RATE:
            canceller._drift.compared()
        rests.append(canceller.cancel(heard[part], played[part] if played[part].any() else None))
    rest = np.concatenate(rests)
    left = [left_db(rest[part], heard[part], 0) for part in (slice(6 * RATE, 8 * RATE), slice(18 * RATE, 19 * RATE))]
    assert left[1] < left[0] + 5


@pytest.mark.parametrize("shift", [-480, -37, 0, 200, 1500])
def test_an_echo_that_comes_from_elsewhere_is_found_in_a_few_tenths_of_a_second(shift: int) -> None:
    """The speaker was opened again, and lies so many samples beside where it was; somebody talks over it at once."""
    before, after = babble(6), babble(1.5, seed=1)
    canceller, person = EchoCanceller(), 0.5 * babble(1.5, seed=3)
    run(canceller, pcm(room(before)), pcm(before))
    for _ in range(PARTITIONS + 1):
        canceller.cancel(np.zeros(CHUNK_SAMPLES, np.int16), None)
    canceller.doubt()
    echo = room(after, delay_s=0.06 + shift / RATE)
    rest = run(canceller, pcm(echo + person), pcm(after)) / 32768 - person
    part = slice(round(0.3 * RATE), round(1.4 * RATE))
    assert 10 * np.log10(np.mean(rest[part] ** 2) / np.mean(echo[part] ** 2)) < -10
    assert canceller.taken_db > 3


@pytest.mark.parametrize("shift", [-1300, 1800])
def test_an_echo_that_comes_from_beyond_the_filter_is_not_located(shift: int) -> None:
    """It is found, but what was learned of it ends up where the filter ends: what is left of it is anybody's guess."""
    before, after = babble(6), babble(1.5, seed=1)
    delay_s = 0.06 if shift < 0 else 0.18
    canceller = EchoCanceller()
    run(canceller, pcm(room(before, delay_s)), pcm(before))
    canceller.doubt()
    heard = np.roll(room(np.pad(after, 2000), delay_s), shift)[2000:-2000]
    run(canceller, pcm(heard), pcm(after))
    assert not canceller.echo.located


@pytest.mark.parametrize("louder", [0.4, 2.0, 1000.0])
def test_where_the_volume_was_turned_meanwhile_the_echo_is_learned_anew(louder: float) -> None:
    """It comes from where it was, but nobody knows how much is left of it."""
    before, after = babble(6), babble(4, seed=1)
    canceller = EchoCanceller()
    run(canceller, pcm(min(1, 1 / louder) * room(before)), pcm(before))
    canceller.doubt()
    heard = pcm(min(1, louder) * room(after))
    rest = run(canceller, heard, pcm(after))
    assert not canceller.echo.located
    assert left_db(rest, heard, 2) < -10


def test_behind_a_tone_the_echo_of_an_answer_is_found_as_soon() -> None:
    """A tone fits in many places, and is heard before the answer."""
    before, after = babble(6), babble(1.5, seed=1)
    canceller, tone = EchoCanceller(), 0.1 * np.sin(2 * np.pi * 784 / RATE * np.arange(4800))
    run(canceller, pcm(room(before)), pcm(before))
    canceller.doubt()
    run(canceller, pcm(room(tone, delay_s=0.08)), pcm(tone))
    for _ in range(PARTITIONS + 1):
        canceller.cancel(np.zeros(CHUNK_SAMPLES, np.int16), None)
    echo = pcm(room(after, delay_s=0.08))
    assert left_db(run(canceller, echo, pcm(after)), echo, 0.4) < -10
    assert canceller.echo.located


def test_a_loudspeaker_that_was_switched_off_at_first_is_learned() -> None:
    """Hardly any echo is expected, and there is one."""
    before, after = babble(6), 0.3 * babble(6, seed=1)
    canceller = EchoCanceller()
    run(canceller, pcm(0.0003 * room(before)), pcm(before))
    canceller.doubt()
    echo = pcm(room(after))
    assert left_db(run(canceller, echo, pcm(after)), echo, 4) < -15


@pytest.mark.parametrize(("louder", "delay_s", "located"), [(1, 0.06, True), (3, 0.06, False), (1, 0.08, False)])
def test_with_every_sound_it_is_seen_whether_its_echo_is_where_it_was(
    louder: float, delay_s: float, located: bool
) -> None:
    """Between two sounds the volume may be turned, or the microphone moved. It is taken out meanwhile."""
    before, after = babble(6), babble(0.4, seed=1)
    canceller, found = EchoCanceller(), []
    for echo, sound in [(room(before), before), (room(after), after), (louder * room(after, delay_s), after)]:
        run(canceller, pcm(echo), pcm(sound))
        assert not canceller.echo.is_whole
        found.append(canceller.echo.located)
        for _ in range(PARTITIONS + 1):
            canceller.cancel(np.zeros(CHUNK_SAMPLES, np.int16), None)
        assert not canceller.echo.located
    assert found == [False, True, located]


def test_where_no_echo_is_found_the_filter_learns_anew() -> None:
    """Another loudspeaker, its wires crossed: nothing is added meanwhile."""
    before, after = babble(6), babble(6, seed=1)
    canceller = EchoCanceller()
    run(canceller, pcm(room(before)), pcm(before))
    canceller.doubt()
    heard = -room(after, delay_s=0.15)
    rest = run(canceller, pcm(heard), pcm(after))
    assert left_db(rest[: 2 * RATE], pcm(heard)[: 2 * RATE], 0) < 0.5
    assert left_db(rest, pcm(heard), 4) < -10


def test_while_an_echo_is_looked_for_it_is_still_in_the_sound_and_no_older_figure_counts() -> None:
    before, after = babble(6), babble(0.6, seed=1)
    canceller = EchoCanceller()
    run(canceller, pcm(room(before)), pcm(before))
    assert not canceller.echo.is_whole
    canceller.doubt()
    run(canceller, pcm(babble(0.3, seed=2)), pcm(after))
    assert canceller.echo.is_whole
    assert canceller.taken_db == 0
    canceller.reset()
    run(canceller, pcm(room(after)), pcm(after))
    assert canceller.echo.is_whole


def test_before_anything_was_learned_nothing_is_looked_for() -> None:
    fresh, doubtful = EchoCanceller(), EchoCanceller()
    doubtful.doubt()
    played = babble(3)
    heard = pcm(room(played))
    np.testing.assert_array_equal(run(doubtful, heard, pcm(played)), run(fresh, heard, pcm(played)))


@pytest.mark.parametrize("late", [-1500.0, -20.25, 0.0, 300.5, 1700.0])
def test_how_late_an_expected_echo_comes_is_told_between_samples(late: float) -> None:
    expected = babble(0.4)
    turned = np.fft.rfft(np.pad(expected, 4000)) * np.exp(-2j * np.pi * np.fft.rfftfreq(len(expected) + 8000) * late)
    heard = np.fft.irfft(turned, len(expected) + 8000)[4000:-4000] + 0.005 * np.random.default_rng(1).normal(
        size=len(expected)
    )
    assert late_by(heard.astype(np.float32), expected.astype(np.float32)) == pytest.approx(late, abs=0.3)


def test_a_chord_that_is_cut_off_where_it_is_looked_at_does_not_seem_to_be_where_it_was() -> None:
    place = np.arange(3 * RATE)
    chord = sum(0.1 * np.sin(2 * np.pi * hz / RATE * place + hz) for hz in (1046.5, 1318.5, 1568.0, 2093.0, 2637.0))
    rng, found = np.random.default_rng(1), []
    for late in range(100, 480, 20):
        heard = room(chord, delay_s=0.06 + late / RATE) + 1e-4 * rng.normal(size=len(place))
        expected = room(chord)
        part = slice(RATE, RATE + 7 * CHUNK_SAMPLES)
        found.append(late_by(heard[part].astype(np.float32), expected[part].astype(np.float32)))
    assert not [late for late in found if late is not None and abs(late) < 20]


@pytest.mark.parametrize("late", [-1700, -300, 0, 300, 1700])
def test_how_loud_an_expected_echo_comes_is_told_as_far_as_it_is_there(late: int) -> None:
    expected = babble(0.1).astype(np.float32)
    heard = 0.5 * np.pad(expected, 2000)[2000 - late : 3600 - late]
    assert gain(heard, expected, late) == pytest.approx(0.5 if abs(late) < len(expected) else 0)


def test_somebody_elses_voice_is_no_echo() -> None:
    other, expected = babble(0.6, seed=7).astype(np.float32), babble(0.6).astype(np.float32)
    assert late_by(other, expected) is None
    assert late_by(np.zeros_like(expected), expected) is None
    alignment = Alignment()
    parts = [part.reshape(-1, CHUNK_SAMPLES) for part in (other, expected)]
    assert [alignment.push(np.zeros_like(b), np.zeros_like(b)) for b in parts[1]] == [None] * len(parts[1])
    assert not alignment.given_up  # it hasn't begun to sound
    assert [alignment.push(a, b) for a, b in zip(*parts, strict=True)] == [None] * len(parts[0])
    assert alignment.given_up


@pytest.mark.parametrize("samples", [5000, -9000, 8960])
def test_a_path_that_is_moved_farther_than_it_is_long_is_gone(samples: int) -> None:
    """After an hour in which the clocks were thought to drift; it doesn't come in again at the other end."""
    learned = AdaptiveFilter(PARTITIONS)
    for chunk in pcm(babble(2)).reshape(-1, CHUNK_SAMPLES):
        learned.cancel(to_float(chunk), to_float(chunk))
    learned.move(samples, np.zeros((PARTITIONS + 1) * CHUNK_SAMPLES, np.float32))
    assert np.abs(learned.path).max() < 1e-6


def test_while_nothing_is_played_chunks_pass_as_they_are() -> None:
    """The same array, before anything was played and once the room is still again."""
    canceller = EchoCanceller()
    chunk = pcm(babble(0.02))
    assert canceller.cancel(chunk, None) is chunk
    run(canceller, pcm(room(babble(2))), pcm(babble(2)))
    for _ in range(20):
        canceller.cancel(chunk, None)
    assert canceller.cancel(chunk, None) is chunk


def test_a_filter_that_is_wrong_never_makes_it_louder() -> None:
    """The loudspeaker is carried elsewhere: the path that was learned is all wrong at first."""
    played = babble(6)
    heard = np.concatenate([room(played)[: 3 * RATE], -room(played, delay_s=0.02)[3 * RATE :]])
    rest, mic = run(EchoCanceller(), pcm(heard), pcm(played)), pcm(heard)
    power = [np.sum(s.astype(float).reshape(-1, CHUNK_SAMPLES) ** 2, axis=1) for s in (rest, mic)]
    assert (power[0] <= power[1] * 1.01 + 1e4).all()


def test_the_drift_reads_the_reference_between_its_samples() -> None:
    """A tone read at another speed is that tone, a little lower: no clicks where chunks meet."""
    drift = Drift()
    drift.parts = 1e-4
    tone = np.sin(2 * np.pi * 1000 * np.arange(RATE) / RATE).astype(np.float32)
    read = np.concatenate([drift.read(tone[n : n + CHUNK_SAMPLES]) for n in range(0, RATE, CHUNK_SAMPLES)])[1000:]
    assert np.abs(np.diff(read)).max() < 2 * np.pi * 1000 / RATE * 1.05
    assert np.abs(read).max() == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize("late_s", [-0.2, 0.04, 0.35])
def test_the_delay_is_found_in_the_loudness(late_s: float) -> None:
    played = babble(6)
    heard = np.roll(room(played, delay_s=0.0), round(late_s * RATE))
    finder, found = DelayFinder(), []
    for n in range(0, len(played) - CHUNK_SAMPLES, CHUNK_SAMPLES):
        lag = finder.push(pcm(heard[n : n + CHUNK_SAMPLES]), pcm(played[n : n + CHUNK_SAMPLES]))
        if lag is not None:
            found.append(lag)
    assert found == pytest.approx([late_s] * len(found), abs=0.02)
    assert found


def test_no_delay_is_found_in_sounds_that_have_nothing_in_common() -> None:
    finder = DelayFinder()
    one, other = pcm(babble(8)), pcm(babble(8, seed=1))
    for n in range(0, len(one) - CHUNK_SAMPLES, CHUNK_SAMPLES):
        assert finder.push(one[n : n + CHUNK_SAMPLES], other[n : n + CHUNK_SAMPLES]) is None


def test_devices_that_cancel_echo_themselves_are_left_alone() -> None:
    assert not wanted("auto", "ReSpeaker Lite: USB Audio (hw:1,0)")
    assert not wanted("auto", "Echo-Cancel Source")
    assert wanted("auto", "USB PnP Sound Device: Audio (hw:1,0)")
    assert wanted("on", "ReSpeaker Lite")
    assert not wanted("off", "USB mic")


def test_what_was_played_is_found_by_time() -> None:
    """At 48 kHz it comes at 16; before, between and after there is nothing."""
    played = Played()
    tone = (8000 * np.sin(2 * np.pi * 500 * np.arange(9600) / 48_000)).astype(np.int16)
    for n in range(10):
        played.put(tone[n * 960 : (n + 1) * 960], 48_000, 5.0 + n * 0.02 + (0.004 if n % 3 else -0.004) * (n > 0))
    assert played.at(4.9) is None
    assert played.at(6.0) is None
    assert played.runs == 1
    found = played.at(5.06)
    assert found is not None
    wave = 8000 * np.sin(2 * np.pi * 500 * (np.arange(320) / 16_000 + 0.06))
    assert np.abs(found - wave).max() < 200


def test_a_new_stream_begins_a_new_run() -> None:
    played = Played()
    played.put(np.ones(960, np.int16), 48_000, 5.0)
    played.put(np.ones(320, np.int16), 16_000, 9.0)
    assert played.at(9.0) is not None
    assert played.runs == 2


def test_late_callbacks_do_not_move_time_but_a_gap_does() -> None:
    timeline = Timeline()
    for n in range(100):
        timeline.see(n * 0.02, 50 + n * 0.02 + 0.01 * (n % 2))
    assert timeline.runs == 1
    assert timeline.at(1.0) == pytest.approx(51.0)
    timeline.anchor()
    assert timeline.at(1.0) == pytest.approx(51.0, abs=0.008)
    timeline.see(2.0, 52.5)
    assert timeline.at(2.0) == pytest.approx(52.5)


class Stand:
    """A microphone that hears a sound, and its clock."""

    name = "USB mic"
    runs = 1

    def __init__(self, heard: Pcm) -> None:
        self._heard = heard

    def heard_s(self, start_sample: int) -> float:
        return 100 + start_sample / RATE

    def anchor(self) -> None:
        pass

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        pass

    async def __aiter__(self) -> AsyncIterator[AudioChunk]:
        for n in range(0, len(self._heard) - CHUNK_SAMPLES + 1, CHUNK_SAMPLES):
            yield AudioChunk(self._heard[n : n + CHUNK_SAMPLES], n)


async def cancelled(heard: Pcm, sound: Pcm, wish: str = "auto", *, reported_late_s: float = 0.0) -> list[AudioChunk]:
    played, chunks = Played(), []
    async with WithoutEcho(Stand(heard), played, EchoCanceller(), wish) as source:  # type: ignore[arg-type]
        ahead = 0
        async for chunk in source:
            while ahead < min(len(sound), chunk.start_sample + 2 * CHUNK_SAMPLES + 1600):
                played.put(sound[ahead : ahead + CHUNK_SAMPLES], RATE, 100 + ahead / RATE - reported_late_s)
                ahead += CHUNK_SAMPLES
            chunks.append(chunk)
    return chunks


async def test_between_microphone_and_listener_the_echo_goes_and_the_reference_comes() -> None:
    sound = babble(6)
    heard = pcm(room(sound, delay_s=0.02))
    chunks = await cancelled(heard, pcm(sound))
    assert left_db(np.concatenate([c.samples for c in chunks]), heard, 3) < -14
    assert sum(c.played is not None for c in chunks) > 280
    power = np.mean(np.square(heard[3 * RATE : 5 * RATE], dtype=np.float32))
    assert 0.9 * power < np.mean([c.echo.power for c in chunks[150:250]]) < power


async def test_switched_off_the_sound_is_untouched_and_the_reference_is_there_still() -> None:
    """So that our own voice can't wake us."""
    sound = babble(1)
    heard = pcm(room(sound))
    chunks = await cancelled(heard, pcm(sound), "off")
    assert np.array_equal(np.concatenate([c.samples for c in chunks]), heard[: len(chunks) * CHUNK_SAMPLES])
    assert all(c.echo.is_whole for c in chunks if c.played is not None)
    assert any(c.played is not None for c in chunks)


async def test_a_sound_system_that_reports_a_wrong_delay_is_found_out() -> None:
    """The echo comes 300 ms later than told, as from a wireless loudspeaker: found after three seconds of speech."""
    sound = babble(14)
    heard = pcm(room(sound, delay_s=0.3))
    chunks = await cancelled(heard, pcm(sound))
    assert left_db(np.concatenate([c.samples for c in chunks]), heard, 9) < -12
