"""Carries out what the turn-taking orders of those who listen, think and speak. Knows no state and no event."""

from typing import assert_never

from assistant import commands as c
from assistant.intents import replies
from assistant.listen import Listener
from assistant.mind import Mind
from assistant.mouth import Mouth


class Hands:
    """`language` of what rings; `twelve`: alarms tell their time by the clock of twelve hours."""

    def __init__(self, listener: Listener, mind: Mind, mouth: Mouth, *, language: str, twelve: bool) -> None:
        self._listener = listener
        self._mind = mind
        self._mouth = mouth
        self._language = language
        self._twelve = twelve

    def carry_out(self, order: c.Order) -> None:
        """Carry out one order, at once or behind those before it."""
        match order:
            case c.OpenTurn():
                self._open(order)
            case c.Judge(verdict):
                self._listener.judge(verdict)
            case c.GoOn(_, from_ms):
                self._mind.go_on()
                self._listener.go_on(from_ms)
            case c.ReopenTurn():
                self._mind.reopen()
                self._listener.reopen()
            case c.DropTurn():
                self._listener.close()
                self._mind.drop()
            case c.Silence():
                self._listener.close()
                self._mind.silence()
                self._mouth.silence()
            case c.Hush():
                self._mouth.silence()
            case c.Speak(text, language):
                self._mouth.speak(text, language)
            case c.FinishSpeaking():
                self._mouth.finish()
            case c.PlayEarcon(kind):
                self._mouth.earcon(kind)
            case c.Ring():
                self._ring(order)
            case _:
                self._think(order)

    def _think(self, order: c.Thought) -> None:
        match order:
            case c.StartDraft():
                self._mind.draft()
            case c.RetractDraft():
                self._mind.retract()
            case c.CutSound(ms):
                self._mind.cut(ms)
            case c.CommitTurn(only):
                self._mind.commit(only=only)
            case c.CommitAnswer():
                self._mind.commit_answer()
            case c.Weigh(wake):
                self._mind.weigh(wake)
            case c.Act(calls, confidence):
                self._mind.act(calls, confidence)
            case c.AskModel(outcomes):
                self._mind.answer(outcomes)
            case _:
                assert_never(order)

    def _open(self, order: c.OpenTurn) -> None:
        self._listener.open(order.from_ms, order.no_speech_s)
        self._mind.open()
        if order.lead_ms and order.from_ms is not None:
            self._mind.hear(self._listener.cut(max(0.0, order.from_ms - order.lead_ms), order.from_ms))

    def _ring(self, order: c.Ring) -> None:
        if order.again:
            self._mouth.earcon("pause")
        self._mouth.earcon("timer")
        said = replies.rung([(ring.name, ring.time) for ring in order.rings], self._language, twelve=self._twelve)
        self._mouth.speak(said, self._language)
        self._mouth.finish()
