"""`python -m tests.sabotage FAULT run ...`: the command with a fault in its model thread, at the first reply.

`crash`: llama.cpp aborts on a batch that is too long. `hang`: a native call never returns; patience is short.
"""

import ctypes
import sys

import numpy as np

from assistant import cli
from assistant.llm import session
from assistant.llm.decoder import BATCH
from assistant.llm.ledger import Ledger
from assistant.llm.patience import Patience


def crash(ledger: Ledger, *_: object) -> None:
    """End the process as a defect in llama.cpp would."""
    ledger._engine.main._decode_batch(np.zeros(BATCH + 1, np.int32), ledger._trunk.at, 0, wanted=np.zeros(0, np.intp))


def hang(*_: object) -> None:
    """Never return, and look at no abort flag."""
    ctypes.CDLL(None).sleep(1_000_000)


def main() -> None:
    """Build the fault in and run the command."""
    fault = {"crash": crash, "hang": hang}[sys.argv.pop(1)]
    Ledger._reply = fault  # type: ignore[method-assign, assignment]
    session.Patience = lambda: Patience(3.0, 1.0)  # type: ignore[misc, assignment, attr-defined]
    cli.main()


if __name__ == "__main__":
    main()
