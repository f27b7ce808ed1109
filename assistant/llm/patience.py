"""How long the model's thread may stand still before it is stopped, and before it is given up. Pure.

Knows no thread and no model: beats and time are arguments. A beat is a batch decoded or a job done. The longest batch,
512 rows of E2B, is 14 s on a Raspberry Pi 5 (projected: 38 rows a second), so 30 s without a beat is no slow machine.
"""

from dataclasses import dataclass
from typing import Literal

LONGEST_S = 30.0
GRACE_S = 5.0  # a decode that can be stopped is stopped within milliseconds


@dataclass(slots=True)
class Patience:
    """Compares one look with the next. "slow" is said once a standstill, "stuck" when stopping didn't help."""

    longest_s: float = LONGEST_S
    grace_s: float = GRACE_S
    _beats: int = -1
    _since_s: float = 0.0
    _stopped: bool = False

    def look(self, now_s: float, beats: int, *, working: bool) -> Literal["fine", "slow", "stuck"]:
        """Judge the thread as it is now."""
        if not working or beats != self._beats:
            self._beats, self._since_s, self._stopped = beats, now_s, False
            return "fine"
        if now_s - self._since_s >= self.longest_s + self.grace_s:
            return "stuck"
        if now_s - self._since_s >= self.longest_s and not self._stopped:
            self._stopped = True
            return "slow"
        return "fine"
