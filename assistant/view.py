"""What a person sees of a run: coloured lines and a small waterfall in a terminal, plain lines in a pipe.

Reads events only. Bars are drawn from the acoustic end of speech, so that waiting for silence is seen too.
"""

from collections.abc import Sequence

from rich.console import Console

from assistant.events import (
    Announced,
    AudioDropped,
    EndpointReached,
    Event,
    Failed,
    MicrophoneFound,
    MicrophoneLost,
    ModelTimed,
    MuteSwitched,
    Reply,
    RingingEnded,
    SpeechEnded,
    SpeechStarted,
    Started,
    StopHeard,
    TimerRang,
    ToolCalled,
    TurnEnded,
    WakeDoubted,
    WakeHeard,
    WakeRejected,
)
from assistant.intents.deeds import UNDO

BAR_WIDTH = 40


class LiveView:
    """Prints every turn as it happens. Without `words`: when and how long, not what was said, done or answered."""

    def __init__(self, console: Console, *, microphone: bool, words: bool = True) -> None:
        self._console = console
        self._microphone = microphone
        self._words = words
        self._speech_started_ms: float | None = None
        self._speech_ended_ms: float | None = None
        self._model: ModelTimed | None = None

    def __call__(self, event: Event) -> None:
        """Show one event."""
        match event:
            case Started(model=model, home=home):
                self._line("ready", f"model {model}, {home} home")
                if self._microphone and self._words:
                    self._line("", 'say "Hey Gemma, turn on the kitchen light"; Ctrl-C ends')
            case MicrophoneLost(message=message):
                self._line("microphone", f"{message}; waiting for it", "yellow")
            case MicrophoneFound() if self._microphone:
                self._line("microphone", "listening")
            case WakeHeard(score=score, audio_ms=audio_ms, word=word):
                self._line("wake word", f"{word} at {audio_ms / 1000:.1f} s, score {score:.2f}".lstrip(), "cyan")
            case WakeDoubted(score=score, audio_ms=audio_ms):
                self._line("wake word", f"at {audio_ms / 1000:.1f} s, doubtful: score {score:.2f}", "dim")
            case WakeRejected(reason="not_addressed"):
                self._line("wake word", "it wasn't meant for the assistant", "dim")
            case StopHeard(score=score):
                self._line("stop", f"score {score:.2f}", "cyan")
            case SpeechStarted(audio_ms=audio_ms):
                self._speech_started_ms = audio_ms
            case SpeechEnded(audio_ms=audio_ms):
                self._speech_ended_ms = audio_ms
            case EndpointReached(reason=reason):
                self._heard(reason)
            case ToolCalled() | Reply() | TimerRang() | Announced() if not self._words:
                self._without_words(event)
            case ToolCalled():
                self._called(event)
            case Reply(text=text) if text:
                self._line("answer", f'"{text}"', "bold green")
            case ModelTimed():
                self._model = event
            case TurnEnded():
                self._ended(event)
            case TimerRang(name=name, time=time):
                self._line("timer" if time is None else "alarm", f"{name or time or 'timer'} rings", "bold yellow")
            case RingingEnded(reason="nobody"):
                self._line("timer", "nobody came: the ringing gave up", "yellow")
            case MuteSwitched(muted=muted):
                self._line("ear", "switched off" if muted else "listening again", "yellow")
            case Announced(text=text):
                self._line("announced", f'"{text}"', "green")
            case AudioDropped(dropped_ms=dropped_ms):
                self._line("dropped", f"{dropped_ms:.0f} ms of sound: this machine is too busy", "yellow")
            case Failed(message=message, remedy=remedy):
                self._line("failed", f"{message}. What to do: {remedy}", "red")
            case _:
                pass

    def _line(self, what: str, text: str, style: str = "") -> None:
        self._console.print(f"{what:>12}  ", style="dim", end="")
        self._console.print(text, style=style or None, markup=False)

    def _without_words(self, event: ToolCalled | Reply | TimerRang | Announced) -> None:
        match event:
            case ToolCalled(ok=ok, effects=effects):
                asked = f"asked, {len(effects)} effect{'s' * (len(effects) != 1)}{_why(event)}"
                self._line("home", asked if ok or effects else "refused")
            case Reply(text=text):
                self._line("answer", "given" if text else "none")
            case TimerRang(time=time):
                self._line("timer" if time is None else "alarm", "rings", "bold yellow")
            case Announced():
                self._line("announced", "a text", "green")

    def _heard(self, reason: str) -> None:
        if reason == "no_speech":
            self._line("heard", "nothing more: back to sleep", "yellow")
        elif self._speech_started_ms is not None and self._speech_ended_ms is not None:
            seconds = (self._speech_ended_ms - self._speech_started_ms) / 1000
            self._line("heard", f"{seconds:.1f} s of speech, the turn ended by {reason.replace('_', ' ')}")
        self._speech_started_ms = None

    def _called(self, event: ToolCalled) -> None:
        if event.name == UNDO.name:
            self._line("undone", "what was done last", "magenta")
        else:
            arguments = ", ".join(f"{k}={v}" for k, v in event.arguments.items())
            self._line("understood", f"{event.name}({arguments})", "magenta")
        if not event.ok:
            self._line("home", f"refused: {event.error}", "yellow")
        for effect in event.effects:
            data = effect.get("data") or ""
            done = f"{effect['service']} {effect.get('entity_id', '')} {data}".rstrip()
            self._line("home", f"{done}{_why(event)}", "bold")

    def _ended(self, turn: TurnEnded) -> None:
        marks = [
            ("endpoint", turn.endpoint_ms, "sure that you have finished"),
            ("first token", turn.first_token_ms, self._model_detail()),
            ("decision", turn.decision_ms, "what to do or say is known"),
            ("action", turn.action_ms, "the home has been asked"),
            ("voice", turn.voice_ms, "first sound of the answer"),
        ]
        known = [(name, ms, note) for name, ms, note in marks if ms is not None]
        if len(known) > 1:
            self._line("", "after your last word:")
            waterfall(self._console, known)
        self._model = None

    def _model_detail(self) -> str:
        if self._model is None:
            return ""
        m = self._model
        tokens = f"{m.tokens} (+{m.forced}) tokens in {m.decode_ms:.0f} ms"
        return f"encode {m.encode_ms:.0f}, prefill {m.prefill_ms:.0f} ms; {tokens}"


def waterfall(console: Console, marks: Sequence[tuple[str, float, str]]) -> None:
    """Draw (name, ms since the last word, note) marks as they came, each bar from where the one before ended.

    No bars in a pipe.
    """
    scale = BAR_WIDTH / max(1.0, *(ms for _, ms, _ in marks))
    before = 0.0
    for name, ms, note in sorted(marks, key=lambda mark: mark[1]):
        start = round(min(before, ms) * scale)
        bar = " " * start + "█" * max(1, round(ms * scale) - start) if console.is_terminal else ""
        console.print(f"{name:>12}  ", style="dim", end="")
        console.print(f"{ms:6.0f} ms ", end="")
        console.print(f"{bar:<{BAR_WIDTH + 1}}" if bar else "", style="cyan", end="")
        console.print(note, style="dim", markup=False)
        before = max(before, ms)


def _why(event: ToolCalled) -> str:
    """Why it was allowed: the policy's words, none of a person's."""
    return f" ({event.allowed_by})" if event.effects and event.allowed_by else ""


class Answers:
    """Prints what was done and said; nothing else."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def __call__(self, event: Event) -> None:
        """Show one event."""
        match event:
            case ToolCalled(effects=effects):
                for effect in effects:
                    data = effect.get("data") or ""
                    self._console.print(
                        f"{effect['service']} {effect.get('entity_id', '')} {data}".rstrip(), style="dim", markup=False
                    )
            case Reply(text=text):
                self._console.print(text or "(nothing to say)", markup=False)
            case Failed(message=message, remedy=remedy):
                self._console.print(f"failed: {message}. What to do: {remedy}", style="red", markup=False)
            case _:
                pass
