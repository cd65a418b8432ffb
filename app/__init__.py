"""Dudao 督导: inspection, ranking and rectification service of a city campaign."""

__version__ = "0.1.0"
