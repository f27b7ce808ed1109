"""Everything that comes from outside, made up: what may be thrown, how long it may take, and what may be done."""
