"""Are the greedy tokens of torch and llama.cpp the same? Two steps, because the two live in different environments.

`torch CHECKPOINT --data DIR --out F.npz` writes clips, the tokens that torch gives for them, and its soft rows;
`llama --out F.npz --gguf DIR` decodes the same clips through llama.cpp and prints how many agree. Half a second a clip.
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np

LONGEST = 64


def with_torch(args: argparse.Namespace) -> None:
    """Greedy tokens in float32, without a cache: slow and plain."""
    import torch

    from models.tiny.batches import Store, Writer, plain
    from models.tiny.export import load
    from models.tiny.tokens import Tokens

    torch.set_num_threads(1)
    tokens, store = Tokens(args.tokenizer), Store(args.data)
    module, writer = load(args.checkpoint, tokens, args.part), Writer(tokens)
    ear, mouth = module.ears
    ends = [tokens.ids["<turn|>"], tokens.ids["<|tool_response>"], tokens.ids["<eos>"]]
    saved: dict[str, Any] = {"head": np.array(writer.system), "close": np.array(writer.close), "ends": np.array(ends)}
    rows = [row for name in ("heldout_voice", "heldout_wording") for row in store.rows(name)[: args.clips // 2]]
    with torch.no_grad():
        for number, row in enumerate(rows):
            talk = plain(store, writer, row)
            soft = ear(talk.mels[0][None])[1][0]
            ids = talk.ids[: talk.asks[0] + 1]
            where, start = torch.arange(len(soft)) + talk.places[0], len(ids)
            while len(ids) < start + LONGEST and (len(ids) == start or ids[-1] not in ends):
                logits = mouth(torch.tensor([ids]), soft, where, torch.tensor([[len(ids) - 1]]))
                ids.append(int(logits[0, 0].argmax()))
            wave = np.concatenate([np.zeros(3200), store.clip(row) * 0.3, np.zeros(8000)])
            saved[f"wave{number}"] = (wave * 32768).astype(np.int16)
            saved[f"soft{number}"], saved[f"said{number}"] = soft.numpy(), np.array(ids[start:])
    np.savez(args.out, **saved)
    print(f"{len(rows)} clips -> {args.out}")


def with_llama(args: argparse.Namespace) -> None:
    """Do the same through mtmd and llama_decode."""
    from assistant.llm.engine import Engine

    data = np.load(args.out)
    engine = Engine(args.gguf / "tiny-text.gguf", args.gguf / "tiny-mmproj.gguf", context=1024)
    boa, eoa = (engine.vocabulary.control(text) for text in ("<|audio>", "<audio|>"))
    count = sum(name.startswith("wave") for name in data.files)
    same, cosines = 0, []
    for number in range(count):
        engine.main.remove(0)
        rows = engine.encode(data[f"wave{number}"])
        theirs = data[f"soft{number}"]
        n = min(len(rows), len(theirs))
        a, b = rows[:n].ravel(), theirs[:n].ravel()
        cosines.append(float(a @ b / np.linalg.norm(a) / np.linalg.norm(b)))
        head = [*data["head"].tolist(), boa]
        engine.main.decode_tokens(head, 0)
        engine.main.decode_rows(rows, len(head))
        at = len(head) + len(rows)
        tail = [eoa, *data["close"].tolist()]
        logits = engine.main.decode_tokens(tail, at)
        at += len(tail)
        said: list[int] = []
        while True:
            said.append(int(logits.argmax()))
            if said[-1] in data["ends"] or len(said) == LONGEST:
                break
            logits = engine.main.decode_tokens([said[-1]], at)
            at += 1
        wanted = data[f"said{number}"].tolist()
        same += said == wanted
        if said != wanted:
            print(f"clip {number}: torch {wanted}\n        llama {said} ({len(theirs)} and {len(rows)} rows)")
    print(f"{same}/{count} the same, cosine of the rows at least {min(cosines):.6f}")
    engine.close()


def main() -> None:
    """Compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("side", choices=("torch", "llama"))
    parser.add_argument("checkpoint", type=Path, nargs="?")
    parser.add_argument("--data", type=Path)
    parser.add_argument("--out", type=Path, required=True, help="the file between the two steps")
    parser.add_argument("--gguf", type=Path, default=Path(__file__).parent)
    parser.add_argument("--part", default="ema")
    parser.add_argument("--clips", type=int, default=24)
    parser.add_argument("--tokenizer", type=Path, default=Path(__file__).with_name("tokenizer.json"))
    args = parser.parse_args()
    (with_torch if args.side == "torch" else with_llama)(args)


if __name__ == "__main__":
    main()
