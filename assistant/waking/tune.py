"""The wake log -> a threshold and a gain for this room, and what would have been otherwise. Pure: no file, no sound.

What was meant is known from a mark, or from what came after: a wake that led to an action was meant, one after which
nobody spoke wasn't, and a near miss that was said again within 8 s was. What a wake only answered tells nothing: a
television gets answers too. Nothing under `near_threshold`, or the threshold in force if that is lower, is in the log,
so no threshold under it can be proposed.

Gain hardly moves scores: on the clips of tests/replay/wake under 0.02 between -40 and +10 dB; what hurts is clipping
(+20 dB: 0.97 became 0.38). So gain goes by levels alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from assistant.waking.entry import Entry, Kind

AGAIN_S = (1.0, 8.0)  # sooner, it is the same word; later, another matter
LOWEST, HIGHEST = 0.3, 0.98
FEWEST = 10  # cases that a proposal needs
WORTH = 2  # wrong decisions fewer that a change needs: one is chance
LOUD_DBFS, QUIET_DBFS, WANTED_DBFS = -0.5, -30.0, -15.0  # of the word's peak; as setup tells them
GAIN_LIMIT_DB = 40.0
_DEEPEST = 6  # hundredths


@dataclass(frozen=True, slots=True)
class Case:
    """An entry and whether it was meant for the assistant; `why` it is thought so."""

    entry: Entry
    meant: bool
    why: str

    def wakes(self, threshold: float) -> bool:
        """Whether it would wake. What was turned down for another reason stays so."""
        return self.entry.score >= threshold and self.entry.kind is not Kind.REJECTED

    def wrong(self, threshold: float) -> bool:
        """Whether that would be wrong."""
        return self.wakes(threshold) is not self.meant


@dataclass(frozen=True, slots=True)
class Proposal:
    """`threshold` is the one in force where another wouldn't be better; `reason` says why."""

    threshold: float
    now: float
    cases: tuple[Case, ...]
    reason: str

    @property
    def flips(self) -> tuple[Case, ...]:
        """What would have been decided otherwise."""
        return tuple(case for case in self.cases if case.wakes(self.now) is not case.wakes(self.threshold))

    def wrong(self, threshold: float) -> tuple[int, int]:
        """How many would be missed, and how many wake that shouldn't."""
        wrong = [case for case in self.cases if case.wrong(threshold)]
        return sum(case.meant for case in wrong), sum(not case.meant for case in wrong)


def judged(entries: Sequence[Entry]) -> tuple[Case, ...]:
    """Every entry of which it is known, or likely, whether it was meant."""
    cases = []
    for place, entry in enumerate(entries):
        following = next((later for later in entries[place + 1 :] if later.kind is Kind.WAKE), None)
        gap_s = (following.at - entry.at).total_seconds() if following is not None else float("inf")
        if entry.meant is not None:
            cases.append(Case(entry, entry.meant, "you said so"))
        elif entry.kind is Kind.WAKE:
            if entry.then in ("acted", "stopped"):
                cases.append(Case(entry, meant=True, why=_THEN[entry.then]))
            elif entry.then == "nothing":
                cases.append(Case(entry, meant=False, why=_THEN[entry.then]))
        elif entry.kind is Kind.REJECTED:
            cases.append(Case(entry, meant=False, why="turned down"))
        elif gap_s > AGAIN_S[1]:
            cases.append(Case(entry, meant=False, why="not said again"))
        elif gap_s > AGAIN_S[0]:
            cases.append(Case(entry, meant=True, why="said again at once"))
    return tuple(cases)


_THEN = {"acted": "something was done", "stopped": "it stopped a timer", "nothing": "nobody spoke after it"}


def propose(cases: Sequence[Case], now: float, near_threshold: float, highest: float = HIGHEST) -> Proposal:
    """The threshold with the fewest wrong decisions, as near to the present one as it can be."""
    cases = tuple(cases)

    def keep(reason: str) -> Proposal:
        return Proposal(now, now, cases, reason)

    if len(cases) < FEWEST:
        return keep(f"only {len(cases)} clear cases yet; {FEWEST} are needed. Marks help: hey-gemma wake log --meant N")
    lowest = min(now, max(LOWEST, round(near_threshold, 2)))
    candidates = [n / 100 for n in range(round(lowest * 100), round(highest * 100) + 1)]
    wrong = {threshold: sum(case.wrong(threshold) for case in cases) for threshold in candidates}
    wrong_now = sum(case.wrong(now) for case in cases)
    fewest = min(wrong.values())
    if wrong_now - fewest < WORTH:
        return keep("no other threshold would have been better by more than chance")
    best = min((t for t in candidates if wrong[t] == fewest), key=lambda t: abs(t - now))
    away = 1 if best > now else -1
    equal = 0  # how far the stretch that is as good goes on: not its edge, the next voice isn't the last one
    while equal < _DEEPEST and wrong.get(round(best * 100 + away * (equal + 1)) / 100) == fewest:
        equal += 1
    threshold = round(best * 100 + away * (equal // 2)) / 100
    return Proposal(threshold, now, cases, f"{wrong_now - fewest} wrong decisions fewer")


@dataclass(frozen=True, slots=True)
class Gain:
    """`gain_db` is the one in force where another isn't needed; `reason` says why."""

    gain_db: float
    now_db: float
    reason: str


def propose_gain(cases: Sequence[Case], now_db: float) -> Gain:
    """A gain at which words are neither cut off nor lost; from those that were meant, at the gain in force."""
    peaks = [case.entry.peak_dbfs for case in cases if case.meant and abs(case.entry.gain_db - now_db) < 0.05]
    if len(peaks) < FEWEST // 2:
        return Gain(now_db, now_db, f"only {len(peaks)} words at this gain yet; {FEWEST // 2} are needed")
    middle, clipped = median(peaks), sum(peak > LOUD_DBFS for peak in peaks)
    if clipped * 4 >= len(peaks):
        change, why = -12.0, f"{clipped} of {len(peaks)} words are cut off: too loud"
    elif middle < QUIET_DBFS:
        change, why = round(WANTED_DBFS - middle), f"words peak at {middle:.0f} dB: rather quiet"
    else:
        return Gain(now_db, now_db, f"words peak at {middle:.0f} dB: right")
    return Gain(max(-GAIN_LIMIT_DB, min(GAIN_LIMIT_DB, now_db + change)), now_db, why)
