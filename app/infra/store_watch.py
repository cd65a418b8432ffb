"""What a process knows about its store: tried at its start, and again until it was answered.

A profile that says more than the store does costs early refusal, not truth, since every upload is
read and hashed by us. So a broken promise stops nobody: it is logged, named by ``/readyz`` and
counted by ``/metrics``.
"""

import threading
from collections.abc import Sequence

import structlog

from app.config import Settings
from app.infra.store_probe import probe
from app.infra.store_profile import Promise, broken, profile_of, relied_on
from app.kit.errors import Unavailable

_AGAIN_S = 15.0
_log = structlog.get_logger("dudao.store")
# What an API process relies on; it never writes to evidence.
UPLOADING = (
    Promise.BUCKETS,
    Promise.UPLOAD,
    Promise.SIGNATURE,
    Promise.SHA256,
    Promise.MD5,
    Promise.WRITE_ONCE,
    Promise.POST_POLICY,
)


class StoreWatch:
    """Compares the profile with the store, from where this process stands."""

    def __init__(self, settings: Settings, promises: Sequence[Promise] = tuple(Promise)) -> None:
        # Through the inner address: that phones reach the other one is not this machine's to say.
        self._settings = settings.model_copy(update={"s3_public_endpoint": None})
        self._promises = promises
        self._stopping = threading.Event()
        self.broken: tuple[Promise, ...] | None = None

    @property
    def concerns(self) -> list[str]:
        """The broken promises as ``/readyz`` names them."""
        return [f"store-{promise.value}" for promise in self.broken or ()]

    def look(self) -> bool:
        """Tries the store once; False where it did not answer."""
        profile = profile_of(self._settings)
        wanted = [one for one in relied_on(profile) if one in self._promises]
        try:
            self.broken = broken(profile, probe(self._settings, wanted))
        except Unavailable:
            return False
        for promise in self.broken:
            _log.warning("store_breaks_promise", promise=promise.value)
        return True

    def start(self) -> None:
        """Looks in a thread of its own until the store has answered."""
        threading.Thread(target=self._until_known, name="store-watch", daemon=True).start()

    def _until_known(self) -> None:
        while not self._stopping.is_set() and not self.look():
            self._stopping.wait(_AGAIN_S)

    def stop(self) -> None:
        """Does not look again."""
        self._stopping.set()
