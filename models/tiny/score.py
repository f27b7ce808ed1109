"""Score a checkpoint in torch: how often is the whole answer right, per set, intent and engine.

`python -m models.tiny.score RUN/checkpoint.pt --data DIR`: a quick look while training, on clean clips; `hey-gemma
eval` on the evaluation folders is what counts. One clip costs 12 ms. An answer is right when every token of the
target is the likeliest one: greedy decoding gives it then.
"""

import argparse
from collections import defaultdict
from pathlib import Path

import torch

from models.tiny.batches import Row, Store, Writer, collate, plain
from models.tiny.export import load
from models.tiny.tiny import Tiny
from models.tiny.tokens import Tokens


@torch.no_grad()
def answers(module: Tiny, store: Store, tokens: Tokens, rows: list[Row]) -> list[tuple[bool, str]]:
    """For each row: right or not, and what came out (after the first mistake it follows the target)."""
    writer, found = Writer(tokens), []
    for at in range(0, len(rows), 16):
        batch = collate([plain(store, writer, row) for row in rows[at : at + 16]])
        with torch.autocast("cpu", torch.bfloat16):
            best = module.logits(batch)[0].argmax(-1)
        for said, goal, weight in zip(best, batch.goals, batch.weights, strict=True):
            size = int((weight > 0).sum())
            found.append((bool((said[:size] == goal[:size]).all()), tokens.decode(said[:size].tolist())))
    return found


def main() -> None:
    """Print the tables and some mistakes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--part", default="ema")
    parser.add_argument("--clips", type=int, default=400, help="of each set")
    parser.add_argument("--mistakes", type=int, default=15, help="shown for each set")
    parser.add_argument("--tokenizer", type=Path, default=Path(__file__).with_name("tokenizer.json"))
    args = parser.parse_args()
    torch.set_num_threads(1)
    tokens, store = Tokens(args.tokenizer), Store(args.data)
    module = load(args.checkpoint, tokens, args.part)
    for name in ("heldout_wording", "heldout_voice", "heldout_both"):
        rows = sorted(store.rows(name)[: args.clips], key=lambda row: int(row["samples"]))
        table: dict[str, list[bool]] = defaultdict(list)
        shown = 0
        for row, (right, said) in zip(rows, answers(module, store, tokens, rows), strict=True):
            for label in ("all", f"kind {row['kind']}", f"engine {row['engine']}", f"intent {row['intent']}"):
                table[label].append(right)
            if row["kind"] == "negative" and "<|tool_call>call" in said:
                table["negatives that would act"].append(True)
            if not right and shown < args.mistakes and len(row["id"]) % 2 == 0:
                print(f"  {row['voice']}: {row['text']}\n    {row['target']}\n    {said}")
                shown += 1
        print(f"{name}: " + ", ".join(f"{k} {sum(v)}/{len(v)}" for k, v in sorted(table.items())))


if __name__ == "__main__":
    main()
