"""`hey-gemma doctor`: what is right and wrong with this machine, this installation and this home, each with the fix.

One file a matter. In each: facts (a frozen dataclass), a probe that gathers them, and checks, pure functions of them.
"""
