"""Files as microphone and as speaker, and the clock that the audio moves."""

import asyncio
import errno
import os
import resource
import struct
import tracemalloc
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import soundfile

from assistant.audio.clock import AudioClock, WallClock
from assistant.audio.replay import FileSource, FileSpeaker, NullSpeaker
from assistant.errors import AudioFileError, OutputError
from assistant.stages import AudioChunk, AudioClip


def tone(seconds: float, rate_hz: int, frequency_hz: float = 440.0, amplitude: float = 0.5) -> np.ndarray:
    return amplitude * np.sin(2 * np.pi * frequency_hz * np.arange(round(seconds * rate_hz)) / rate_hz)


async def read_all(source: FileSource) -> list[AudioChunk]:
    async with source:
        return [chunk async for chunk in source]


def joined(chunks: list[AudioChunk]) -> np.ndarray:
    return np.concatenate([c.samples for c in chunks])


def clip(seconds: float, rate_hz: int = 16_000, value: int = 1000) -> AudioClip:
    return AudioClip(np.full(round(seconds * rate_hz), value, np.int16), rate_hz)


def read_wav(path: Path) -> tuple[int, np.ndarray]:
    with wave.open(str(path)) as w:
        assert (w.getnchannels(), w.getsampwidth()) == (1, 2)
        return w.getframerate(), np.frombuffer(w.readframes(w.getnframes()), "<i2")


# --- FileSource ------------------------------------------------------------------------------------------------------


async def test_a_16_khz_mono_file_comes_through_bit_for_bit_in_chunks_of_320(tmp_path: Path) -> None:
    """16-bit sound at 16 kHz isn't touched, only cut, and the last chunk is filled up with zeros."""
    samples = np.random.default_rng(1).integers(-32768, 32768, 320 * 60 + 7).astype(np.int16)
    soundfile.write(tmp_path / "x.wav", samples, 16_000)
    chunks = await read_all(FileSource(str(tmp_path / "x.wav"), AudioClock()))
    assert [c.start_sample for c in chunks] == list(range(0, 320 * 61, 320))
    assert all(c.samples.shape == (320,) and c.samples.dtype == np.int16 for c in chunks)
    assert np.array_equal(joined(chunks)[: len(samples)], samples)
    assert not joined(chunks)[len(samples) :].any()


@pytest.mark.parametrize(
    ("name", "rate_hz", "channels", "subtype"),
    [
        ("a.wav", 8_000, 2, "PCM_U8"),
        ("a.wav", 192_000, 2, "PCM_24"),
        ("a.wav", 44_100, 6, "PCM_32"),
        ("a.wav", 48_000, 1, "FLOAT"),
        ("a.wav", 12_000, 1, "ULAW"),
        ("a.flac", 22_050, 1, "PCM_16"),
        ("a.ogg", 48_000, 2, "VORBIS"),
    ],
)
async def test_any_rate_width_and_channel_count_sounds_the_same(
    tmp_path: Path, name: str, rate_hz: int, channels: int, subtype: str
) -> None:
    """A 440 Hz tone of -6 dB stays one, of the same length, whatever the file's form."""
    sound = np.repeat(tone(1.5, rate_hz)[:, None], channels, axis=1)
    soundfile.write(tmp_path / name, sound, rate_hz, subtype=subtype)
    heard = joined(await read_all(FileSource(str(tmp_path / name), AudioClock())))
    assert len(heard) == 24_000
    middle = heard[8_000:16_000].astype(float)
    spectrum = np.abs(np.fft.rfft(middle))
    assert np.argmax(spectrum) * 2 == 440  # 2 Hz a bin
    assert np.sqrt(np.mean(middle**2)) / 32768 == pytest.approx(0.5 / np.sqrt(2), rel=0.03)


async def test_one_channel_out_of_two_is_heard_at_half_level(tmp_path: Path) -> None:
    """Channels are averaged: nobody is lost."""
    stereo = np.stack([tone(0.5, 16_000), np.zeros(8_000)], axis=1)
    soundfile.write(tmp_path / "x.wav", stereo, 16_000)
    heard = joined(await read_all(FileSource(str(tmp_path / "x.wav"), AudioClock())))
    assert np.abs(heard).max() / 32768 == pytest.approx(0.25, abs=0.001)


async def test_nan_and_infinite_samples_are_silence(tmp_path: Path) -> None:
    """A broken float file does no harm, and loud samples are clipped, not wrapped."""
    sound = np.array([np.nan, np.inf, -np.inf, 3.0, -3.0, 0.5], np.float32)
    soundfile.write(tmp_path / "x.wav", sound, 16_000, subtype="FLOAT")
    (chunk,) = await read_all(FileSource(str(tmp_path / "x.wav"), AudioClock()))
    assert chunk.samples[:6].tolist() == [0, 0, 0, 32767, -32768, 16384]


async def test_a_nan_in_a_resampled_file_spoils_only_itself(tmp_path: Path) -> None:
    """A resampler's memory would spread one NaN over all that follows."""
    sound = tone(0.5, 48_000).astype(np.float32)
    sound[12_000] = np.nan
    soundfile.write(tmp_path / "x.wav", sound, 48_000, subtype="FLOAT")
    heard = joined(await read_all(FileSource(str(tmp_path / "x.wav"), AudioClock())))
    assert np.abs(heard[6_000:]).max() > 16_000


async def test_a_file_of_one_sample_is_one_chunk(tmp_path: Path) -> None:
    """The shortest sound there is."""
    soundfile.write(tmp_path / "x.wav", np.array([9], np.int16), 16_000)
    (chunk,) = await read_all(FileSource(str(tmp_path / "x.wav"), AudioClock()))
    assert chunk.samples.tolist() == [9] + [0] * 319


async def test_a_wav_cut_short_gives_what_is_there(tmp_path: Path) -> None:
    """A recording that was interrupted has a header that promises too much."""
    path = tmp_path / "x.wav"
    soundfile.write(path, np.ones(16_000, np.int16), 16_000)
    os.truncate(path, 44 + 2 * 8_000)
    assert joined(await read_all(FileSource(str(path), AudioClock()))).sum() == 8_000


def _bad_inputs(folder: Path) -> Iterator[tuple[str, Path]]:
    yield "missing", folder / "nothing.wav"
    yield "folder", folder
    empty = folder / "empty.wav"
    empty.touch()
    yield "0 bytes", empty
    silent = folder / "no_samples.wav"
    soundfile.write(silent, np.zeros(0, np.int16), 16_000)
    yield "0 samples", silent
    header = folder / "header.wav"
    soundfile.write(header, np.ones(100, np.int16), 16_000)
    os.truncate(header, 30)
    yield "truncated header", header
    text = folder / "text.wav"
    text.write_text("this is no sound\n" * 50)
    yield "not audio", text
    yield "a device", Path("/dev/zero")
    broken = folder / "broken.ogg"
    soundfile.write(broken, tone(1, 16_000), 16_000, subtype="VORBIS")
    os.truncate(broken, broken.stat().st_size // 2)
    yield "truncated ogg", broken


async def test_every_unusable_input_is_an_error_with_a_remedy_before_the_first_chunk(tmp_path: Path) -> None:
    """`async with` raises, and the message names the file."""
    cases = list(_bad_inputs(tmp_path))
    assert len(cases) == 8
    for label, path in cases:
        with pytest.raises(AudioFileError) as caught:
            async with FileSource(str(path), AudioClock()):
                pytest.fail(f"{label}: entered")
        assert str(path) in caught.value.message, label
        assert caught.value.remedy, label
        assert caught.value.exit_code == 2


async def test_an_unreadable_file_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests may run as root, whom nobody refuses: so the refusal is made here."""
    soundfile.write(tmp_path / "x.wav", np.ones(9, np.int16), 16_000)

    def refuse(self: Path) -> os.stat_result:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "stat", refuse)
    with pytest.raises(AudioFileError, match="Permission denied"):
        await read_all(FileSource(str(tmp_path / "x.wav"), AudioClock()))


async def test_a_flac_damaged_further_on_tells_where(tmp_path: Path) -> None:
    """What can only be seen while decoding is an AudioFileError too, after the sound before it."""
    path = tmp_path / "x.flac"
    soundfile.write(path, np.random.default_rng(1).integers(-999, 999, 160_000).astype(np.int16), 16_000)
    os.truncate(path, path.stat().st_size // 2)
    chunks: list[AudioChunk] = []

    async def read() -> None:
        async with FileSource(str(path), AudioClock()) as source:
            async for chunk in source:
                chunks.append(chunk)  # noqa: PERF401 - what came before the error counts

    with pytest.raises(AudioFileError, match=r"damaged \d\.\d s into it"):
        await read()
    assert 3_000 < chunks[-1].end_ms <= 5_000


async def test_three_hours_do_not_fill_memory(tmp_path: Path) -> None:
    """A sparse file of 345 MB is opened and begun within 2 MB."""
    path = tmp_path / "long.wav"
    soundfile.write(path, np.zeros(0, np.int16), 16_000)
    size = 3 * 3600 * 32_000
    with path.open("r+b") as f:
        f.seek(4)
        f.write(struct.pack("<I", 36 + size))
        f.seek(40)
        f.write(struct.pack("<I", size))
        f.truncate(44 + size)
    tracemalloc.start()
    async with FileSource(str(path), AudioClock()) as source:
        async for chunk in source:
            if chunk.start_ms >= 60_000:
                break
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert chunk.start_ms == 60_000
    assert peak < 2_000_000


class HandClock(WallClock):
    """A wall clock whose waits are written down instead of waited for."""

    def __init__(self) -> None:
        self.time_s = 100.0
        self.waits: list[float] = []

    def now_s(self) -> float:
        return self.time_s

    async def reach(self, at_s: float) -> None:
        self.waits.append(at_s)
        self.time_s = max(self.time_s, at_s)
        await asyncio.sleep(0)


async def test_chunks_are_due_when_their_last_sample_would_have_been_recorded(tmp_path: Path) -> None:
    """Every deadline counts from the start, so lateness never adds up."""
    soundfile.write(tmp_path / "x.wav", np.ones(320 * 500, np.int16), 16_000)
    clock = HandClock()
    async with FileSource(str(tmp_path / "x.wav"), clock) as source:
        async for _ in source:
            clock.time_s += 0.007  # the consumer is slow
    assert clock.waits == pytest.approx([100.0 + 0.02 * (n + 1) for n in range(500)], abs=1e-9)


async def test_real_time_is_never_ahead_of_the_clock(tmp_path: Path) -> None:
    """On the real clock 10 chunks take 0.2 s."""
    soundfile.write(tmp_path / "x.wav", np.ones(3_200, np.int16), 16_000)
    clock = WallClock()
    async with FileSource(str(tmp_path / "x.wav"), clock) as source:
        start_s = clock.now_s()
        early = [(clock.now_s() - start_s) * 1000 - chunk.end_ms async for chunk in source]
    assert len(early) == 10
    assert min(early) >= 0
    assert early[-1] < 150  # a busy machine is late, but not by a second pass


@pytest.mark.parametrize("kind", ["pipe", "file"])
async def test_raw_sound_is_read_from_standard_input(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """`-` is 16 kHz s16le, from a pipe or a redirected file; half a sample at the end is left out."""
    samples = np.arange(-400, 401, dtype="<i2")
    data = samples.tobytes() + b"\x01"
    if kind == "pipe":
        fd, writing_fd = os.pipe()
        os.write(writing_fd, data[:333])  # ends inside a sample

        def write_rest() -> None:
            os.write(writing_fd, data[333:])
            os.close(writing_fd)

        asyncio.get_running_loop().call_later(0.01, write_rest)
    else:
        (tmp_path / "raw").write_bytes(data)
        fd = os.open(tmp_path / "raw", os.O_RDONLY)
    with os.fdopen(fd) as stdin:
        monkeypatch.setattr("sys.stdin", stdin)
        chunks = await read_all(FileSource("-", AudioClock()))
    assert np.array_equal(joined(chunks), np.pad(samples, (0, 960 - 801)))


async def test_a_silent_standard_input_keeps_nobody_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """While nothing comes other tasks run, and reading can be cancelled."""
    fd, writing_fd = os.pipe()
    with os.fdopen(fd) as stdin, os.fdopen(writing_fd):
        monkeypatch.setattr("sys.stdin", stdin)
        async with FileSource("-", AudioClock()) as source:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.02):
                    await anext(aiter(source))


async def test_an_empty_standard_input_is_an_error_with_a_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    """It can only be known when it is read."""
    with os.fdopen(os.open(os.devnull, os.O_RDONLY)) as stdin:
        monkeypatch.setattr("sys.stdin", stdin)
        with pytest.raises(AudioFileError, match="standard input"):
            await read_all(FileSource("-", AudioClock()))


async def test_a_closed_standard_input_is_an_error_with_a_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a shell closes it with <&-."""
    monkeypatch.setattr("sys.stdin", None)
    with pytest.raises(AudioFileError, match="closed"):
        await read_all(FileSource("-", AudioClock()))


async def test_an_answer_takes_its_time_while_a_file_is_replayed_fast(tmp_path: Path) -> None:
    """A clip of 0.5 s begun at chunk 10 ends at 0.7 s of audio, not sooner, not later."""
    soundfile.write(tmp_path / "x.wav", np.ones(16_000, np.int16), 16_000)
    clock = AudioClock()
    heard_until: list[float] = []

    async def play() -> None:
        await NullSpeaker(clock).play(clip(0.5))
        heard_until.append(clock.now_s())

    async with FileSource(str(tmp_path / "x.wav"), clock) as source:
        async for chunk in source:
            if chunk.end_ms == 200:
                playing = asyncio.create_task(play())
    await playing
    assert heard_until == pytest.approx([0.7])


# --- FileSpeaker -----------------------------------------------------------------------------------------------------


@pytest.fixture
async def clock() -> AudioClock:
    """A clock that short sleeps move by themselves."""
    clock = AudioClock()
    await clock.release()
    return clock


async def test_answers_follow_one_another_with_a_pause(tmp_path: Path, clock: AudioClock) -> None:
    """The first clip decides the rate, later ones are resampled, at most 0.3 s of silence lie between."""
    speaker = FileSpeaker(tmp_path / "out.wav", clock)
    await speaker.play(clip(0.5, 22_050, 1000))
    await clock.reach(clock.now_s() + 2.0)
    await speaker.play(clip(0.5, 16_000, 2000))
    await speaker.aclose()
    rate_hz, sound = read_wav(tmp_path / "out.wav")
    assert rate_hz == 22_050
    assert len(sound) == 22_050 + 6_615
    assert (sound[:11_025] == 1000).all()
    assert not sound[11_025 : 11_025 + 6_615].any()
    assert np.median(sound[11_025 + 6_615 :]) == 2000
    assert clock.now_s() == pytest.approx(3.0)


async def test_pieces_of_an_answer_follow_one_another_without_a_gap(tmp_path: Path, clock: AudioClock) -> None:
    """As they are heard: nothing is put between clips that come at once."""
    speaker = FileSpeaker(tmp_path / "out.wav", clock)
    for _ in range(3):
        await speaker.play(clip(0.5, 22_050, 1000))
    await speaker.aclose()
    _, sound = read_wav(tmp_path / "out.wav")
    assert len(sound) == pytest.approx(3 * 11_025, abs=2)
    assert (sound == 1000).all()


async def test_the_file_is_a_wav_from_the_start_and_after_every_clip(tmp_path: Path, clock: AudioClock) -> None:
    """Whoever kills the process finds every answer that was heard."""
    path = tmp_path / "out.wav"
    speaker = FileSpeaker(path, clock)
    assert len(read_wav(path)[1]) == 0
    await speaker.play(clip(0.1))
    assert len(read_wav(path)[1]) == 1_600
    await speaker.play(clip(0.1))
    assert len(read_wav(path)[1]) == pytest.approx(3_200, abs=2)
    await speaker.aclose()


@pytest.mark.parametrize("how", ["stop", "cancel"])
async def test_what_was_not_heard_is_not_in_the_file(tmp_path: Path, how: str) -> None:
    """A clip that is stopped, or whose task is cancelled, ends at that place."""
    clock = AudioClock()
    speaker = FileSpeaker(tmp_path / "out.wav", clock)
    speaker.stop()  # harmless: the next clip plays
    playing = asyncio.create_task(speaker.play(clip(2.0)))
    await asyncio.sleep(0)
    await clock.reach(0.5)
    if how == "stop":
        speaker.stop()
        await clock.reach(0.52)
        await playing
    else:
        playing.cancel()
        await asyncio.wait([playing])
        assert playing.cancelled()
    heard = len(read_wav(tmp_path / "out.wav")[1]) / 16_000
    assert 0.5 <= heard <= 0.52
    await speaker.aclose()


async def test_what_was_heard_before_the_end_is_in_the_file(tmp_path: Path) -> None:
    """As at Ctrl-C: the answer is cancelled and the file closed before the cancelled task has run."""
    clock = AudioClock()
    speaker = FileSpeaker(tmp_path / "out.wav", clock)
    playing = asyncio.create_task(speaker.play(clip(2.0)))
    await asyncio.sleep(0)
    await clock.reach(0.5)
    playing.cancel()
    await speaker.aclose()
    await asyncio.wait([playing])
    assert playing.cancelled()
    assert len(read_wav(tmp_path / "out.wav")[1]) == 8_000


async def test_an_output_that_cannot_be_opened_says_so_at_once(tmp_path: Path, clock: AudioClock) -> None:
    """Before anybody speaks: a missing folder, a folder, a full disk."""
    for path in (tmp_path / "no" / "out.wav", tmp_path, Path("/dev/full")):
        with pytest.raises(OutputError) as caught:
            FileSpeaker(path, clock)
        assert str(path) in caught.value.message
        assert "--speaker-file" in caught.value.remedy
        assert caught.value.exit_code == 6


@contextmanager
def small_disk() -> Iterator[None]:
    """No file of this process may grow over 20 kB inside: not the log of the test run either, so keep it short."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


async def test_a_disk_that_fills_up_is_an_error_and_keeps_what_was_there(tmp_path: Path, clock: AudioClock) -> None:
    """The header still counts only the answers that are whole."""
    path = tmp_path / "out.wav"
    speaker = FileSpeaker(path, clock)
    await speaker.play(clip(0.5))
    with small_disk(), pytest.raises(OutputError):
        await speaker.play(clip(0.5))
    await speaker.aclose()
    with wave.open(str(path)) as w:
        assert w.getnframes() == 8_000
