"""Public keys, for everybody who checks a signature."""

from starlette.responses import Response

from app.signing import queries
from app.signing.rules import ALGORITHM
from app.signing.schemas import KeyOut, KeysOut
from app.web.feature_router import FeatureRouter
from app.web.openapi import error_replies
from app.web.transaction import Tx

public = FeatureRouter(prefix="/v1/public", tags=["public"], responses=error_replies())
_FIVE_MINUTES = "public, max-age=300"


@public.get("/keys", summary="签名公钥 · Public signing keys")
def list_signing_keys(tx: Tx, response: Response) -> KeysOut:
    """Every key that ever signed, the newest first; none is ever taken away. Keep what you know."""
    response.headers["Cache-Control"] = _FIVE_MINUTES
    return KeysOut(
        keys=[
            KeyOut(
                key_id=one.key_id,
                algorithm=ALGORITHM,
                public_key=one.public_key,
                valid_from=one.valid_from,
                valid_to=one.valid_to,
            )
            for one in queries.list_keys(tx)
        ]
    )
