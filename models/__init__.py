"""Models and the recipes that made them."""
