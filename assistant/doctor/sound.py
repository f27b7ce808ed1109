"""Microphone and speaker, opened as `run` opens them: two seconds of the room are listened to, nothing is played.

No sound is kept. Knows no words.
"""

import asyncio
import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from assistant.audio import trial
from assistant.audio.devices import Device, Sound, find
from assistant.doctor.findings import Finding, NotHere, Study, absent, fail, fine, first, refused, warn
from assistant.doctor.service import UNIT, assistants
from assistant.doctor.signal import Signal, measure
from assistant.errors import AudioDeviceError
from assistant.stages import SAMPLE_RATE_HZ

SECONDS = 2.0
SETTLING_S = 0.3  # a microphone's first sound clicks
DEAD_DBFS, FAINT_DBFS, LOUD_DBFS = -95.0, -80.0, -25.0
MOST_OFFSET, MOST_CLIPPED = 0.02, 0.0005
HUM_DBFS, HUM_SHARE = -55.0, 0.5
MOST_DRIFT = 0.07  # two seconds on a busy machine are this inexact; 44.1 kHz sold as 48 is 9 %
MOST_LOST_MS = 40.0
RAISE = "raise the microphone's volume (alsamixer), or audio.gain_db in the config"
LOWER = "lower the microphone's volume (alsamixer), or audio.gain_db in the config"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the config says of sound. `waits`: without a microphone `run` waits for one."""

    microphone: str = ""
    speaker: str = ""
    gain_db: float = 0.0
    waits: bool = False


@dataclass(frozen=True, slots=True)
class Cards:
    """Sound cards that the kernel knows; `locked`: their device files that this user may not open."""

    names: tuple[str, ...]
    locked: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Heard:
    """What a microphone gave. `measured_hz`: after conversion to 16 kHz, by the clock; `gain_db`: the config's."""

    device: Device
    signal: Signal
    measured_hz: float = SAMPLE_RATE_HZ
    lost_ms: float = 0.0
    gain_db: float = 0.0

    @property
    def dead(self) -> bool:
        """Digital silence."""
        return self.signal.peak_dbfs <= DEAD_DBFS


@dataclass(frozen=True, slots=True)
class Microphone:
    """What was heard, or why nothing was. `held`: by which processes of the assistant it may be."""

    heard: Heard | None
    waits: bool = False
    problem: AudioDeviceError | None = None
    held: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Speaker:
    """Where answers are heard, or why nowhere."""

    name: str
    problem: AudioDeviceError | None = None


def studies(
    wanted: Wanted, root: Path, sound: Callable[[], Sound] = Sound, marks: Sequence[Path] = ()
) -> tuple[Study[Sequence[Path]], Study[Cards], Study[Microphone], Study[Speaker]]:
    """What is looked at; `marks`: files that are there while the assistant's microphone is switched off."""
    checks = (
        ("microphone", microphone),
        ("level", of_sound(level)),
        ("clipping", of_sound(clipping)),
        ("DC offset", of_sound(offset)),
        ("mains hum", of_sound(hum)),
        ("sample rate", of_sound(rate)),
        ("gaps", of_sound(gaps)),
    )
    return (
        Study("sound", lambda: [mark for mark in marks if os.path.lexists(mark)], (("mute", mute),)),
        Study("sound", lambda: probe_cards(root), (("sound card", card),)),
        Study("sound", lambda: probe_microphone(wanted, root, sound), checks, deadline_s=20),
        Study("sound", lambda: probe_speaker(wanted, sound), (("speaker", speaker),)),
    )


def probe_cards(root: Path) -> Cards:
    """Read the kernel's list, and try its doors. Raises NotHere."""
    try:
        listed = (root / "proc/asound/cards").read_text(encoding="utf-8", errors="replace")
    except OSError:
        listed = ""
    names = tuple(re.findall(r"^ *\d+ .*?: (.+)$", listed, re.MULTILINE))
    if not names:
        raise NotHere("the kernel knows none")
    doors = [*(root / "dev/snd").glob("pcm*"), *(root / "dev/snd").glob("control*")]
    return Cards(names, tuple(str(door) for door in doors if not os.access(door, os.R_OK | os.W_OK)))


def of_sound(check: Callable[[Heard], Finding]) -> Callable[[Microphone], Finding]:
    """A check of what was heard, where something was."""

    def checked(facts: Microphone) -> Finding:
        if facts.heard is None or facts.heard.dead:
            return absent("unknown: see microphone")
        return check(facts.heard)

    return checked


def probe_microphone(
    wanted: Wanted, root: Path = Path("/"), sound: Callable[[], Sound] = Sound, seconds: float = SECONDS
) -> Microphone:
    """Listen for some seconds."""
    device: Device | None = None
    try:
        hardware = sound()
        hardware.rescan()
        device = find(hardware.devices(), "input", wanted.microphone)
        taken = asyncio.run(trial.record(hardware, wanted.microphone, 0.0, lambda _: None, seconds + SETTLING_S))
    except AudioDeviceError as e:
        held = assistants(root / "proc", listening=True) if device is not None else ()
        return Microphone(None, wanted.waits, e, tuple(int(process.name) for process in held))
    samples = taken.samples[round(SETTLING_S * SAMPLE_RATE_HZ) :]
    measured_hz = len(taken.samples) / taken.passed_s if taken.passed_s else 0.0
    return Microphone(Heard(device, measure(samples), measured_hz, taken.lost_ms, wanted.gain_db))


def probe_speaker(wanted: Wanted, sound: Callable[[], Sound] = Sound) -> Speaker:
    """Open it, without a sound."""
    try:
        hardware = sound()
        device = find(hardware.devices(), "output", wanted.speaker)
        asyncio.run(trial.open_speaker(hardware, wanted.speaker))
    except AudioDeviceError as e:
        return Speaker("", e)
    return Speaker(device.name)


def mute(facts: Sequence[Path]) -> Finding:
    """Whether somebody has switched the assistant's microphone off."""
    if facts:
        return warn(f"the assistant's microphone is switched off ({facts[0]})", "hey-gemma unmute")
    return fine("not switched off")


def card(facts: Cards) -> Finding:
    """We may use it."""
    if facts.locked:
        return fail(f"this user may not open {facts.locked[0]}", "sudo usermod -aG audio $USER, then log in again", 4)
    return fine(", ".join(facts.names))


def microphone(facts: Microphone) -> Finding:
    """There, and it gives sound."""
    if facts.problem is not None and facts.held:
        told = f"{facts.problem.message}; the running assistant may have it (process {facts.held[0]})"
        return warn(told, f"to look at the sound: sudo systemctl stop {UNIT}, or end that process; then again")
    if facts.problem is not None:
        if facts.waits:
            return warn(f"{facts.problem.message}; run waits for one", facts.problem.remedy)
        return refused(facts.problem)
    if facts.heard is None or facts.heard.dead:
        name = facts.heard.device.name if facts.heard else ""
        return fail(f"{name} gives digital silence", "unmute it (alsamixer, F4), or: hey-gemma setup", 4)
    return fine(facts.heard.device.name)


def level(facts: Heard) -> Finding:
    """Of a room in which nobody speaks."""
    rms_dbfs = facts.signal.rms_dbfs + facts.gain_db
    told = f"{rms_dbfs:.0f} dB on average, {facts.signal.peak_dbfs + facts.gain_db:.0f} dB at most"
    return first(
        warn(f"{told}: faint, even for a quiet room", RAISE) if rms_dbfs < FAINT_DBFS else None,
        warn(f"{told}: loud, unless somebody spoke just now", LOWER) if rms_dbfs > LOUD_DBFS else None,
        otherwise=fine(told),
    )


def clipping(facts: Heard) -> Finding:
    """Samples at the limit are words cut off."""
    if facts.signal.clipped > MOST_CLIPPED:
        return warn(f"{100 * facts.signal.clipped:.1f} % of the samples are at the limit", LOWER)
    if facts.signal.peak_dbfs + facts.gain_db > 0:
        return warn(f"audio.gain_db of {facts.gain_db:.0f} dB is too much", "lower audio.gain_db in the config")
    return fine("none")


def offset(facts: Heard) -> Finding:
    """The middle of the sound is zero; a cheap sound card's isn't."""
    told = f"{100 * facts.signal.offset:+.1f} % of full scale"
    if abs(facts.signal.offset) > MOST_OFFSET:
        return warn(told, "use another USB port or sound card: this one's input is off centre")
    return fine(told)


def hum(facts: Heard) -> Finding:
    """From a power supply or a cable."""
    told = f"{facts.signal.hum_hz} Hz at {facts.signal.hum_dbfs + facts.gain_db:.0f} dB"
    if facts.signal.hum_dbfs + facts.gain_db > HUM_DBFS and facts.signal.hum_share > HUM_SHARE:
        return warn(told, "keep the microphone's cable off power cables, or use another power supply")
    return fine(f"no more than {told}")


def rate(facts: Heard) -> Finding:
    """As many samples a second as it says, and enough of them."""
    drift = facts.measured_hz / SAMPLE_RATE_HZ - 1
    khz = facts.device.rate_hz / 1000
    return first(
        warn(f"{khz:g} kHz: a telephone's, words are hard to tell",
             "take the microphone out of its headset mode, or use another one")
        if facts.device.rate_hz < SAMPLE_RATE_HZ else None,
        warn(f"{100 * abs(drift):.0f} % {'more' if drift > 0 else 'fewer'} samples than {khz:g} kHz are",
             "try again when the machine is idle; else use another USB port")
        if abs(drift) > MOST_DRIFT else None,
        otherwise=fine(f"{khz:g} kHz, kept within {100 * abs(drift):.1f} %"),
    )  # fmt: skip


def gaps(facts: Heard) -> Finding:
    """Sound that the driver lost: the machine was busy, or USB was."""
    if facts.lost_ms > MOST_LOST_MS:
        return warn(f"{facts.lost_ms:.0f} ms lost in {SECONDS:.0f} s", "end other programs, or use another USB port")
    return fine("none")


def speaker(facts: Speaker) -> Finding:
    """There, and it can be opened."""
    return refused(facts.problem) if facts.problem is not None else fine(f"{facts.name} (not played on)")
