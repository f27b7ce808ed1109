"""Text <-> token ids, and the exact prompt strings that tiny is trained on.

BPE with byte fallback over whole text, in the way llama.cpp's `gemma4` tokenizer applies it: spaces become U+2581, the
only split is at newlines. Pieces are trained inside words, single digits and single signs, so the split used in
training can't change the result. Knows no audio but its placeholder.
"""

import argparse
import json
import random
from collections.abc import Iterable
from pathlib import Path

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

# The order of Gemma's own vocabulary. Audio positions read row 0 of the per-layer table.
SPECIALS = [
    "<pad>",
    "<eos>",
    "<bos>",
    "<unk>",
    "<mask>",
    "<|tool>",
    "<tool|>",
    "<|tool_call>",
    "<tool_call|>",
    "<|tool_response>",
    "<tool_response|>",
    '<|"|>',
    "<|think|>",
    "<|channel>",
    "<channel|>",
    "<|turn>",
    "<turn|>",
    "<|image>",
    "<|audio>",
    "<|image|>",
    "<|audio|>",
    "<image|>",
    "<audio|>",
    "<|video|>",
]
BYTES = [f"<0x{i:02X}>" for i in range(256)]
VOCAB = 1024
PLACE = "<|audio|>"  # one for each soft token
SYSTEM = "<bos><|turn>system\nYou are Gemma, a voice assistant.<turn|>\n<|turn>user\n"
ANSWER = "<turn|>\n<|turn>model\n"
AGAIN = "\n<|turn>user\n"
PIECE = Regex(r"\n|▁?[A-Za-z']+|▁|[0-9]|[^\x00-\x7f▁]+|.")


class Tokens:
    """The trained tokenizer with named special ids."""

    def __init__(self, path: Path) -> None:
        self.tokenizer = Tokenizer.from_file(str(path))
        self.ids = {text: self.tokenizer.token_to_id(text) for text in SPECIALS}
        self.size = self.tokenizer.get_vocab_size()

    def encode(self, text: str) -> list[int]:
        """Encode; special tokens in `text` are recognised."""
        return self.tokenizer.encode(text, add_special_tokens=False).ids

    def decode(self, ids: list[int]) -> str:
        """Decode, special tokens included."""
        return self.tokenizer.decode(ids, skip_special_tokens=False)


def train(lines: Iterable[str], size: int = VOCAB) -> Tokenizer:
    """Pieces from `lines` (prompts and targets; special tokens in them are cut out)."""
    learner = Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=True))  # noqa: S106  a token, no secret
    learner.normalizer = normalizers.Replace(" ", "▁")
    learner.pre_tokenizer = pre_tokenizers.Split(PIECE, "isolated")
    cut = Regex("|".join("".join("\\" + c if not c.isalnum() else c for c in s) for s in SPECIALS))
    learner.normalizer = normalizers.Sequence([normalizers.Replace(cut, "\n"), normalizers.Replace(" ", "▁")])
    letters = ["\n", "▁", *map(chr, range(33, 127))]
    learner.train_from_iterator(
        lines,
        trainers.BpeTrainer(
            vocab_size=size, special_tokens=[*SPECIALS, *BYTES], initial_alphabet=letters, show_progress=False
        ),
    )
    learner.normalizer = normalizers.Replace(" ", "▁")
    learner.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])
    # Bytes are pieces, not special tokens: typed "<0x41>" must not become "A"
    state = json.loads(learner.to_str())
    state["added_tokens"] = []
    final = Tokenizer.from_str(json.dumps(state))
    final.add_special_tokens([AddedToken(s, special=True, normalized=False) for s in SPECIALS])
    return final


def main() -> None:
    """Train on sampled wordings and their targets, and write tokenizer.json."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--out", type=Path, default=Path(__file__).with_name("tokenizer.json"))
    parser.add_argument("--samples", type=int, default=40_000)
    args = parser.parse_args()
    from models.tiny import phrases, turns, wordings

    rng = random.Random(1)
    lines = [SYSTEM + ANSWER + AGAIN] * 200
    for _ in range(args.samples):
        sample = wordings.sample(rng, "train", typed=True)
        lines.append(f"{sample.text}\n{sample.target}\n{turns.after(rng, sample.target)}")
    lines += [said for said in phrases.JAPANESE.values() for _ in range(60)]
    tokenizer = train(lines)
    tokenizer.save(str(args.out))
    print(f"{tokenizer.get_vocab_size()} pieces -> {args.out}")


if __name__ == "__main__":
    main()
