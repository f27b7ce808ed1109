"""What a soak measured: trends, what grows too much, and a picture. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

LEAST_H = 1.0  # of less memory's trend isn't judged
MOST_MB_AN_HOUR = 5.0
TREND_MB_AN_HOUR, TREND_H = 0.1, 6.0  # 0.1 MB an hour is 0.9 GB a year
WIDTH, LEFT, RIGHT, TOP, TALL, GAP = 720, 70, 700, 40, 110, 46
MEMORY = ("rss_mb", "own_mb", "asked_mb")
COLOURS = ("#1b6ca8", "#c2410c", "#4d7c0f", "#7e22ce")


@dataclass(frozen=True, slots=True)
class Sample:
    """What the process held at one moment.

    `own_mb`: memory that no file stands behind; `asked_mb`: what of malloc's is in use.
    """

    hours: float
    wall_s: float
    cpu_s: float
    rss_mb: float
    own_mb: float
    asked_mb: float
    descriptors: int
    threads: int
    tasks: int
    files: int
    file_kb: float


@dataclass(frozen=True, slots=True)
class Trend:
    """A straight line through samples: its slope an hour, and how far that may be off (two standard errors)."""

    per_hour: float
    spread: float

    def __str__(self) -> str:
        return f"{self.per_hour:+.2f} ± {self.spread:.2f} an hour"


def warm(samples: Sequence[Sample]) -> Sequence[Sample]:
    """Those of the second half: in the first one pages and caches come in, the rarest phrase after hours."""
    return [sample for sample in samples if sample.hours >= samples[-1].hours / 2]


def trend(samples: Sequence[Sample], what: str) -> Trend:
    """The line through what was measured when warm."""
    used = warm(samples)
    if len(used) < 4:
        return Trend(0.0, float("inf"))
    hours = np.array([sample.hours for sample in used])
    values = np.array([float(getattr(sample, what)) for sample in used])
    (slope, offset), away = np.polyfit(hours, values, 1), hours - hours.mean()
    error = np.sum((values - slope * hours - offset) ** 2) / (len(used) - 2) / np.sum(away**2)
    return Trend(float(slope), 2 * float(np.sqrt(error)))


def problems(samples: Sequence[Sample]) -> list[str]:
    """What grew more than it may. Of less than an hour memory's trend isn't judged: while caches fill, it grows."""
    found = []
    first, last = warm(samples)[0], samples[-1]
    hours = last.hours - first.hours
    most = TREND_MB_AN_HOUR if hours >= TREND_H else MOST_MB_AN_HOUR
    for what in ("rss_mb", "own_mb") if hours >= LEAST_H else ():
        line = trend(samples, what)
        if line.per_hour - line.spread > most:
            found.append(f"{what} grows: {line}, for {hours:.0f} hours")
    found += [
        f"{what} grew from {getattr(first, what)} to {getattr(last, what)}"
        for what, room in (("descriptors", 2), ("threads", 2), ("tasks", 12))
        if getattr(last, what) > getattr(first, what) + room
    ]
    return found


def describe(samples: Sequence[Sample], counts: Mapping[str, int]) -> str:
    """A few lines for a person."""
    last = samples[-1]
    pace = last.hours * 3600 / last.cpu_s
    lines = [
        f"{last.hours:.1f} simulated hours in {last.wall_s / 3600:.2f} h",
        f"{last.cpu_s / 3600:.2f} h of processor time: {pace:.0f} times real time on a free core",
        *(
            f"{what}: {trend(samples, what)}, {getattr(last, what):.1f} at the end"
            for what in ("rss_mb", "own_mb", "asked_mb")
        ),
        *(
            f"{what}: {min(values := [getattr(s, what) for s in warm(samples)])} to {max(values)}"
            for what in ("descriptors", "threads", "tasks", "files", "file_kb")
        ),
        *(f"{name}: {count}" for name, count in sorted(counts.items())),
    ]
    return "\n".join(lines)


def picture(samples: Sequence[Sample]) -> str:
    """One SVG, light and dark pages alike: memory, descriptors and threads, files, over simulated hours."""
    panels = (
        ("memory, MB", ("rss_mb", "own_mb"), ("resident", "of it not backed by a file")),
        ("how many", ("descriptors", "threads", "tasks"), ("descriptors", "threads", "tasks")),
        ("files of state and cache, kB", ("file_kb",), ("kB",)),
    )
    height = TOP + len(panels) * (TALL + GAP)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}"',
        ' font-family="sans-serif" font-size="13">',
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
    ]
    for number, (title, whats, names) in enumerate(panels):
        parts += _panel(samples, title, whats, names, TOP + number * (TALL + GAP))
    parts.append(f'<text x="{(LEFT + RIGHT) / 2}" y="{height - 6}" text-anchor="middle">simulated hours</text>')
    return "\n".join([*parts, "</svg>", ""])


def _panel(samples: Sequence[Sample], title: str, whats: Sequence[str], names: Sequence[str], top: float) -> list[str]:
    end = samples[-1].hours or 1.0
    most = 1.15 * max(float(getattr(s, what)) for s in samples for what in whats) or 1.0
    parts = [f'<text x="{LEFT}" y="{top - 8}">{title}</text>']
    for n in range(3):
        y = top + TALL * (1 - n / 2)
        parts.append(f'<path d="M{LEFT} {y:.1f}H{RIGHT}" stroke="#dddddd"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{most * n / 2:.0f}</text>')
    for n in range(7):
        x = LEFT + (RIGHT - LEFT) * n / 6
        parts.append(f'<text x="{x:.1f}" y="{top + TALL + 16}" text-anchor="middle">{end * n / 6:.1f}</text>')
    for n, (what, name) in enumerate(zip(whats, names, strict=True)):
        line = "L".join(
            f"{LEFT + (RIGHT - LEFT) * s.hours / end:.1f} {top + TALL * (1 - float(getattr(s, what)) / most):.1f}"
            for s in samples
        )
        parts.append(f'<path d="M{line}" fill="none" stroke="{COLOURS[n]}" stroke-width="2"/>')
        x = RIGHT - 190 * (len(whats) - 1 - n)
        parts.append(f'<text x="{x}" y="{top - 8}" text-anchor="end" fill="{COLOURS[n]}">{name}</text>')
    return parts
