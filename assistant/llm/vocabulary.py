"""Text <-> tokens, through llama.cpp's tokenizer.

Knows no vendor import: it is given llama.cpp's functions and a loaded model. Control tokens are always parsed, so text
from outside must be made harmless first (`prompt.plain`). A prefix of 2,000 tokens takes 2 ms.
"""

import ctypes
from typing import Any

from assistant.errors import ModelDamaged, ModelFailed


class Vocabulary:
    """Text <-> tokens. Control tokens are always parsed: make outside text harmless first (`prompt.plain`)."""

    def __init__(self, llama: Any, model: int) -> None:
        self._llama = llama
        self._vocab = llama.llama_model_get_vocab(model)
        self.size: int = llama.llama_vocab_n_tokens(self._vocab)

    def tokenize(self, text: str) -> list[int]:
        """Text to tokens, none added."""
        data = text.encode()
        room = len(data) + 8
        tokens = (ctypes.c_int32 * room)()
        n = self._llama.llama_tokenize(self._vocab, data, len(data), tokens, room, False, True)  # noqa: FBT003 - no keywords in C
        if n < 0:
            raise ModelFailed(f"a text of {len(data)} bytes can't be tokenized", remedy="say it in another way")
        return tokens[:n]

    def piece(self, token: int) -> bytes:
        """Spell one token, control tokens too, in bytes: a character may be spread over several tokens."""
        room = 256
        buffer = ctypes.create_string_buffer(room)
        n = self._llama.llama_token_to_piece(self._vocab, token, buffer, room, 0, True)  # noqa: FBT003
        return buffer.raw[: max(n, 0)]

    def control(self, text: str) -> int:
        """Look up a control token. Raises ModelDamaged where the vocabulary doesn't know `text` as one token."""
        tokens = self.tokenize(text)
        if len(tokens) != 1:
            raise ModelDamaged(f"the model's vocabulary has no token {text}", remedy="hey-gemma models verify")
        return tokens[0]

    def is_end(self, token: int) -> bool:
        """Whether a reply ends with this token."""
        return bool(self._llama.llama_vocab_is_eog(self._vocab, token))
