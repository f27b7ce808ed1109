"""tiny: Gemma 4 at toy size, its data, training and export."""
