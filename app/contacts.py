"""``dudao contact-keys``: the keys that seal citizens' contacts."""

import typer
from rich.console import Console
from rich.table import Table

from app.citizens import keyfile, queries, sealing
from app.citizens.sealing import KeyRing
from app.config import Settings, read_settings
from app.infra.db import Database, make_engine

contact_keys = typer.Typer(no_args_is_help=True, help="联系方式密钥 · keys of citizens' contacts")
console = Console()
_UNSET = "未设置 DUDAO_CONTACT_KEYS_FILE，不收联系方式 · without it no contact is taken"


def prepare() -> None:
    """After a migration: make the file of keys if one is named and there is none."""
    settings = read_settings()
    if keyfile.make_if_missing(settings):
        console.print(f"已生成联系方式密钥 · made {settings.contact_keys_file}", highlight=False)


@contact_keys.command("list")
def list_contact_keys() -> None:
    """密钥与所封联系方式数 · The keys, the newest first, and how many contacts each has sealed."""
    settings = read_settings()
    ring, counts = _ring(settings), _counts(settings)
    table = Table("密钥 · key", "联系方式 · contacts", "")
    for key_id in ring.keys:
        note = "封存用 · seals" if key_id == ring.newest else ""
        table.add_row(key_id, str(counts.get(key_id, 0)), note)
    for key_id in sorted(set(counts) - set(ring.keys)):
        table.add_row(key_id, str(counts[key_id]), "[red]不在文件中 · not in the file[/]")
    console.print(table)


@contact_keys.command("rotate")
def rotate_contact_keys() -> None:
    """更换密钥 · Seal with a new key from now on; within an hour the worker seals the rest anew."""
    settings = read_settings()
    ring = sealing.read_ring(sealing.new_key() + "\n" + sealing.write_ring(_ring(settings)))
    keyfile.write_ring(settings, ring)
    console.print(f"新密钥 · seals from now on: {ring.newest}", highlight=False)


@contact_keys.command("prune")
def prune_contact_keys() -> None:
    """删除停用密钥 · Drop the keys that no contact is sealed with any more."""
    settings = read_settings()
    ring, counts = _ring(settings), _counts(settings)
    kept = {
        key_id: key
        for key_id, key in ring.keys.items()
        if key_id == ring.newest or counts.get(key_id)
    }
    keyfile.write_ring(settings, KeyRing(kept))
    for key_id in ring.keys.keys() - kept.keys():
        console.print(f"已删除 · dropped: {key_id}", highlight=False)


def _ring(settings: Settings) -> KeyRing:
    ring = keyfile.find_ring(settings)
    if ring is None:
        console.print(_UNSET, style="red")
        raise typer.Exit(1)
    return ring


def _counts(settings: Settings) -> dict[str, int]:
    database = Database(make_engine(settings), settings.env)
    try:
        with database.transaction() as tx:
            return queries.count_by_key(tx)
    finally:
        database.dispose()
