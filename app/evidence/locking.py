"""What is under a hold is held by the store as well, where it has Object Lock.

The hold of the database is what counts; that of the store keeps the bytes from hands that reach
past the service. It is put on originals that are stored when the hold is set.
"""

from contextlib import suppress
from uuid import UUID

from app.evidence import queries_holds
from app.evidence.rules import evidence_key
from app.infra.blobs import ObjectMissing
from app.infra.handlers import Runtime


def follow_hold(runtime: Runtime, hold_id: UUID) -> None:
    """Makes the store hold the originals of a hold as long as any hold names a photo of them.

    Looks again after it has written, so that a hold that was lifted meanwhile leaves no lock.
    """
    if not runtime.blobs.profile.object_lock:
        return
    done: dict[str, bool] = {}
    while True:
        with runtime.database.transaction() as tx:
            wanted = queries_holds.bytes_of_hold(tx, hold_id)
        changed = {digest: on for digest, on in wanted.items() if done.get(digest) is not on}
        if not changed:
            return
        for digest, on in changed.items():
            with suppress(ObjectMissing):  # lost, or deleted: nothing to hold
                runtime.blobs.hold_evidence(evidence_key(digest), on=on)
        done |= changed
