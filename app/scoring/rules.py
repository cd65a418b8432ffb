"""Settings of scoring that are data: aggregation, basis of ties, who may see a standing."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Aggregation(StrEnum):
    SCORE_RATE = "score_rate"


class TieBasis(StrEnum):
    PUBLISHED = "published"


EVERYBODY = "*"


@dataclass(frozen=True)
class Rulebook:
    """The rules of a campaign. ``visible_to``: per round state, the roles that see a standing."""

    aggregation: Aggregation
    tie_basis: TieBasis
    visible_to: dict[str, tuple[str, ...]]

    def lets_see(self, round_state: str, roles: frozenset[str]) -> bool:
        allowed = self.visible_to.get(round_state, ())
        return EVERYBODY in allowed or not roles.isdisjoint(allowed)


def read_rulebook(data: dict[str, Any]) -> Rulebook:
    """A rulebook from its JSON; raises ValueError or KeyError that names the fault."""
    visible = {state: tuple(roles) for state, roles in data["visible_to"].items()}
    return Rulebook(Aggregation(data["aggregation"]), TieBasis(data["tie_basis"]), visible)
