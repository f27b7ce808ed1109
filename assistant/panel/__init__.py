"""What a person sees and presses: the lamp, the button, and a program of their own. Knows states, nothing of words."""
