"""Keys of machines: the city platform and dashboards."""

from typing import Annotated
from uuid import UUID

from app.auth import keys, queries
from app.auth.presenting import present_key
from app.auth.schemas import KeyOut, KeyPage, NewKeyIn, NewKeyOut
from app.web.feature_router import FeatureRouter
from app.web.language import Lang
from app.web.openapi import error_replies
from app.web.paging import Paged
from app.web.principal import Needs, Principal
from app.web.transaction import Tx

router = FeatureRouter(prefix="/v1", tags=["api-keys"], responses=error_replies(401, 403))
Administrator = Annotated[Principal, Needs("api-key.manage")]


@router.get("/api-keys", summary="接口密钥列表 · API keys")
def list_api_keys(tx: Tx, caller: Administrator, language: Lang, paging: Paged) -> KeyPage:
    """All keys, also ended ones, newest first; never the keys themselves."""
    page = queries.list_keys(tx, after=paging.after_id(), limit=paging.limit)
    items = [present_key(view, language) for view in page.items]
    return KeyPage(items=items, next_cursor=page.next_cursor)


@router.post("/api-keys", status_code=201, summary="新建接口密钥 · Create an API key")
def create_api_key(tx: Tx, caller: Administrator, language: Lang, body: NewKeyIn) -> NewKeyOut:
    """A key for ``Authorization: Bearer``, shown this once.

    Its scopes are permissions of its role, ``platform`` or ``dashboard``.
    """
    key_id, secret = keys.create_key(
        tx,
        name=body.name,
        role=body.role,
        scopes=body.scopes,
        unit=body.unit,
        areas=body.areas,
        lines=body.lines,
        expires_at=body.expires_at,
        by=caller.user_id,
    )
    return NewKeyOut(key=secret, about=present_key(queries.get_key(tx, key_id), language))


@router.post(
    "/api-keys/{key_id}/revoke", summary="吊销接口密钥 · Revoke", responses=error_replies(404)
)
def revoke_api_key(tx: Tx, caller: Administrator, language: Lang, key_id: UUID) -> KeyOut:
    """End a key at once."""
    keys.revoke_key(tx, key_id=key_id)
    return present_key(queries.get_key(tx, key_id), language)
