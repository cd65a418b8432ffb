"""``dudao keys`` and ``dudao verify``: the signing key, and what was signed with it."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.table import Table
from sqlmodel import Session

from app.config import Settings, read_settings
from app.evidence import receipt
from app.infra.db import Database, make_engine
from app.signing import queries, rules, service
from app.signing.rules import Flaw, PublicKey
from app.signing.schemas import KeysOut

keys = typer.Typer(no_args_is_help=True, help="签名密钥 · the keys that sign receipts")
verify = typer.Typer(no_args_is_help=True, help="离线验证 · check what was signed, offline")
console = Console()
_A_FILE: dict[str, Any] = {"exists": True, "dir_okay": False, "readable": True}
_UNSET = "未设置 DUDAO_SIGNING_KEY_FILE，不能签发回执 · without it no receipt can be signed"
_FLAWS = {
    Flaw.MALFORMED: "不是照片回执 · this is no receipt of a photo",
    Flaw.UNKNOWN_KEY: "公钥列表中没有该密钥 · none of the keys is the one it names",
    Flaw.FALSE_KEY: "公钥与其编号不符 · the public key is not the one that its id names",
    Flaw.SIGNATURE: "签名不符，内容被改动或系伪造 · the signature does not fit: changed, or forged",
    Flaw.OUTSIDE_VALIDITY: "签发时间不在密钥有效期内 · signed when the key was not in use",
}


def prepare() -> None:
    """After a migration: make the signing key if there is none, and say which one signs."""
    settings = read_settings()
    with _transaction(settings) as tx:
        key_id = service.prepare(tx, settings)
    console.print(f"签名密钥 · signing key {key_id}" if key_id else _UNSET, highlight=False)


@keys.command("rotate")
def rotate_keys() -> None:
    """更换签名密钥 · Sign with a new key from now on; the old ones stay published."""
    settings = read_settings()
    with _transaction(settings) as tx:
        key_id, retired = service.rotate(tx, settings)
    console.print(f"新密钥 · signs from now on: {key_id}", highlight=False)
    for old in retired:
        console.print(f"已停用 · retired, stays published: {old}", highlight=False)


@keys.command("list")
def list_keys() -> None:
    """公钥 · The published keys, the newest first."""
    table = Table("编号 · key", "自 · from", "至 · to")
    with _transaction(read_settings()) as tx:
        for one in queries.list_keys(tx):
            end = rules.written(one.valid_to) if one.valid_to else ""
            table.add_row(one.key_id, rules.written(one.valid_from), end)
    console.print(table)


@verify.command("receipt")
def verify_receipt(
    file: Annotated[
        Path, typer.Argument(help="回执 JSON · of GET /v1/photos/{id}/receipt", **_A_FILE)
    ],
    keys_file: Annotated[
        Path | None,
        typer.Option(
            "--keys",
            help="公钥列表 JSON，离线必给；不给则用数据库 · of GET /v1/public/keys, to check"
            " offline; without it the keys come from the database",
            **_A_FILE,
        ),
    ] = None,
    photo: Annotated[
        Path | None, typer.Option(help="照片原件 · is this file the photo?", **_A_FILE)
    ] = None,
) -> None:
    """验证照片回执 · Check a receipt; ends with 1 and says why where it proves nothing."""
    known = _keys_of(keys_file) if keys_file else _published()
    said, flaw = receipt.check(_json_of(file), known)
    if said is None:
        _refuse(_FLAWS[flaw or Flaw.MALFORMED])
    if photo is not None:
        content = photo.read_bytes()
        if (len(content), hashlib.sha256(content).hexdigest()) != (said.size, said.sha256):
            _refuse("照片不是回执所指的那一张 · the photo is not the one that the receipt is of")
    same = "，照片相符 · and this is the photo" if photo else ""
    console.print(f"[green]回执有效 · the receipt is valid{same}[/]")
    for key, value in said.statement().items():
        console.print(f"  {key}: {value}", highlight=False)


def _keys_of(file: Path) -> Mapping[str, PublicKey]:
    try:
        listed = KeysOut.model_validate_json(file.read_bytes()).keys
    except ValidationError:
        _refuse(f"不是公钥列表 · this is no list of keys: {file}")
    return {
        one.key_id: PublicKey(one.key_id, one.public_key, one.valid_from, one.valid_to)
        for one in listed
    }


def _published() -> Mapping[str, PublicKey]:
    with _transaction(read_settings()) as tx:
        return {one.key_id: one for one in queries.list_keys(tx)}


def _json_of(file: Path) -> object:
    try:
        return json.loads(file.read_bytes())
    except ValueError:
        return None


def _refuse(why: str) -> NoReturn:
    console.print(why, style="red", highlight=False)
    raise typer.Exit(1)


@contextmanager
def _transaction(settings: Settings) -> Iterator[Session]:
    database = Database(make_engine(settings), settings.env)
    try:
        with database.transaction() as tx:
            yield tx
    finally:
        database.dispose()
