"""A text as written -> the sentences that a voice reads well. Pure.

Takes off what isn't speech (markup, emoji) and puts into words what espeak's English rules, which Piper uses,
read badly. Knows no voice. An answer of two sentences takes 30 µs.
"""

import re

_ABBREVIATION = r"(?<!\bMr\.)(?<!\bMs\.)(?<!\bDr\.)(?<!\bSt\.)(?<!\bMrs\.)"
_SENTENCE_END = re.compile(rf"(?<=[.!?…]){_ABBREVIATION}\s+(?=[^a-z])|(?<=[。！？])|\n+")  # noqa: RUF001 - Japanese marks
_CLAUSE_END = re.compile(r"(?<=[,;:–—])\s+")  # noqa: RUF001 - a dash
_MARKUP = re.compile(
    r"```\w*|!?\[([^\]\n]{0,200})\]\([^)\n]{0,300}\)|^[ \t]*(?:#+|>|[-•*+])[ \t]+|^[ \t:|-]+$|[*`~]|__|"
    r"[\u2600-\u27bf\ufe0f\u200d\U0001f000-\U0001faff]",
    re.MULTILINE,
)
_ITEM = re.compile(r"^[ \t]*(\d{1,2})[.)][ \t]+(?=\S)", re.MULTILINE)
_NUMBER = r"(?<![\d.])([-\N{MINUS SIGN}]?\d+(?:\.\d+)?)"
_MONTHS = """January February March April May June July August September October November December"""
# What stands behind a number -> one, many.
_UNITS = {
    "kWh": "kilowatt hour", "Wh": "watt hour", "kW": "kilowatt", "W": "watt", "V": "volt", "Hz": "hertz",
    "km/h": "kilometre/s per hour", "m/s": "metre/s per second", "mph": "mile/s per hour", "km": "kilometre",
    "cm": "centimetre", "mm": "millimetre", "m²": "square metre", "m³": "cubic metre", "m": "metre", "kg": "kilogram",
    "mg": "milligram", "g": "gram", "ml": "millilitre", "cl": "centilitre", "l": "litre", "L": "litre",
    "hPa": "hectopascal", "ppm": "part/s per million", "lx": "lux", "µg/m³": "microgram/s per cubic metre",
    "dB": "decibel", "GB": "gigabyte",
    "MB": "megabyte", "min": "minute", "h": "hour", "s": "second", "ms": "millisecond",
}  # fmt: skip
_SAME = frozenset({"hertz", "lux"})
_MONEY = {"$": "dollar", "€": "euro", "£": "pound"}
_CLAUSE_WORDS, _REST_WORDS = 3, 2


def sentences(text: str, language: str) -> list[str]:
    """The sentences to speak, one after another; what has no letter or digit is left out."""
    plain = _MARKUP.sub(lambda m: m[1] or "", text)
    if language == "en":
        plain = _in_words(_ITEM.sub(r"\1, ", plain))
    plain = plain.replace("|", " ")
    return [s.strip() for s in _SENTENCE_END.split(plain) if any(c.isalnum() for c in s)]


def clauses(sentence: str) -> list[str]:
    """A sentence in parts that can be spoken alone: three words or more before a comma, two or more after it."""
    parts: list[str] = []
    at = 0
    for end in _CLAUSE_END.finditer(sentence):
        words, rest = sentence[at : end.start()].split(), sentence[end.end() : end.end() + 100].split()
        if len(words) >= _CLAUSE_WORDS and len(rest) >= _REST_WORDS:
            parts.append(sentence[at : end.start()])
            at = end.end()
    return [*parts, sentence[at:]]


def _in_words(text: str) -> str:
    """What espeak's English rules, which Piper uses, read badly: "8:05" as eight zero five, "°C" as degrees C."""
    scales = {"": "", "C": " Celsius", "F": " Fahrenheit"}

    def degrees(m: re.Match[str]) -> str:
        return f"{m[1].removesuffix('.0')} degree{'' if m[1] in ('1', '-1') else 's'}{scales[m[2] or '']}"

    def clock(m: re.Match[str]) -> str:
        hour, minute = int(m[1]), int(m[2])
        if minute:
            return f"{hour} {'oh ' if minute < 10 else ''}{minute}"
        if m[3]:
            return str(hour)
        return f"{hour} o'clock" if 1 <= hour <= 12 else f"{hour} hundred" if hour else "midnight"

    text = re.sub(rf"{_NUMBER}\s*°(?:\s*([CF])\b)?", degrees, text)
    text = re.sub(r"(?<![\d:])(\d{1,2}):([0-5]\d)(?![\d:])(?=(\s*[ap]\.?m\b)?)", clock, text, flags=re.IGNORECASE)
    text = re.sub(rf"{_NUMBER}\s*({'|'.join(sorted(_UNITS, key=len, reverse=True))})(?![\w/²³])", _unit, text)
    text = re.sub(r"\b(\d{4})-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])\b", _date, text)
    text = re.sub(r"([$€£])(\d+)(?:\.(\d\d))?(?![\d.,]\d)", _money, text)
    text = re.sub(r" ?(?:→|->|=>) ?", " to ", text)
    return re.sub(r"(?<![\d\-–])(\d+)[\-–](\d+)(?![\d\-–])", r"\1 to \2", text)  # noqa: RUF001 - a range's en dash


def _unit(m: re.Match[str]) -> str:
    unit = _UNITS[m[2]]
    end = "" if m[1].lstrip("-\N{MINUS SIGN}") == "1" or unit in _SAME else "s"
    return f"{m[1]} {unit.replace('/s', end) if '/s' in unit else unit + end}"


def _date(m: re.Match[str]) -> str:
    return f"{int(m[3])} {_MONTHS.split()[int(m[2]) - 1]} {m[1]}"


def _money(m: re.Match[str]) -> str:
    whole = f"{m[2]} {_MONEY[m[1]]}{'' if m[2] == '1' else 's'}"
    return whole if not m[3] or m[3] == "00" else f"{whole} {int(m[3])}"
