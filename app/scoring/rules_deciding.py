"""From frozen inputs to a result and what stands beside it.

Where a league's rulebook wants support before money, the label becomes an input of the result: the
result without labels gives the companion, the companion the labels, and these the result.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from app.scoring.rules import Rulebook
from app.scoring.rules_adjusting import Inspection
from app.scoring.rules_companion import Companion, companion
from app.scoring.rules_inputs import Inputs
from app.scoring.rules_official import Official, official


@dataclass(frozen=True)
class Decided:
    """A result, what stands beside it, and the inputs with the labels that decided about money."""

    inputs: Inputs
    result: Official
    companion: Companion


def wants_support(inputs: Inputs, book: Rulebook) -> bool:
    """Whether money of any league waits for a label."""
    return any(book.terms(league.code).supported_required for league in inputs.leagues)


def decided(
    inputs: Inputs, book: Rulebook, rules: Mapping[str, Any], visits: Sequence[Inspection]
) -> Decided:
    """The result of inputs, whatever labels they came with."""
    bare = replace(inputs, labels={})
    result = official(bare, book, rules)
    beside = companion(result, book, visits)
    gated = {one.league.code for one in result.leagues if one.terms.supported_required}
    labels = {key: label for key, label in beside.labels.items() if key[0] in gated}
    if not labels:
        return Decided(bare, result, beside)
    whole = replace(inputs, labels=labels)
    return Decided(whole, official(whole, book, rules), beside)
