"""The model: prompt, engine, session, parser. Only `decoder` and `mtmd` import llama.cpp; `ggml` binds its ggml."""
