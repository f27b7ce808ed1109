"""A wake word of one's own: what is said to train and measure it. Pure: how words sound comes as phonemes.

Near-misses are found, not listed: each word of the phrase is put beside the common words that sound most like it.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path

import numpy as np

from assistant.disk import at_home, readable
from assistant.errors import ModelMissing, UsageError

COMMON = tuple(
    """able about above across after again against air all almost alone along already also always among and animal
    another answer any apple are area arm around ask autumn away baby back bad bag ball bank base bath beach bear beat
    because bed been before began behind believe bell below best better between big bird birthday black blue board boat
    body book both bottle bottom box boy brain branch bread breakfast bridge bring brother brown build burn bus business
    but butter button buy call came camera camp can captain car card care carry case cat catch cause center certain
    chair chance change cheap check cheese chicken child choose church circle city class clean clear clock close cloud
    coffee cold color come common compare complete consider cook cool copy corner correct cost could count country
    course cover cow cross cry cup cut dance dark daughter day dead dear deep dinner direct dish doctor does dog dollar
    done door down draw dream dress drink drive dry during each early earth east easy eat effect egg eight either else
    emma engine enough enter equal even evening ever every exact example eye face fact family famous far farm fast
    father favor feel feet few field fight figure fill film final find fine finger finish fire first fish five floor
    flower fly follow food foot for force forest form forward found four free fresh friend from front fruit full game
    garden gave general german get gift girl give glad glass go gold gone good got grand grass great green ground group
    grow guess had hair half hall hand happen happy hard has hat have hay head hear heart heat heavy held hello help her
    here hey high hill him his history hit hold hole home hope horse hot hotel hour house how hundred hungry hurry ice
    idea if imagine in inch include inside into iron island it jacket jenna job john join jump just keep kept key kind
    king kitchen knew know lady lake land language large last late laugh law lay lead learn least leave left leg less
    let letter level lie life lift light like line listen little live long look lost lot loud love low machine made
    main make man many map mark market may maybe me mean measure meat meet men middle might mile milk million mind
    minute miss modern moment money month moon more morning most mother mountain mouse mouth move much music must my
    name nation near neck need never new news next nice night nine no noise none noon north nose not note nothing
    notice now number ocean of off offer office often oil okay old once one only open orange order other our out over
    own page paint pair paper parent park part party pass past pay peace pen people perhaps person phone photo phrase
    picture piece place plain plan plane plant play please point police poor possible post pound power practice press
    pretty problem produce product promise proper prove pull push put question quick quiet quite radio rain ran reach
    read ready real reason record red remember repeat reply rest return rich ride right ring rise river road rock roll
    room round row rule run safe said sail salt same sand sat save saw say school science score sea season seat second
    see seed seem self sell send sense sentence serve set seven several shape she sheep ship shirt shoe shop short
    should shout show side sign silver similar simple since sing sister sit six size skin sky sleep slow small smell
    smile snow so soap soft some son song soon sound south space speak special spell spend spoon sport spring stand
    star start state station stay step stick still stone stop store storm story street strong student study such sugar
    summer sun supper sure surprise sweet swim table take talk tall taste tea teach team tell ten test than thank that
    the their them then there these they thick thin thing think third this those thought thousand three through
    throw thunder ticket tie time tiny to today together told tomato tomorrow tone too took top total touch toward town
    toy trade train travel tree trip trouble truck true try tube turn twelve twenty two type uncle under unit until up
    us use usual valley value very video view village visit voice vote wait walk wall want war warm was wash watch water
    wave way we wear weather week weight well went were west wet what wheel when where which while white who whole why
    wide wife wild will wind window wine winter wish with woman wonder wood word work world worry would write wrong
    yard year yellow yes yesterday yet you young your zero""".split()  # noqa: SIM905 - as a list it takes 800 lines
)
COMMANDS = (
    "turn on the kitchen light", "what time is it", "set a timer for ten minutes", "turn it off", "play some music",
    "what's the weather like tomorrow", "open the blinds", "stop", "make it a bit warmer", "is the front door locked",
)  # fmt: skip
GREETINGS = ("hey", "hello", "hi", "okay", "yes", "say", "oh")
FRAMES = ("the {} is over there", "I think {} said so", "my {} doesn't work", "so {} it was", "they call it {} here")
NEAREST = 14  # words that sound like one of the phrase's
MOST_NEAR = 80

Phonemes = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Recipe:
    """How much is made: voices, then clips a voice of the word and of near-misses, and seconds of other speech."""

    name: str
    voices: int
    words: int
    near: int
    speech_s: float
    steps: int

    @property
    def sound_s(self) -> float:
        """About how much sound that is."""
        return self.voices * (self.words * 2.8 + self.near * 2.3 + self.speech_s)


SMALL = Recipe("small", voices=64, words=8, near=10, speech_s=25, steps=1500)
FULL = Recipe("full", voices=240, words=10, near=14, speech_s=45, steps=3000)


def checked(phrase: str) -> str:
    """The phrase, plain. Raises UsageError where it can't be a wake word."""
    words = re.sub(r"[^a-z' -]", "", phrase.lower()).split()
    plain = " ".join(words)
    if plain != " ".join(phrase.lower().split()):
        raise UsageError(f"{phrase!r}: English letters only", remedy='write it as it is spoken: "hey computer"')
    if not 6 <= len(plain) <= 40:
        raise UsageError(f"{phrase!r} is too {'short' if len(plain) < 6 else 'long'} to wake reliably",
                         remedy='two or three words with three syllables or more: "hey computer"')  # fmt: skip
    return plain


def file_name(phrase: str) -> str:
    """`hey computer` -> `hey_computer.onnx`."""
    return re.sub(r"[^a-z]+", "_", phrase.lower()).strip("_") + ".onnx"


def heads(words: Sequence[str], shipped: Path, folders: Sequence[Path]) -> list[Path]:
    """The files of the words in the config: "hey gemma", one that was trained here, or a path. Raises ModelMissing."""
    found = []
    for word in words:
        if word.endswith(".onnx"):
            places = [at_home(word)]
        elif file_name(word) == shipped.name:
            places = [shipped]
        else:
            places = [folder / file_name(word) for folder in folders]
        path = next(filter(readable, places), None)
        if path is None:
            raise ModelMissing(
                f"no head for the wake word {word!r} ({', '.join(map(str, places))})",
                remedy=f'hey-gemma wake train "{word}"',
            )
        found.append(path)
    return found


def unlike(one: str, other: str) -> float:
    """How differently two words sound, 0..1, from their phonemes."""
    one, other = (re.sub("[ˈˌː _]", "", phonemes) for phonemes in (one, other))
    return 1 - SequenceMatcher(None, one, other, autojunk=False).ratio()


def near_misses(phrase: str, phonemes: Phonemes) -> list[str]:
    """What sounds like the phrase and isn't it, the nearest first; in the end its parts and what they stand in."""
    words, whole = phrase.split(), phonemes(phrase)
    found: dict[str, float] = {}
    for place, word in enumerate(words):
        mine = phonemes(word)
        ranked = sorted((unlike(mine, phonemes(other)), other) for other in COMMON if other != word)
        for distance, other in [pair for pair in ranked if pair[0] > 0][:NEAREST]:
            found[" ".join([*words[:place], other, *words[place + 1 :]])] = distance
    nearest = sorted(found, key=lambda said: (unlike(whole, phonemes(said)), said))
    parts = [" ".join(words[:-1]), " ".join(words[1:]), words[-1], words[0]]
    greeted = [f"{greeting} {' '.join(words[1:])}" for greeting in GREETINGS if greeting != words[0] and len(words) > 1]
    framed = [frame.format(words[-1]) for frame in FRAMES]
    every = [*nearest[:MOST_NEAR], *parts, *greeted, *framed]
    return [said for said in dict.fromkeys(every) if said and unlike(whole, phonemes(said)) > 0]


def sentences(rng: np.random.Generator) -> Iterator[str]:
    """Other speech without end: common words in any order, in sentences of three to nine."""
    while True:
        yield " ".join(COMMON[int(n)] for n in rng.integers(len(COMMON), size=int(rng.integers(3, 10)))) + "."
