"""The ledger of the demo: what becomes of the problems that the round has found."""
