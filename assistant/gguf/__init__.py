"""GGUF files: the container, the ear that is cut from a Gemma 4, and a model of random weights. Loads none of them."""
