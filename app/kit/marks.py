"""Published values of marks: integers in, two decimals out, half-up, never a float."""


def published_hundredths(earned: int, possible: int) -> int:
    """100 x earned / possible, half-up to two decimals, as an integer of hundredths."""
    if not 0 <= earned <= possible or possible == 0:
        raise ValueError(f"no rate of {earned} out of {possible}")
    return (20_000 * earned + possible) // (2 * possible)


def written_score(hundredths: int) -> str:
    """Hundredths as they are printed: ``83.33``."""
    return f"{hundredths // 100}.{hundredths % 100:02d}"


def score_of(earned: int, possible: int) -> str | None:
    """The printed score, or None where nothing could be earned."""
    return written_score(published_hundredths(earned, possible)) if possible else None
