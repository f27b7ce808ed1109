"""Tokens and text, through llama.cpp's tokenizer and a vocabulary of a thousand pieces."""

import pytest

from assistant.errors import ModelDamaged
from assistant.llm.engine import Engine


def test_tokens_spell_what_was_tokenized(engine: Engine) -> None:
    """Control tokens are one token each, and spelled out; letters outside the pieces become bytes."""
    text = "<bos><|turn>user\nおはよう, light?<turn|>\n"
    spelled = engine.vocabulary.tokenize(text)
    assert b"".join(map(engine.vocabulary.piece, spelled)).decode() == text
    assert spelled.count(engine.vocabulary.control("<|turn>")) == 1


def test_a_reply_ends_with_these_tokens(engine: Engine) -> None:
    """Calls end with the opening of a tool response, talk with the end of the turn."""
    names = ("<eos>", "<turn|>", "<|tool_response>", "<|turn>", "<|tool_call>", "<tool_call|>", '<|"|>')
    ends = {name for name in names if engine.vocabulary.is_end(engine.vocabulary.control(name))}
    assert ends == {"<eos>", "<turn|>", "<|tool_response>"}


def test_an_unknown_control_token_is_a_damaged_model(engine: Engine) -> None:
    """A vocabulary without Gemma's tokens can't be talked to."""
    with pytest.raises(ModelDamaged, match="<no such token>"):
        engine.vocabulary.control("<no such token>")
