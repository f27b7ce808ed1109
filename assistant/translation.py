"""Google's way to have speech translated, and what of the reply is the translation. Pure.

Gemma writes down what was said, then on a new line the language's name, a colon and the translation: having written it
down it translates better. Nobody wants to hear that first line. Knows no tool and no voice.
"""

import re

TOOL = "HassTranslate"
LANGUAGES = {
    "japanese": "ja", "english": "en", "german": "de", "french": "fr", "spanish": "es", "italian": "it",
    "portuguese": "pt", "dutch": "nl", "russian": "ru", "chinese": "zh", "korean": "ko", "polish": "pl",
    "swedish": "sv",
}  # fmt: skip
_NAMES = {code: name.capitalize() for name, code in LANGUAGES.items()}
_MARKS = r"[\s*_`\"]*"
_LABEL = re.compile(rf"{_MARKS}(?P<name>{'|'.join(LANGUAGES)})(?: translation)?{_MARKS}:{_MARKS}", re.IGNORECASE)
_LONGEST_LABEL = 40


def task(source: str, target: str) -> str:
    """Google's prompt for a speech segment, which is in the model's ear already. Languages are codes: "ja"."""
    source, target = _NAMES.get(source, "English"), _NAMES[target]
    return (
        f"Transcribe the speech segment in {source}, then translate it into {target}. When formatting the answer, "
        f"first output the transcription in {source}, then one newline, then output the string '{target}: ', then the "
        f"translation in {target}."
    )


def label(text: str) -> tuple[str, int] | None:
    """The language that a text is labelled with at its beginning, as a code, and where the label ends."""
    found = _LABEL.match(text)
    return None if found is None else (LANGUAGES[found["name"].casefold()], found.end())


def split(text: str, *, sure: bool) -> str | None:
    """What stands behind the transcription, label included; None: that may come yet. `sure`: a translation was asked.

    Text of which nothing says that it is a transcription comes back whole.
    """
    _said, newline, below = text.partition("\n")
    if newline and label(below):
        return below
    if label(text) or (not sure and (not newline or (below.strip() and not _may_be_label(below)))):
        return text
    if newline and not _may_be_label(below):  # a transcription of several lines
        return split(below, sure=True)
    return None


def rest(text: str, *, sure: bool) -> str:
    """The same for a whole reply: without a label the last line is the translation, where one was asked for."""
    behind = split(text, sure=sure)
    return behind if behind is not None else (text.strip().rpartition("\n")[2] if sure else text)


def _may_be_label(text: str) -> bool:
    begun = text.strip(' \n\t*_`"').casefold()
    return len(text) < _LONGEST_LABEL and any(name.startswith(begun) or begun.startswith(name) for name in LANGUAGES)
