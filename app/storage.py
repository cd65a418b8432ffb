"""``dudao storage``: arrange the buckets, try the store, and say it in Chinese and English."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import timedelta
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from app.config import Settings, read_settings
from app.evidence import custody, reconciling, reporting
from app.evidence import queries_custody as queries
from app.evidence.reconciling import Finding
from app.infra.blobs import Blobs, ObjectMissing
from app.infra.buckets import Arrangement, Buckets
from app.infra.db import Database, make_engine
from app.infra.store_probe import probe
from app.infra.store_profile import (
    Promise,
    broken,
    differing_settings,
    found,
    profile_of,
    relied_on,
)
from app.kit import clock
from app.kit.errors import Unavailable

commands = typer.Typer(no_args_is_help=True, help="照片存储 · the object store")
console = Console()
problems = Console(stderr=True)
AsJson = Annotated[bool, typer.Option("--json", help="输出 JSON · print JSON")]

_PROMISES = {
    Promise.BUCKETS: "两个桶可用 · both buckets answer",
    Promise.UPLOAD: "预签名上传并读回 · presigned PUT, read back",
    Promise.SIGNATURE: "签名约束请求头 · refuses headers that were not signed",
    Promise.SHA256: "校验 SHA-256 · refuses a wrong SHA-256",
    Promise.MD5: "校验 MD5 · refuses a wrong MD5",
    Promise.WRITE_ONCE: "不覆盖（If-None-Match） · writes a key once",
    Promise.CONDITIONAL_COPY: "条件复制（If-Match） · copies only what was read",
    Promise.POST_POLICY: "表单上传（小程序） · upload as a form",
    Promise.RANGES: "分段读取 · range requests",
    Promise.VERSIONING: "证据桶保留版本 · evidence keeps versions",
    Promise.OBJECT_LOCK: "对象锁与法律保留 · Object Lock, legal hold",
}
_ADVICE = {
    Promise.BUCKETS: "dudao storage init",
    Promise.UPLOAD: "地址、密钥、寻址方式 · endpoint, keys, DUDAO_S3_ADDRESSING, DUDAO_S3_CA_FILE",
    Promise.SIGNATURE: "不要使用此存储 · do not use this store",
    Promise.VERSIONING: "dudao storage init",
    Promise.OBJECT_LOCK: "只能在建桶时启用 · only when the bucket is made",
}
_ARRANGEMENTS = {
    "buckets": "建桶 · buckets",
    "cors": "浏览器跨域 · CORS for browsers",
    "expiry": "待检区过期 · expiry of quarantine",
    "versioning": "保留版本 · versions of evidence",
    "object-lock": "对象锁 · Object Lock",
}
_WITHOUT = {
    "cors": "请在存储的控制台设置 · set it in the store's console",
    "expiry": "由后台自行清理 · the worker removes old uploads itself",
    "versioning": "存储不支持 · the store has none",
    "object-lock": "请用存储自身的保留策略 · use the store's own retention rule",
}
_FINDINGS = {
    Finding.MISSING: "有记录无原件 · original missing",
    Finding.WRONG_SIZE: "原件大小不符 · original of another size",
    Finding.MISSING_RENDITION: "缺少缩略图 · rendition missing",
    Finding.LOST_AND_LISTED: "曾丢失、现又列出 · lost before, listed again",
    Finding.UNKNOWN: "有文件无记录 · object without a row",
    Finding.LEFT_UPLOAD: "待检区遗留 · upload that nobody waits for",
}
# What stands against the store; the rest only takes space, or can be made again.
_GRAVE = (Finding.MISSING, Finding.WRONG_SIZE)


@commands.command("init")
def init_storage() -> None:
    """建桶并设规则 · Make the buckets that are missing and set their rules; safe to repeat."""
    settings = read_settings()
    table = Table("规则 · rule", "结果 · result", "说明 · note", title=_where(settings))
    with _answering(settings):
        for one in Buckets(settings).arrange():
            table.add_row(_ARRANGEMENTS[one.name], _outcome(one), _note(one))
    console.print(table)


def _outcome(one: Arrangement) -> str:
    if one.is_made is None:
        return "未要求 · not wanted"
    return "[green]好 · done[/]" if one.is_made else "[yellow]没有 · not there[/]"


def _note(one: Arrangement) -> str:
    if one.is_made is None:
        return f"见设置 · see {one.detail}"
    if one.name == "buckets":
        return f"新建 · made {one.detail}" if one.detail else "原已存在 · there before"
    return one.detail if one.is_made else _WITHOUT[one.name]


@commands.command("probe")
def probe_storage(as_json: AsJson = False) -> None:
    """实测存储 · Try the configured S3 for real; ends with 1 if the settings rely on too much."""
    settings = read_settings()
    profile = profile_of(settings)
    with _answering(settings):
        kept = probe(settings)
    faults, relied = broken(profile, kept), relied_on(profile)
    better = found(profile, kept)
    advice = differing_settings(profile, better)
    if as_json:
        report = {
            "endpoint": settings.s3_endpoint,
            "kept": kept,
            "profile": asdict(profile),
            "found": asdict(better),
            "broken": faults,
            "settings": advice,
        }
        print(json.dumps(report, indent=2))  # noqa: T201 - for programs: no colours, no wrapping
    else:
        table = _shown(kept, relied)
        table.title = _where(settings)
        console.print(table)
        _conclude(faults, advice)
    raise typer.Exit(1 if faults else 0)


def _conclude(faults: Sequence[Promise], advice: Sequence[str]) -> None:
    """In one line whether the settings can be kept, and what would make them fit."""
    if faults:
        names = "、".join(_PROMISES[one].split(" · ")[0] for one in faults)
        console.print(f"[red]存储做不到所依赖的 · relied on and not kept:[/] {names}")
    else:
        console.print("[green]存储满足设置 · the store keeps what the settings rely on[/]")
    if advice:
        console.print("与存储一致的设置 · settings that fit this store:")
    for line in advice:
        console.print(f"  {line}", highlight=False)


def _shown(kept: dict[Promise, bool], relied: tuple[Promise, ...]) -> Table:
    table = Table("功能 · promise", "实测 · kept", "依赖 · relied on", "否则 · if not")
    for promise in Promise:
        is_needed = promise in relied
        is_broken = is_needed and kept.get(promise) is False
        table.add_row(
            _PROMISES[promise],
            _found(kept.get(promise), is_needed=is_needed),
            "是 · yes" if is_needed else "",
            _ADVICE.get(promise, "") if is_broken else "",
        )
    return table


def _found(is_kept: bool | None, *, is_needed: bool) -> str:
    if is_kept is None:
        return "未试 · not tried"
    if is_kept:
        return "[green]是 · yes[/]"
    return "[red]否 · NO[/]" if is_needed else "否 · no"


@commands.command("reconcile")
def reconcile_storage(as_json: AsJson = False) -> None:
    """核对数据库与存储 · Compare database and buckets both ways; deletes nothing.

    Ends with 1 where an original is missing or of another size; those are read again by the worker.
    """
    settings = read_settings()
    blobs = Blobs(settings)
    with _database() as database:
        with database.transaction() as tx:
            report_id = reporting.begin(tx)
        with _answering(settings):
            while reconciling.run_step(database, blobs, report_id):
                pass
        with database.transaction() as tx:
            found = queries.lock_report(tx, report_id).found
    if as_json:
        print(json.dumps(found, indent=2))  # noqa: T201 - for programs
    else:
        _show_found(found)
    raise typer.Exit(1 if any(found["counts"][one] for one in _GRAVE) else 0)


def _show_found(found: dict[str, Any]) -> None:
    table = Table("核对 · finding", "数量 · count", "例 · such as")
    for finding, words in _FINDINGS.items():
        examples = found["examples"].get(finding, [])
        table.add_row(words, str(found["counts"][finding]), "\n".join(examples[:3]))
    console.print(table)
    console.print(f"{found['objects']} 个文件 · objects")


@commands.command("recheck")
def recheck_storage(
    hours: Annotated[
        float, typer.Option(min=0.0, help="最近多少小时内存入或读过的 · stored or read within")
    ] = 24.0,
) -> None:
    """重新读取 · Have the worker read recent originals again, after the store had an accident."""
    with _database() as database, database.transaction() as tx:
        count = custody.doubt_since(tx, clock.real_now() - timedelta(hours=hours))
    console.print(f"{count} 件待重读 · originals will be read again")


def _where(settings: Settings) -> str:
    """Which store it is about."""
    buckets = f"{settings.quarantine_bucket}, {settings.evidence_bucket}"
    return f"{settings.s3_endpoint or 'AWS'} · {buckets}"


@contextmanager
def _answering(settings: Settings) -> Iterator[None]:
    """A store that does not answer, or lets nobody in, is said with its address and its reason."""
    try:
        yield
    except (Unavailable, ObjectMissing) as error:
        problems.print(
            f"存储无应答或拒绝访问 · the store does not answer, or refuses: {_where(settings)}",
            style="red",
        )
        problems.print(f"  {error.__cause__ or error}", highlight=False)
        raise typer.Exit(1) from error


@contextmanager
def _database() -> Iterator[Database]:
    settings = read_settings()
    database = Database(make_engine(settings), settings.env)
    try:
        yield database
    finally:
        database.dispose()
