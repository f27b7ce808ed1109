"""Numbers and signs of a sentence -> words that espeak, which Piper uses, reads well. Pure.

It reads "8:05" as eight zero five, "°C" as degrees C, "10-20" without the "to". English has rules of its own; German,
French and Spanish share theirs, with a table each. What isn't known is left alone. 20 µs a sentence.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

_MINUS = "-\N{MINUS SIGN}"
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


@dataclass(frozen=True, slots=True)
class _Manner:
    """How a language says these. `clock`: hour and minute; `hour`: a full hour; `after`: what may stand behind it."""

    degree: str
    degrees: str
    scales: Mapping[str, str]
    clock: str
    hour: str
    after: str
    percent: str
    to: str
    minus: str
    date: str
    months: str
    units: Mapping[str, tuple[str, str]]


def _same(**units: str) -> dict[str, tuple[str, str]]:
    return {sign: (one, one) for sign, one in units.items()}


def _more(end: str, **units: str) -> dict[str, tuple[str, str]]:
    return {sign: (one, one + end) for sign, one in units.items()}


_MANNERS: Mapping[str, _Manner] = {
    "de": _Manner(
        "{n} Grad{scale}", "{n} Grad{scale}", {"": "", "C": " Celsius", "F": " Fahrenheit"}, "{h} Uhr {m}", "{h} Uhr",
        "Uhr", "Prozent", "bis", "minus", "{d}. {month} {y}",
        "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
        _same(kWh="Kilowattstunden", Wh="Wattstunden", kW="Kilowatt", W="Watt", V="Volt", Hz="Hertz", km="Kilometer",
              cm="Zentimeter", mm="Millimeter", m="Meter", kg="Kilogramm", g="Gramm", l="Liter", ml="Milliliter",
              hPa="Hektopascal", lx="Lux", dB="Dezibel")
        | {"km/h": ("Kilometer pro Stunde",) * 2, "m/s": ("Meter pro Sekunde",) * 2, "h": ("Stunde", "Stunden"),
           "min": ("Minute", "Minuten"), "s": ("Sekunde", "Sekunden"), "€": ("Euro", "Euro")},
    ),
    "fr": _Manner(
        "{n} degré{scale}", "{n} degrés{scale}", {"": "", "C": " Celsius", "F": " Fahrenheit"}, "{h} heures {m}",
        "{h} heures", "heures?|h", "pour cent", "à", "moins", "{d} {month} {y}",
        "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
        _more("s", kW="kilowatt", W="watt", V="volt", km="kilomètre", cm="centimètre", mm="millimètre", m="mètre",
              kg="kilogramme", g="gramme", l="litre", ml="millilitre", hPa="hectopascal", dB="décibel", h="heure",
              min="minute", s="seconde")
        | _same(Hz="hertz", lx="lux")
        | {"kWh": ("kilowattheure", "kilowattheures"), "km/h": ("kilomètre par heure", "kilomètres par heure"),
           "m/s": ("mètre par seconde", "mètres par seconde"), "€": ("euro", "euros")},
    ),
    "es": _Manner(
        "{n} grado{scale}", "{n} grados{scale}", {"": "", "C": " Celsius", "F": " Fahrenheit"}, "{h} y {m}",
        "{h} en punto", "horas|h", "por ciento", "a", "menos", "{d} de {month} de {y}",
        "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
        _more("s", W="vatio", V="voltio", km="kilómetro", cm="centímetro", mm="milímetro", m="metro", kg="kilogramo",
              g="gramo", l="litro", ml="mililitro", dB="decibelio", h="hora", min="minuto", s="segundo", kW="kilovatio")
        | _same(Hz="hercios", lx="lux", hPa="hectopascales")
        | {"kWh": ("kilovatio hora", "kilovatios hora"), "km/h": ("kilómetro por hora", "kilómetros por hora"),
           "m/s": ("metro por segundo", "metros por segundo"), "€": ("euro", "euros")},
    ),
}  # fmt: skip


def in_words(text: str, language: str) -> str:
    """A text in words, as far as the language's manner is known."""
    if language == "en":
        return _in_english(text)
    manner = _MANNERS.get(language)
    return text if manner is None else _in(text, manner)


def _in(text: str, manner: _Manner) -> str:
    number = r"(?<![\d.,])([-\N{MINUS SIGN}]?)(\d+(?:[.,]\d+)?)"

    def said(m: re.Match[str], one: str, many: str, **more: str) -> str:
        digits = m[2].replace(".", ",")
        n = f"{manner.minus} {digits}" if m[1] else digits
        return (one if digits == "1" else many).format(n=n, **more)

    def clock(m: re.Match[str]) -> str:
        hour, minute = int(m[1]), int(m[2])
        return manner.clock.format(h=hour, m=minute) if minute else manner.hour.format(h=hour)

    def unit(m: re.Match[str]) -> str:
        one, many = manner.units[m[3]]
        return said(m, f"{{n}} {one}", f"{{n}} {many}")

    def date(m: re.Match[str]) -> str:
        return manner.date.format(d=int(m[3]), month=manner.months.split()[int(m[2]) - 1], y=m[1])

    signs = "|".join(sorted(map(re.escape, manner.units), key=len, reverse=True))
    text = re.sub(rf"{number}\s*°(?:\s*([CF])\b)?",
                  lambda m: said(m, manner.degree, manner.degrees, scale=manner.scales[m[3] or ""]), text)  # fmt: skip
    text = re.sub(
        rf"(?<![\d:])([01]?\d|2[0-3])(?::|\s?h\s?)([0-5]\d)(?![\d:])(?:\s*(?:{manner.after})\b)?", clock, text
    )
    text = re.sub(rf"{number}\s*%", lambda m: said(m, "{n} " + manner.percent, "{n} " + manner.percent), text)
    text = re.sub(rf"{number}\s*({signs})(?![\w/²³])", unit, text)
    text = re.sub(r"\b(\d{4})-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])\b", date, text)
    return re.sub(r"(?<![\d\-–])(\d+)[\-–](\d+)(?![\d\-–])", rf"\1 {manner.to} \2", text)  # noqa: RUF001 - a dash


def _in_english(text: str) -> str:
    """The English rules."""
    scales = {"": "", "C": " Celsius", "F": " Fahrenheit"}

    def degrees(m: re.Match[str]) -> str:
        n = m[1].removesuffix(".0")
        return f"{n} degree{'' if n.lstrip(_MINUS) == '1' else 's'}{scales[m[2] or '']}"

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
    end = "" if m[1].lstrip(_MINUS) == "1" or unit in _SAME else "s"
    return f"{m[1]} {unit.replace('/s', end) if '/s' in unit else unit + end}"


def _date(m: re.Match[str]) -> str:
    return f"{int(m[3])} {_MONTHS.split()[int(m[2]) - 1]} {m[1]}"


def _money(m: re.Match[str]) -> str:
    whole = f"{m[2]} {_MONEY[m[1]]}{'' if m[2] == '1' else 's'}"
    return whole if not m[3] or m[3] == "00" else f"{whole} {int(m[3])}"
