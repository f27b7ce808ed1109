"""Draws DET curves as SVG: false wakes an hour against the share of words missed, both logarithmic.

Knows points and names only.
"""

import math
from collections.abc import Mapping, Sequence

WIDTH, HEIGHT, LEFT, TOP, RIGHT, BOTTOM = 720, 460, 70, 30, 700, 400
RATES, MISSES = (0.05, 100.0), (0.002, 1.0)
COLOURS = ("#1b6ca8", "#7fb7de", "#c2410c", "#f2a97e", "#4d7c0f", "#7e22ce")


def place(rate: float, miss: float) -> tuple[float, float]:
    """Where a point is drawn; what lies outside is drawn at the edge."""
    x, y = (
        math.log(min(max(value, low), high) / low) / math.log(high / low)
        for value, (low, high) in ((rate, RATES), (miss, MISSES))
    )
    return LEFT + x * (RIGHT - LEFT), BOTTOM - y * (BOTTOM - TOP)


def picture(curves: Mapping[str, Sequence[tuple[float, float]]]) -> str:
    """One SVG, light and dark pages alike."""
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}"',
        ' font-family="sans-serif" font-size="13">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
    ]
    for rate in (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100):
        x, _ = place(rate, 1)
        parts.append(f'<path d="M{x:.1f} {TOP}V{BOTTOM}" stroke="#dddddd"/>')
        parts.append(f'<text x="{x:.1f}" y="{BOTTOM + 18}" text-anchor="middle">{rate:g}</text>')
    for miss in (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1):
        _, y = place(1, miss)
        parts.append(f'<path d="M{LEFT} {y:.1f}H{RIGHT}" stroke="#dddddd"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{100 * miss:g} %</text>')
    middle = (LEFT + RIGHT) / 2
    parts.append(f'<text x="{middle}" y="{BOTTOM + 42}" text-anchor="middle">false wakes an hour</text>')
    parts.append(f'<text x="{LEFT}" y="{TOP - 10}">words missed</text>')
    for number, (name, points) in enumerate(curves.items()):
        colour = COLOURS[number % len(COLOURS)]
        line = "L".join(f"{x:.1f} {y:.1f}" for x, y in (place(*point) for point in points))
        parts.append(f'<path d="M{line}" fill="none" stroke="{colour}" stroke-width="2.5"/>')
        parts.append(f'<text x="{LEFT + 14}" y="{BOTTOM - 14 - 18 * number}" fill="{colour}">{name}</text>')
    return "\n".join([*parts, "</svg>", ""])
