"""One run each: listen for ever, replay a file, answer what is typed, speak a text.

Knows what only a run has (microphone, speaker, the marks that outlive it), and leaves the conversation to `app`.
"""

from collections.abc import Iterator, Sequence
from contextlib import aclosing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from assistant import manifest
from assistant.app import Observer, conversing, loaded
from assistant.audio.clock import AudioClock, WallClock
from assistant.audio.devices import Sound, Wanted
from assistant.audio.echo import EchoCanceller, WithoutEcho
from assistant.audio.mic import Microphone
from assistant.audio.outlet import Outlet
from assistant.audio.played import Played
from assistant.audio.replay import FileSource, FileSpeaker, NullSpeaker
from assistant.audio.softer import Softer
from assistant.audio.speaker import SoundSpeaker
from assistant.config import Config
from assistant.desk import announcer_for, shown
from assistant.disk import at_home
from assistant.duck import ducking
from assistant.errors import UsageError
from assistant.events import Event
from assistant.front import Front
from assistant.intents.mqtt_announce import Announcer
from assistant.intents.timer_file import TimerFile
from assistant.intents.translated import refusal
from assistant.muting import NAME, Mark, muting
from assistant.places import runtime_dir, state_dir
from assistant.service import ServiceManager, attended
from assistant.speech.silent import Silent
from assistant.speech.voices import Voices
from assistant.stages import Speaker
from assistant.trace import JsonLines
from assistant.turn import SORRY, WENT_WRONG
from assistant.unfinished import Unfinished
from assistant.waking.keeper import keeping


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says about one run."""

    mic_file: str | None = None
    speaker_file: Path | None = None
    events: Path | None = None
    fast: bool = False
    wake: bool = True


async def run(config: Config, options: Options, observers: Sequence[Observer]) -> None:
    """Listen to a file or the microphone, until the file is over or for ever."""
    wall = WallClock()
    clock = AudioClock() if options.fast else wall
    announcer = None if options.fast else announcer_for(config.home.mqtt)  # a fast replay is nobody's assistant
    manager = ServiceManager.given() if options.mic_file is None else None
    everyone = [*observers, *(teller.observe for teller in (announcer, manager) if teller is not None)]
    with _observed(options.events or (at_home(config.log.events) if config.log.events else None), everyone) as observe:
        if options.mic_file is None:
            await _listen(config, options, wall, observe, announcer=announcer, manager=manager)
            return
        speaker = NullSpeaker(clock) if options.speaker_file is None else FileSpeaker(options.speaker_file, clock)
        async with (
            loaded(config, clock, wake=options.wake) as stages,
            conversing(
                stages,
                clock=clock,
                wall=wall,
                speaker=speaker,
                wake=options.wake,
                observe=observe,
                rehearse=not options.fast,
            ) as (
                talk,
                home,
            ),
            shown(announcer, talk, home.timers, stages.volume),
        ):
            await talk.run(FileSource(options.mic_file, clock))


async def _listen(
    config: Config,
    options: Options,
    wall: WallClock,
    observe: Observer,
    *,
    announcer: Announcer | None,
    manager: ServiceManager | None,
) -> None:
    """Listen to the microphone for ever."""
    mark = Mark(state_dir() / NAME)
    unfinished = Unfinished(runtime_dir())
    front = Front(config.panel, config.service.on_state, wall.now_s)

    def observed(event: Event) -> None:
        mark.keep(event)
        unfinished.observe(event)
        front.see(event)
        observe(event)

    sound = Sound()
    wanted, played, softer, canceller = config.audio.speaker, Played(), Softer(wall), EchoCanceller()

    def card(device: Wanted) -> SoundSpeaker:
        return SoundSpeaker(sound, wall, device=device, played=played, softer=softer)

    speaker: Speaker = Outlet(card, wanted, wall)
    if options.speaker_file is not None:
        speaker = FileSpeaker(options.speaker_file, wall)

    def microphone(start_sample: int) -> WithoutEcho:
        if isinstance(speaker, Outlet):
            speaker.let_go()
        wanted, gain_db = config.audio.microphone or None, config.audio.gain_db
        device = Microphone(sound, device=wanted, gain_db=gain_db, start_sample=start_sample, clock=wall)
        return WithoutEcho(device, played, canceller, config.audio.echo)

    async with (
        keeping(config.wake, state_dir() / "wake") as keep_wake,
        loaded(config, wall, wake=options.wake, volume_file=state_dir() / "volume.json") as stages,
        conversing(
            stages,
            clock=wall,
            wall=wall,
            speaker=speaker,
            wake=options.wake,
            observe=observed,
            timer_file=TimerFile(state_dir() / "timers.json"),
            keep_wake=keep_wake,
            rehearse=True,
            soften=softer.begin,
        ) as (talk, home),
        shown(announcer, talk, home.timers, stages.volume),
        muting(mark, talk),
        front.wired(talk),
        ducking(config.audio.duck, stages.real_home, state_dir() / "ducked.json", talk),
        attended(manager, talk, stages.session),
        aclosing(unfinished),
    ):
        if unfinished.found:
            talk.announce(refusal(WENT_WRONG if unfinished.perhaps_done else SORRY, config.speech.language))
        await talk.run_microphone(microphone, wait=config.service.wait_for_microphone or manager is not None)


async def ask(config: Config, text: str, events: Path | None, observers: Sequence[Observer]) -> None:
    """One typed turn, answered in text. Raises UsageError where nothing was typed."""
    if not text.strip():
        raise UsageError("nothing was asked", remedy='hey-gemma ask "turn on the desk lamp"')
    wall = WallClock()
    with _observed(events, observers) as observe:
        async with (
            loaded(config, wall, silent=Silent(), wake=False) as stages,
            conversing(stages, clock=wall, wall=wall, speaker=NullSpeaker(wall), observe=observe) as (talk, _),
        ):
            await talk.ask(text)


async def say(config: Config, text: str, language: str, speaker_file: Path | None) -> None:
    """Speak a text. Raises UsageError where nothing in it can be spoken."""
    heard = False
    speaker = await _for_one_text(config, speaker_file)
    voices = Voices(config.speech, manifest.data_dirs())
    try:
        async for clip in voices.clips(text, language):
            await speaker.play(clip)
            heard = True
    finally:
        await speaker.aclose()
        await voices.aclose()
    if not heard:
        raise UsageError("there is nothing to speak in that text", remedy="write some letters or digits")


async def _for_one_text(config: Config, file: Path | None) -> Speaker:
    """The sound card's speaker, or one into a file, whose sound nobody waits for."""
    if file is None:
        return SoundSpeaker(Sound(), WallClock(), device=config.audio.speaker or None)
    clock = AudioClock()
    await clock.release()
    return FileSpeaker(file, clock)


@contextmanager
def _observed(path: Path | None, observers: Sequence[Observer]) -> Iterator[Observer]:
    lines = JsonLines(path) if path is not None else None
    everyone: list[Observer] = [*observers, *([lines] if lines else [])]

    def observe(event: Event) -> None:
        for observer in everyone:
            observer(event)

    try:
        yield observe
    finally:
        if lines is not None:
            lines.close()
