"""Dudao 督导: inspection, ranking and rectification service of a city campaign."""

import gc

__version__ = "0.1.0"

# Loading makes hundreds of thousands of objects that stay, and a request makes some thousands:
# Python's 700 has them searched for garbage hundreds of times (an eighth of the start).
gc.set_threshold(50_000, 20, 20)
