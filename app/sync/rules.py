"""What of all that happens concerns the one who sent it."""

# Kinds of events, by what they are about.
OF_PHOTOS = frozenset(
    {
        "photo.stored",
        "photo.rejected",
        "photo.receipt-issued",
        "photo.lost",
        "photo.found",
        "photo.restored",
        "photo.deleted",
    }
)
OF_VISITS = frozenset(
    {
        "visit.completed",
        "visit.revised",
        "visit.counting-changed",
        "visit.late-decided",
        "retake.asked",
        "retake.fulfilled",
        "retake.waived",
    }
)
# So many places are looked through for one reply: what it costs does not grow with the history.
SPAN = 1000
