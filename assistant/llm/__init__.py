"""The model: prompt, engine, session, parser. Only `engine` knows llama.cpp."""
