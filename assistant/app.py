"""The only place where stages meet: plain calls build them from the config, nothing registers itself.

`Stages` are what is slow to load (models, voice, wake word) and is shared; `converse` wires one conversation from them.
"""

import logging
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path

from assistant import __version__, chat_template, manifest, sessions
from assistant.audio import earcons
from assistant.audio.clock import AudioClock, WallClock
from assistant.config import Config
from assistant.conversation import Conversation
from assistant.events import Event, RingingEnded, Started, TimerRang, TurnEnded
from assistant.homes import Home, build_home, real_home
from assistant.intents.deadlines import Alarm, Entry
from assistant.intents.demo_file import Furnished
from assistant.intents.home_wire import Wire
from assistant.intents.own import Controls
from assistant.intents.real_home import RealHome
from assistant.intents.router import NOT_UNDERSTOOD
from assistant.intents.timer_file import TimerFile
from assistant.intents.translated import language_for, refusal, translated
from assistant.listen import Listener
from assistant.llm import prompt
from assistant.llm.prompt import PromptProfile
from assistant.llm.session import LlamaSession
from assistant.mind import Mind
from assistant.mouth import Mouth
from assistant.own_voice import OwnVoice
from assistant.own_volume import OwnVolume
from assistant.places import cache_dir, models_dir
from assistant.speech.silent import Silent
from assistant.speech.voices import Voices
from assistant.stages import Clock, Speaker, Verifier, Voice
from assistant.states import goes_on
from assistant.stop_word import StopWord
from assistant.turn import DONE, SORRY, WENT_WRONG, Rules
from assistant.turn_gain import gain_for
from assistant.upkeep import Upkeep, rehearsing, renewing
from assistant.vad import SILERO_END_LAG_MS, FaintVad, GatedVad, SileroVad, WebRtcVad
from assistant.wake import Head, WakeWord
from assistant.wake_decision import WakeDecision
from assistant.waking.hear import decision, head_files, verifier
from assistant.waking.keeper import Keep, here_and_now
from assistant.waking.observer import WakeObserver

Observer = Callable[[Event], None]
NEVER = 1.01  # a confidence that no draft reaches
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Stages:
    """What is slow to load and outlives a conversation."""

    config: Config
    model: manifest.ModelEntry
    session: LlamaSession
    wake: WakeWord | None
    vad: GatedVad
    voice: Voice
    volume: OwnVolume
    real_home: RealHome[Wire] | None = None
    memory: str = ""
    verifier: Verifier | None = None


@asynccontextmanager
async def loaded(
    config: Config,
    clock: Clock,
    *,
    silent: Silent | None = None,
    wake: bool = True,
    script: str | None = None,
    furnished: Furnished | None = None,
    volume_file: Path | None = None,
) -> AsyncIterator[Stages]:
    """Load the models that a run needs; `volume_file` keeps the voice's volume, `silent` is instead of a voice.

    Raises ModelError.

    With a `script` every reply is that text, and the model is in no doubt of it: for figures, not for sense.
    """
    model = manifest.load().entry(config.model.name)
    async with AsyncExitStack() as stack:
        real = await stack.enter_async_context(real_home(config, clock))
        if real is not None and model.name == "tiny":
            _log.warning("the model tiny only knows the words of the demo home; for yours: hey-gemma models fetch")
        router = build_home(config, model, clock, real=real, furnished=furnished).router
        voice: Voice
        if silent is not None:
            voice = silent
        else:
            voice = voices = Voices(config.speech, manifest.data_dirs(), cache_dir() / "phrases")
            stack.push_async_callback(voices.aclose)
            await voices.warm_up(config.speech.language)
        spec = sessions.spec(config.model, model, sure=script is not None)
        session = await LlamaSession.start(
            spec,
            router.tools(),
            router.context(),
            cache_dir=cache_dir(),
            now_s=clock.now_s,
            script=script,
            legal=router.legal() if config.model.legal_calls else (),
        )
        stack.push_async_callback(session.aclose)
        vad = GatedVad(WebRtcVad(), SileroVad())
        words = head_files(config.wake.words) if wake else []
        head = WakeWord(words, FaintVad(WebRtcVad(aggressiveness=3))) if wake else None
        second = verifier(config.wake) if wake else None
        if second is not None:
            stack.callback(second.close)
        volume = OwnVolume(voice, config.speech.volume, volume_file)
        yield Stages(config, model, session, head, vad, voice, volume, real, spec.plan.name, second)


def _listener(stages: Stages, now_ms: Callable[[], float], *, wake: bool) -> Listener:
    config = stages.config
    while_speaking = WakeDecision(
        threshold=config.wake.speaking_threshold,
        near_threshold=config.wake.near_threshold,
        refractory_s=config.wake.refractory_s,
    )
    own = stop = None
    if wake and stages.wake is not None:
        twin = stages.wake.twin()
        head = Head(models_dir() / "stop" / "stop.onnx")
        own, stop = OwnVoice(twin), StopWord(head.scores, stages.wake, twin)
    return Listener(
        config.endpoint,
        stages.wake if wake else None,
        decision(config.wake, stages.verifier),
        stages.vad,
        vad_lag_ms=SILERO_END_LAG_MS,
        early_confidence=float(stages.model.thresholds.get("early_confidence", NEVER)),
        now_ms=now_ms,
        own_voice=own,
        while_speaking=None if config.audio.echo == "off" else while_speaking,
        stop_word=stop,
        gain_for=gain_for if config.audio.auto_gain else None,
        verifier=stages.verifier,
    )


@asynccontextmanager
async def conversing(
    stages: Stages,
    *,
    clock: Clock,
    wall: WallClock,
    speaker: Speaker,
    wake: bool = True,
    observe: Observer,
    timer_file: TimerFile | None = None,
    furnished: Furnished | None = None,
    keep_wake: Keep | None = None,
    rehearse: bool = False,
    soften: Callable[[], None] | None = None,
) -> AsyncIterator[tuple[Conversation, Home]]:
    """One conversation with a home of its own, wired from loaded stages. `clock` is the audio's in a fast replay.

    Without a `timer_file` nothing of the user's own timers is read or written. `keep_wake` takes what goes into the
    wake log. `rehearse`: phrases are prepared while nobody speaks. `soften` makes what is played quieter for a moment.
    """
    config = stages.config

    def now_ms() -> float:
        return wall.now_s() * 1000

    def ring(entry: Entry) -> None:
        time = entry.time if isinstance(entry, Alarm) else None
        conversation.post(TimerRang(listener.heard_ms, now_ms(), entry.name, time))

    def see(event: Event) -> None:
        if isinstance(event, RingingEnded) and event.reason != "speaker":  # else nobody has heard it
            home.timers.countdown.silenced()
        upkeep.see(event)
        observe(event)
        if isinstance(event, TurnEnded) and goodbyes and not goes_on(conversation.state):
            goodbyes.clear()
            conversation.mute(muted=True)
        wakes(event)

    goodbyes: list[bool] = []  # it was asked to mute itself in this turn
    home = build_home(
        config,
        stages.model,
        clock,
        ring,
        timer_file=timer_file,
        real=stages.real_home,
        furnished=furnished,
        controls=Controls(stages.volume.get, stages.volume.set, lambda: goodbyes.append(True)),
    )
    if stages.wake is not None:
        stages.wake.reset()
    stages.vad.reset()
    await stages.session.forget()
    listener = _listener(stages, now_ms, wake=wake)
    wakes = WakeObserver(
        keep_wake or (lambda _entry, _sound: None),
        listener.cut,
        here_and_now,
        threshold=config.wake.threshold,
        gain_db=config.audio.gain_db,
        sound=config.wake.keep_clips,
    )
    listener.words.on_score = wakes.scored
    listener.words.on_covered = soften
    sounds = earcons.make(config.audio.alarm_volume)
    if not config.audio.cue:
        del sounds["heard"]
    conversation = Conversation(
        listener=listener,
        mind=Mind(
            stages.session,
            home.router,
            language=config.speech.language,
            here=lambda: (listener.heard_ms, now_ms()),
        ),
        mouth=Mouth(
            stages.voice,
            speaker,
            sounds,
            now_ms=now_ms,
            heard_ms=lambda: listener.heard_ms,
            instead={refusal(NOT_UNDERSTOOD, config.speech.language): "not_understood"}
            if config.speech.quiet
            else None,
        ),
        rules=Rules(
            wake_needed=wake,
            quiet=config.speech.quiet,
            wake_sound=config.audio.wake_sound,
            threshold=config.wake.threshold,
            lead_ms=float(stages.model.opinion.get("lead_ms", 0.0)),
            language=language_for(config.speech.language),
            sorry=refusal(SORRY, config.speech.language),
            done=translated(DONE, config.speech.language) or DONE,
            went_wrong=refusal(WENT_WRONG, config.speech.language),
        ),
        observe=see,
        now_ms=now_ms,
        fast=isinstance(clock, AudioClock),
        twelve=config.place.clock == "12h",
    )
    stages.session.when_stuck(conversation.give_up)
    language, voice = config.speech.language, stages.voice if rehearse else Silent()
    upkeep = Upkeep(
        renewing(stages.session, home, stages.real_home),
        rehearsing(voice, home, language, lambda: conversation.state, wall.now_s),
    )
    if stages.real_home is not None:
        stages.real_home.on_change = upkeep.changed
        upkeep.changed()
    observe(Started(0.0, now_ms(), stages.model.name, config.home.kind, versions(), stages.memory))
    home.timers.countdown.restore()
    try:
        yield conversation, home
    finally:
        await upkeep.aclose()
        await conversation.aclose()
        wakes.close()
        await home.timers.aclose()


def prompt_problem(config: Config, model: manifest.ModelEntry, template: str) -> str | None:
    """Where our prompt for this model parts from the chat template in its file; None: nowhere."""
    home = build_home(config, model, WallClock()).router
    profile = PromptProfile(**model.prompt)
    ours = prompt.prefix(profile, home.tools(), home.context()) + prompt.USER_OPEN + "Hello" + prompt.REPLY_OPEN
    told = prompt.prefix(replace(profile, tools=False), (), home.context())
    system = told.split("\n", 1)[1].removesuffix(prompt.TURN_CLOSE)
    tools = home.tools() if profile.tools else ()
    return chat_template.difference(template, ours, system=system, tools=tools, user="Hello")


def versions() -> dict[str, str]:
    """What runs: us and what decides about sound and sense."""
    names = ("llama-cpp-python", "piper-tts", "onnxruntime", "numpy")
    return {"hey-gemma": __version__, "python": sys.version.split()[0], **{name: version(name) for name in names}}
