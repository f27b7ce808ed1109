"""assistant/waking: what goes into the wake log, what its files hold, and what happens when they can't be written."""

import dataclasses
import logging
import os
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
import soundfile

from assistant.config import WakeConfig
from assistant.errors import OutputError, UsageError
from assistant.events import (
    EndpointReached,
    Event,
    MuteSwitched,
    Reply,
    RingingEnded,
    ToolCalled,
    TurnEnded,
    WakeDoubted,
    WakeHeard,
    WakeRejected,
)
from assistant.stages import Pcm
from assistant.waking import store as store_module
from assistant.waking.entry import Entry, Kind, Log, Mark, line_of, read
from assistant.waking.keeper import Keeper, keeping
from assistant.waking.observer import WakeObserver
from assistant.waking.store import Store

NOW = datetime(2026, 11, 25, 7, 30, tzinfo=UTC)
SOUND = np.full(16_000, 3277, np.int16)  # a second at -20 dB
KEEPS = WakeConfig(keep_clips=True)


def entry(number: int = 0, kind: Kind = Kind.WAKE, score: float = 0.9, at: datetime = NOW, **more: object) -> Entry:
    return dataclasses.replace(Entry(number, at, kind, score, 0.8, -20.0), **more)  # type: ignore[arg-type]


class TestLines:
    def test_what_is_written_is_read(self) -> None:
        told = (entry(1, then="acted", clip="a.flac"), entry(2, Kind.NEAR, 0.4), entry(3, Kind.REJECTED, meant=True))
        assert read(map(line_of, told)) == Log(told)

    def test_a_mark_tells_of_the_entry_before_it_and_the_last_one_counts(self) -> None:
        marks = [line_of(Mark(1, meant=meant)) for meant in (True, False)]
        log = read([line_of(entry(1)), line_of(entry(2)), *marks, line_of(Mark(9, meant=True))])
        assert [found.meant for found in log.entries] == [False, None]

    @pytest.mark.parametrize(
        "line",
        ["{", "null", "[]", "nonsense", '{"number": 1}', "\x00" * 40, line_of(entry(1))[:50], "\ufffd\ufffd",
         line_of(entry(1)).replace("0.9", "NaN"), line_of(entry(1)).replace("+00:00", "").replace("Z", "")],
    )  # fmt: skip
    def test_a_damaged_line_is_counted_and_costs_no_other(self, line: str) -> None:
        log = read([line_of(entry(1)), line, line_of(entry(2))])
        assert ([found.number for found in log.entries], log.damaged) == ([1, 2], 1)


class TestStore:
    def test_nothing_is_there_before_something_was_heard(self, tmp_path: Path) -> None:
        store = Store(tmp_path / "wake", WakeConfig())
        assert store.read() == Log()
        store.sweep(NOW)
        assert list(tmp_path.iterdir()) == []

    def test_entries_are_numbered_on_across_restarts(self, tmp_path: Path) -> None:
        for _ in range(2):
            Store(tmp_path, WakeConfig()).add([(entry(), None), (entry(), None)])
        assert [found.number for found in Store(tmp_path, WakeConfig()).read().entries] == [1, 2, 3, 4]

    def test_no_sound_is_kept_unless_the_config_says_so(self, tmp_path: Path) -> None:
        Store(tmp_path, WakeConfig()).add([(entry(), SOUND)])
        assert [path.name for path in tmp_path.rglob("*")] == ["log.jsonl"]

    def test_a_clip_can_be_played_and_only_its_owner_may(self, tmp_path: Path) -> None:
        store = Store(tmp_path / "state" / "wake", KEEPS)
        store.add([(entry(), SOUND)])
        (found,) = store.read().entries
        path = store.clip_of(found)
        assert path is not None
        assert path.name == "20261125-073000-1-wake-0.90.flac"
        np.testing.assert_array_equal(soundfile.read(path, dtype="int16")[0], SOUND)
        assert [folder.stat().st_mode & 0o777 for folder in (store.folder, store.clips)] == [0o700, 0o700]

    def test_a_clip_that_is_deleted_or_elsewhere_is_none(self, tmp_path: Path) -> None:
        store = Store(tmp_path, KEEPS)
        (tmp_path / "clips").mkdir()
        (tmp_path / "secret").touch()
        assert [store.clip_of(entry(clip=clip)) for clip in ("", "gone.flac", "../secret", "..")] == [None] * 4

    def test_the_oldest_clips_go_when_there_are_too_many(self, tmp_path: Path) -> None:
        store = clips(Store(tmp_path, dataclasses.replace(KEEPS, clip_limit=2)), 4)
        assert store.sweep(NOW) == 2
        assert kept(store) == ["2", "3"]
        assert len(store.read().entries) == 4

    def test_and_when_they_take_too_much_room(self, tmp_path: Path) -> None:
        store = clips(Store(tmp_path, KEEPS), 4)
        size = (store.clips / "0.flac").stat().st_size
        assert Store(tmp_path, dataclasses.replace(KEEPS, clip_megabytes=2.5 * size / 1e6)).sweep(NOW) == 2
        assert kept(store) == ["2", "3"]

    def test_and_when_they_are_too_old_even_if_no_clip_is_wanted_any_more(self, tmp_path: Path) -> None:
        store = clips(Store(tmp_path, KEEPS), 4)
        off = WakeConfig(clip_days=1)
        assert Store(tmp_path, off).sweep(NOW + timedelta(hours=23)) == 0
        assert Store(tmp_path, off).sweep(NOW + timedelta(hours=24, minutes=1, seconds=30)) == 2
        assert kept(store) == ["2", "3"]

    def test_the_log_is_turned_over_when_it_is_full_and_stays_small(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(store_module, "MOST_BYTES", 1000)
        store = Store(tmp_path, WakeConfig())
        for _ in range(40):
            store.add([(entry(), None)])
        assert sum(path.stat().st_size for path in tmp_path.iterdir()) < 2500
        numbers = [found.number for found in store.read().entries]
        assert numbers == list(range(numbers[0], 41))
        assert 5 <= len(numbers) < 20

    def test_a_line_torn_by_a_power_cut_costs_only_itself(self, tmp_path: Path) -> None:
        Store(tmp_path, WakeConfig()).add([(entry(), None), (entry(), None)])
        path = tmp_path / "log.jsonl"
        path.write_bytes(path.read_bytes()[:-20])
        Store(tmp_path, WakeConfig()).add([(entry(), None)])
        log = Store(tmp_path, WakeConfig()).read()
        assert ([found.number for found in log.entries], log.damaged) == ([1, 2], 1)

    def test_an_entry_can_be_marked(self, tmp_path: Path) -> None:
        store = Store(tmp_path, WakeConfig())
        store.add([(entry(), None)])
        store.mark(1, meant=False)
        assert [found.meant for found in store.read().entries] == [False]
        with pytest.raises(UsageError, match="no entry 2"):
            store.mark(2, meant=True)

    def test_everything_can_be_forgotten(self, tmp_path: Path) -> None:
        store = clips(Store(tmp_path, KEEPS), 2)
        store.forget()
        assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
        store.forget()

    def test_where_no_clip_can_be_written_the_line_still_is(self, tmp_path: Path) -> None:
        (tmp_path / "clips").write_text("in the way")
        store = Store(tmp_path, KEEPS)
        with pytest.raises(OutputError, match="clips"):
            store.add([(entry(), SOUND)])
        assert [found.clip for found in store.read().entries] == [""]


def clips(store: Store, count: int) -> Store:
    """`count` entries with clips 0.flac, 1.flac, a minute apart, the first at NOW."""
    store.clips.mkdir(parents=True)
    for number in range(count):
        store.add([(entry(at=NOW + timedelta(minutes=number)), SOUND)])
        path = max(store.clips.glob("2026*"))
        path = path.rename(store.clips / f"{number}.flac")
        os.utime(path, (NOW.timestamp() + 60 * number,) * 2)
    return store


def kept(store: Store) -> list[str]:
    return sorted(path.stem for path in store.clips.iterdir())


class TestKeeper:
    def test_what_was_kept_is_written_at_the_latest_when_it_closes(self, tmp_path: Path) -> None:
        keeper = Keeper(Store(tmp_path, KEEPS), lambda: NOW)
        for number in range(20):
            keeper.keep(entry(score=number / 20), SOUND)
        keeper.close()
        assert [found.score for found in Store(tmp_path, KEEPS).read().entries] == [n / 20 for n in range(20)]

    def test_nothing_is_written_while_nothing_is_heard(self, tmp_path: Path) -> None:
        Keeper(Store(tmp_path / "wake", KEEPS), lambda: NOW).close()
        assert list(tmp_path.iterdir()) == []

    def test_a_disk_that_refuses_is_told_once_and_again_after_it_had_worked(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        store = Refusing(tmp_path)
        keeper = Keeper(store, lambda: NOW, pause_s=0)
        for store.error in (OutputError("full", remedy="make room"), OutputError("full", remedy="make room"), None):
            store.written.clear()
            keeper.keep(entry(), None)
            assert store.written.wait(10)
        store.error = OSError("odd")
        keeper.keep(entry(), None)
        keeper.close()
        messages = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
        assert messages == [
            "full. Listening goes on. What to do: make room",
            "the wake log failed: odd. Listening goes on.",
        ]

    def test_a_folder_that_can_not_be_made_is_told_and_nothing_is_raised(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        (tmp_path / "state").write_text("in the way")
        keeper = Keeper(Store(tmp_path / "state" / "wake", KEEPS), lambda: NOW, pause_s=0)
        for _ in range(3):
            keeper.keep(entry(), SOUND)
        keeper.close()
        (record,) = caplog.records
        assert "Listening goes on. What to do: make room there" in record.getMessage()

    def test_a_disk_that_hangs_neither_blocks_nor_fills_the_memory(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("assistant.waking.keeper.CLOSE_S", 0.01)
        store = Refusing(tmp_path, hangs=True)
        keeper = Keeper(store, lambda: NOW, pause_s=0)
        for _ in range(500):
            keeper.keep(entry(), SOUND)
        keeper.close()
        assert [record.getMessage() for record in caplog.records] == ["the wake log can't keep up: an entry is lost"]
        store.go_on.set()

    async def test_without_a_log_nothing_is_kept(self, tmp_path: Path) -> None:
        async with keeping(WakeConfig(log=False), tmp_path / "wake") as keep:
            assert keep is None
        async with keeping(WakeConfig(), tmp_path / "wake") as keep:
            assert keep is not None
            keep(entry(), None)
        assert len(Store(tmp_path / "wake", WakeConfig()).read().entries) == 1


class Refusing(Store):
    """A store whose disk refuses or hangs."""

    def __init__(self, folder: Path, *, hangs: bool = False) -> None:
        super().__init__(folder, WakeConfig())
        self.error: Exception | None = None
        self.written, self.go_on = threading.Event(), threading.Event()
        self._hangs = hangs

    def add(self, heard: object) -> None:
        if self._hangs:
            self.go_on.wait()
        try:
            if self.error is not None:
                raise self.error
        finally:
            self.written.set()


class Watched:
    """An observer whose sound is a second of silence, then the word at -20 dB; the time is NOW."""

    def __init__(self, *, sound: bool = False) -> None:
        self.kept: list[tuple[Entry, Pcm | None]] = []
        self.observer = WakeObserver(
            lambda entry, clip: self.kept.append((entry, clip)), self.cut, lambda: NOW, threshold=0.8, sound=sound
        )

    @staticmethod
    def cut(from_ms: float) -> Pcm:
        heard = np.concatenate([np.zeros(16_000, np.int16), SOUND, np.full(3200, 32767, np.int16)])
        return heard[round(from_ms * 16) :]

    def see(self, *events: Event) -> list[Entry]:
        for event in events:
            self.observer(event)
        return [entry for entry, _ in self.kept]


WAKE = WakeHeard(2000.0, 2100.0, 0.85)
OVER = EndpointReached(4000.0, 4000.0, "silence")
DONE = ToolCalled(4000.0, 4100.0, "HassTurnOn", {}, [], ok=True, error=None, allowed_by="test")
SAID = Reply(4000.0, 4200.0, "Light on.", "en")
END = TurnEnded(5000.0, 5000.0, 1, None, None, None, None, None)


class TestObserver:
    def test_a_wake_is_told_when_its_turn_is_over_with_its_highest_score_and_what_it_led_to(self) -> None:
        watched = Watched()
        assert watched.see(WAKE) == []
        for score, audio_ms in ((0.97, 2140.0), (0.5, 2220.0), (0.99, 9000.0)):
            watched.observer.scored(score, audio_ms)
        assert watched.see(OVER, DONE, SAID, END) == [entry(score=0.97, then="acted", at=NOW)]

    @pytest.mark.parametrize(
        ("events", "then"),
        [
            ([OVER, SAID, END], "answered"),
            ([OVER, dataclasses.replace(DONE, ok=False, error="denied"), SAID, END], "answered"),
            ([EndpointReached(7000.0, 7000.0, "no_speech"), END], "nothing"),
            ([RingingEnded(2000.0, 2100.0, "wake_word"), EndpointReached(7000.0, 7000.0, "no_speech"), END], "stopped"),
            ([MuteSwitched(3000.0, 3000.0, muted=True)], ""),
            ([OVER, Reply(4000.0, 4200.0, "", "en"), END], ""),
        ],
    )
    def test_what_a_wake_led_to(self, events: list[Event], then: str) -> None:
        assert [found.then for found in Watched().see(WAKE, *events)] == [then]

    def test_the_turn_that_a_wake_interrupts_says_nothing_about_it(self) -> None:
        assert Watched().see(WAKE, DONE, SAID, END) == []

    def test_a_second_wake_tells_the_first(self) -> None:
        watched = Watched()
        assert [found.score for found in watched.see(WAKE, WakeHeard(3500.0, 3600.0, 0.9))] == [0.85]
        watched.observer.close()
        watched.observer.close()
        assert [found.score for found in watched.see()] == [0.85, 0.9]

    def test_under_the_threshold_it_was_near_and_over_it_rejected(self) -> None:
        told = Watched().see(WakeRejected(2000.0, 2400.0, 0.4), WakeRejected(2000.0, 2400.0, 0.9))
        assert [(found.kind, found.score) for found in told] == [(Kind.NEAR, 0.4), (Kind.REJECTED, 0.9)]
        (unsaid,) = Watched().see(WakeRejected(2000.0, 2400.0, 0.4, reason="not_said"))
        assert unsaid.kind is Kind.REJECTED

    def test_a_wake_that_is_turned_down_afterwards_is_one_rejection(self) -> None:
        told = Watched().see(WAKE, WakeRejected(2000.0, 2600.0, 0.85))
        assert [(found.kind, found.score) for found in told] == [(Kind.REJECTED, 0.85)]

    def test_a_doubtful_wake_is_what_became_of_it(self) -> None:
        doubted = WakeDoubted(2000.0, 2100.0, 0.6)
        meant = Watched().see(doubted, WakeHeard(2000.0, 4000.0, 0.6), WakeRejected(9000.0, 9000.0, 0.4))
        assert [found.kind for found in meant] == [Kind.NEAR]  # the wake is still open
        turned_down = Watched().see(doubted, WakeRejected(2000.0, 4000.0, 0.6, "", "not_addressed"))
        assert [(found.kind, found.score) for found in turned_down] == [(Kind.REJECTED, 0.6)]

    def test_the_level_is_the_words_and_the_clip_is_its_own(self) -> None:
        """What is loud after the word doesn't count."""
        for sound, seconds in ((False, None), (True, 2.2)):
            watched = Watched(sound=sound)
            watched.see(WakeRejected(2000.0, 2400.0, 0.4))
            ((found, clip),) = watched.kept
            assert found.peak_dbfs == -20.0
            assert (clip is None) if seconds is None else len(clip) == seconds * 16_000  # type: ignore[arg-type]
