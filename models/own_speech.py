"""What the assistant may say, spoken by its own voice: `python -m models.own_speech --out FILE.npz --count 320`.

Every second sentence holds its name or the wake word, which no real answer does so often. For the acoustic loop's
figures and for the head that hears "stop". 0.3 CPU-s a sentence.
"""

import argparse
from pathlib import Path

import numpy as np

from models.hey_gemma import phrases
from models.voices import say, voices

NAMED = (
    "My name is Gemma, and I live in this house.", "You can say Hey Gemma and then a command.",
    "Hey Gemma is what wakes me.", "Gemma is a girl's name that comes from the Italian word for gem.",
    "Just say: Hey Gemma, turn on the kitchen light.", "I am Gemma, how can I help you?",
    "Say Hey Gemma to wake me up again.", "The Gemma models were made by Google.",
    "If you say Hey Gemma, I listen for five seconds.", "Hey! Gemma here. The timer is over.",
    "Okay, Gemma says good night.", "They call me Gemma.", "To stop me, say Hey Gemma, stop.",
    "Hey, Gemma is listening to you now.",
)  # fmt: skip
OTHER = (
    "Kitchen light on.", "It's twenty one point five degrees in the living room.",
    "Your timer of ten minutes is over.", "Okay, the volume is forty percent.",
    "The weather today is sunny with a high of twenty three degrees and a light wind from the west.",
    "Why did the scarecrow win a prize? Because he was outstanding in his field.",
    "I set an alarm for seven thirty tomorrow morning.", "The front door is locked.",
    "There are three things on the shopping list: milk, bread and butter.", "Sorry, I didn't understand that.",
    "The capital of France is Paris, a city of about two million people on the river Seine.",
    "Photosynthesis is how plants make sugar from light, water and carbon dioxide.",
    "The bedroom blinds are half open.", "It's ten past four in the afternoon.",
    "Good morning in Japanese is ohayou gozaimasu.",
    "The nearest star is about four light years away, so light from it takes four years to reach us.",
    "Heating set to twenty one degrees.", "I'm not sure which lamp you mean, the desk lamp or the floor lamp?",
    "An octopus has three hearts and blue blood.",
    "Here is a short story. Once there was a small robot who wanted to learn to paint.",
)  # fmt: skip


def main() -> None:
    """Speak, and write one array a sentence, named by number and text."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--count", type=int, default=320)
    parser.add_argument("--seed", type=int, default=5)
    options = parser.parse_args()
    rng = np.random.default_rng(options.seed)
    joe = next(voice for voice in voices() if voice.name == "piper:joe")
    spoken = {}
    for number in range(options.count):
        if number % 2:
            text = str(rng.choice(NAMED))
        else:
            text = str(rng.choice(OTHER)) if rng.random() < 0.6 else phrases.sentence(rng)
        spoken[f"{number:04d} {text.replace('/', ' ')}"] = say(joe, text, rng)
    np.savez_compressed(options.out, **spoken)
    print(f"{len(spoken)} sentences, {sum(map(len, spoken.values())) / 16_000:.0f} s")


if __name__ == "__main__":
    main()
