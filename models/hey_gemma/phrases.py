"""What is said for the wake word's data: the word, what sounds like it, and other speech.

Knows words only, no voice and no sound. Near-misses are in groups, so that a table can show which sound is confused.
"""

from typing import TypeAlias

import numpy as np

Rng: TypeAlias = np.random.Generator

WORD = ("hey gemma", "Hey Gemma.", "Hey Gemma!", "Hey Gemma?", "Hey, Gemma.", "hey gemma,")

NEAR_MISSES: dict[str, tuple[str, ...]] = {
    "hey + other name": ("hey siri", "hey jarvis", "hey google", "hey maria", "hey peter", "hey anna", "hey mister"),
    "hey + g/j name": ("hey jenna", "hey jimmy", "hey jemima", "hey jenny", "hey james", "hey gina", "hey jamie"),
    "hey + -emma": ("hey emma", "hey gamma", "hey mama", "hey lemma", "hey dilemma", "hey emily"),
    "hey + german, gem": (
        "hey german",
        "hey gem",
        "hey gemini",
        "hey general",
        "hey gentlemen",
        "hey jam",
        "hey Jeremy",
    ),
    "other + gemma": ("say gemma", "okay gemma", "my gemma", "the gemma", "a gemma", "is gemma there", "call gemma"),
    "gemma alone": ("gemma", "Gemma.", "gemma said", "gemma is here"),
    "hey alone": ("hey", "hey!", "hey you", "hey there", "hey, come here", "hey what's that"),
    "rhymes": (
        "they gem a",
        "day gamma",
        "pay jenna",
        "stay, emma",
        "hay dilemma",
        "play jam a",
        "the enema",
        "eczema",
    ),
    "names in talk": (
        "emma is here",
        "jenna called again",
        "jemma's jam",
        "the gems are",
        "a German man",
        "hay for Emma",
    ),
}

# Nearest of all: two in five of the near-misses that are trained on.
HARD = (
    "hey jenna", "hey german", "hey gem", "hey jem", "hey jemima", "hey gemini", "hey general", "hey gamma", "hey emma",
    "hey jim", "hey jim, a", "hey gem of a", "hey jam", "hey germ", "hey jumbo", "hey james", "hey jamie", "hey yemma",
    "hey dilemma", "hey llama", "hey hemma", "hey jeff", "hey Jen", "hey Jen, am I", "gemma", "the gemma", "okay gemma",
    "stay gemma", "a gemma",
)  # fmt: skip

COMMANDS = (
    "turn on the kitchen light", "switch off the light in the bedroom", "dim the living room light to thirty percent",
    "make the office light blue", "turn on the bedroom fan", "close the living room blinds", "what's the weather",
    "set the heating to twenty one degrees", "turn on the coffee machine", "pause the music", "play the music",
    "next song", "set the volume to forty percent", "add milk to the shopping list", "lock the front door",
    "set a timer for ten minutes", "set a pasta timer for eight minutes", "cancel the timer", "open the blinds",
    "is the kitchen light on", "what time is it", "how warm is it in the living room", "tell me a joke", "who are you",
    "how do you say good morning in Japanese", "turn off all the lights", "what is on the shopping list", "never mind",
)  # fmt: skip

_SUBJECTS = (
    "my sister", "the teacher", "a friend of ours", "nobody", "the old man", "everyone in the office", "her uncle",
    "the dog", "they",
)  # fmt: skip
_VERBS = (
    "said that", "never believed", "always wanted to know if", "told me yesterday", "has forgotten that", "hopes",
    "read that", "asked whether", "was sure",
)  # fmt: skip
_CLAUSES = (
    "the train to the city was late again", "we need more bread and cheese", "the game ended in a draw",
    "rain is coming later in the week", "the jam in the fridge is made of plums", "they may have left early",
    "general knowledge helps in a quiz", "the engine made a strange noise", "there is a gem in the museum",
    "it takes a week to get to Germany", "the main problem is money", "the children play in the garden",
    "hate is a strong word", "the manager changed the agenda", "he may come at any moment",
    "summer is hotter than before", "the damage was minimal", "a lemon a day keeps you fresh",
    "the camera was in the drawer", "January is the coldest month",
)  # fmt: skip


def sentence(rng: Rng) -> str:
    """Plain speech without the word: a command, or a made-up statement."""
    if rng.random() < 0.4:
        return str(rng.choice(COMMANDS))
    return f"{rng.choice(_SUBJECTS)} {rng.choice(_VERBS)} {rng.choice(_CLAUSES)}"


def near_miss(rng: Rng) -> tuple[str, str]:
    """(group, phrase)."""
    if rng.random() < 0.4:
        return "hard", str(rng.choice(HARD))
    group = str(rng.choice(list(NEAR_MISSES)))
    return group, str(rng.choice(NEAR_MISSES[group]))


# The second recipe's: television and talk with the name alone, greetings, and more that sounds alike.
MORE_NEAR_MISSES = {
    "gemma in talk": (
        "my sister gemma", "gemma is on television", "gemma and her mother", "did gemma come home",
        "tonight with gemma collins", "I told gemma the truth", "gemma, where are you",
        "this is gemma speaking", "thank you gemma", "and gemma won the race", "ask gemma about it",
        "for gemma", "doctor gemma white",
    ),
    "hey + g/j word": (
        "hey jet", "hey gentle giant", "hey jealous", "hey chemist", "hey chamber", "hey gym", "hey giant",
        "hey jester", "hey gibberish", "hey schema", "hey jersey", "hey judge", "hey Jessica", "hey Jeff, um",
        "hey gecko", "hey gather",
    ),
    "hey + rhyme": (
        "hey Emma, look", "hey Mama", "hey lemon", "hey Drama", "hey Alabama", "hey Brenda", "hey stigma",
        "hey Jemmy",
    ),
    "other + gemma": (
        "hi gemma", "hello gemma", "yo gemma", "no gemma", "hail gemma", "with gemma", "oh gemma",
        "her gemma",
    ),
    "hey ... gemma": (
        "hey, it's gemma", "hey, that's gemma", "hey sweet gemma", "hey there, gemma", "hey you, gemma",
    ),
}  # fmt: skip


def other_near_miss(rng: Rng) -> tuple[str, str]:
    """(group, phrase), of the second recipe's training."""
    if rng.random() < 0.55:
        return near_miss(rng)
    group = str(rng.choice(list(MORE_NEAR_MISSES)))
    return group, str(rng.choice(MORE_NEAR_MISSES[group]))


def trained_near_misses() -> set[str]:
    """Every near-miss that training may hear."""
    told = [*NEAR_MISSES.values(), *MORE_NEAR_MISSES.values(), HARD]
    return {phrase for group in told for phrase in group}
