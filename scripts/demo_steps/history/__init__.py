"""The round of September 2018: answers solved for, and what comes out held against the bulletin."""
