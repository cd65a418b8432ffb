"""What the numbers of a ranking say, as plain sentences in Chinese and English."""

from app.scoring.rules_losses import Cause
from app.web.language import Language, pick

ALL_OVERLAP = (
    "本组各单位得分的 90% 区间全部重叠：按本次检查的点位数，名次先后不足以说明工作好坏。",
    (
        "All 90 % intervals in this league overlap: with as many sites as were inspected, the order"
        " does not show who truly does better."
    ),
)
NOT_KNOWN = (
    "本组点位太少，无法估计名次的把握程度。",
    "This league has too few sites to tell how sure its order is.",
)
COMPARABLE = (
    "督导人员之间有共同检查的区域，宽严程度可以比较。",
    "The inspectors have places in common, so their severity can be compared.",
)
NOT_INSPECTED = ("没有可以比较的检查。", "There are no visits to compare.")
NOT_COMPARABLE = (
    "督导人员分成 {groups} 组，相互没有共同检查的区域，宽严程度无法比较，未作任何调整。",
    (
        "The inspectors fall into {groups} groups without a place in common: severity cannot be"
        " compared, and nothing is adjusted."
    ),
)
CAUSES: dict[Cause, tuple[str, str]] = {
    Cause.ANSWER: ("检查条目扣分", "points lost by answers"),
    Cause.VETO: ("一票否决扣分", "taken by a veto"),
    Cause.ZERO_ENTRANT: ("一票否决，全部得分清零", "a veto took the whole score"),
    Cause.CLOSING_RATE: ("按期销号率失分", "lost by the on-time closing rate"),
    Cause.COMPONENT: ("分项名次失分", "lost by the place in a component league"),
    Cause.ROUNDING: ("得分取两位小数", "rounding of the printed scores"),
}


def sentence_on(all_overlap: bool | None, ranked: int, language: Language) -> str | None:
    """What a reader has to know of a league's order before he draws conclusions."""
    if ranked <= 1:
        return None
    if all_overlap is None:
        return pick(language, *NOT_KNOWN)
    return pick(language, *ALL_OVERLAP) if all_overlap else None


def sentence_on_inspectors(groups: int, language: Language) -> str:
    """Whether inspectors can be compared."""
    if groups <= 1:
        return pick(language, *(COMPARABLE if groups else NOT_INSPECTED))
    return pick(language, *NOT_COMPARABLE).format(groups=groups)
