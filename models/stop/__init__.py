"""The head that hears "stop", and its recipe."""
