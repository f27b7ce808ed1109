"""What the lamp shows in each state, as a colour and how it moves: pure, time is an argument.

A lamp of one colour can't be red for "muted", so there that flashes twice every two seconds.
"""

import math
from dataclasses import dataclass

from assistant.states import (
    Acting,
    Announcing,
    Confirming,
    Drafting,
    FollowUp,
    Idle,
    Listening,
    Muted,
    Overhearing,
    Ringing,
    Speaking,
    State,
    Thinking,
    WaitingForMicrophone,
    Weighing,
)

Colour = tuple[float, float, float]
OFF: Colour = (0.0, 0.0, 0.0)
BLUE: Colour = (0.0, 0.2, 1.0)
GREEN: Colour = (0.0, 1.0, 0.3)
RED: Colour = (1.0, 0.0, 0.0)
AMBER: Colour = (1.0, 0.5, 0.0)
WHITE: Colour = (1.0, 1.0, 1.0)


@dataclass(frozen=True, slots=True)
class Look:
    """`motion`: steady, pulse, blink or flash. `alone`: the motion of a lamp of one colour, where it differs."""

    colour: Colour
    motion: str = "steady"
    alone: str = ""


ERROR = Look(RED, "blink")
ERROR_S = 2.0


def look(state: State) -> Look:
    """What a state looks like."""
    match state:
        case Idle() | Overhearing() | Weighing():  # what is overheard, nobody may notice
            return Look(OFF)
        case Listening() | Drafting() | Confirming() | FollowUp():
            return Look(BLUE)
        case Thinking() | Acting():
            return Look(BLUE, "pulse")
        case Speaking() | Announcing():
            return Look(GREEN)
        case Ringing():
            return Look(WHITE, "blink")
        case Muted():
            return Look(RED, "steady", alone="flash")
        case WaitingForMicrophone():
            return Look(AMBER, "pulse")


def level(motion: str, at_s: float) -> float:
    """How bright a motion is at a time, 0..1."""
    match motion:
        case "pulse":
            return 0.55 - 0.45 * math.cos(2 * math.pi * at_s / 1.2)
        case "blink":
            return 1.0 if at_s % 0.5 < 0.25 else 0.0
        case "flash":
            return 1.0 if at_s % 2 < 0.1 or 0.25 <= at_s % 2 < 0.35 else 0.0
        case _:
            return 1.0
