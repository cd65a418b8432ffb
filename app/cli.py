"""The ``dudao`` command line. It reads settings, calls one function each, and prints."""

import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError
from rich.console import Console
from sqlalchemy.exc import OperationalError
from sqlmodel import Session

from app import contacts, loading, results, serving, signatures, storage
from app.auth import accounts
from app.config import Environment, Settings, read_settings, set_environment
from app.imports import showing as importing
from app.infra import business_time, jobs, migrations
from app.infra.db import Database, make_engine
from app.infra.embedded import EmbeddedError
from app.kit import clock as kit_clock
from app.kit.errors import DudaoError, NotFound
from app.ledger import replaying
from app.organisation.rules import Role
from app.people import queries as people
from app.web import messages

cli = typer.Typer(no_args_is_help=True, help="督导 Dudao", pretty_exceptions_enable=False)
city = typer.Typer(no_args_is_help=True, help="城市数据 · a city's data")
clock = typer.Typer(no_args_is_help=True, help="业务时钟 · the business clock (demo and test only)")
cli.add_typer(storage.commands, name="storage")
cli.add_typer(signatures.keys, name="keys")
cli.add_typer(contacts.contact_keys, name="contact-keys")
for kind in results.Kind:
    signatures.verify.command(kind.value)(results.verify_result)
cli.add_typer(signatures.verify, name="verify")
cli.add_typer(city, name="city")
cli.add_typer(clock, name="clock")
console = Console()
problems = Console(stderr=True)

RunningData = Annotated[
    Path | None,
    typer.Option(
        "--data",
        help="用于这个数据目录上正在运行的服务（scripts/serve、scripts/demo --serve）"
        " · work on what runs on this data folder instead of what DUDAO_* variables name",
    ),
]
DataFolder = Annotated[Path, typer.Option("--data", help="数据目录 · where embedded data lies")]
_DEFAULT_DATA = Path(__file__).resolve().parents[1] / "data"


@cli.callback()
def choose(data: RunningData = None) -> None:
    """督导 Dudao。设置取自环境变量 DUDAO_*，见 docs/settings.md · settings: DUDAO_* variables."""
    if data is not None:
        set_environment(serving.running_environment(data))


@cli.command()
def serve(
    embedded: Annotated[
        bool, typer.Option("--embedded", help="自带 PostgreSQL 与 S3 · with embedded stores")
    ] = False,
    data: DataFolder = _DEFAULT_DATA,
    host: Annotated[str, typer.Option(help="监听地址 · address to listen on")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="端口 · port")] = 8000,
    workers: Annotated[int, typer.Option(min=1, max=64, help="API 进程数 · processes")] = 1,
    env: Annotated[Environment, typer.Option(help="环境 · environment")] = Environment.PRODUCTION,
    pg_port: Annotated[int | None, typer.Option(help="PostgreSQL 端口 · port")] = None,
    s3_port: Annotated[int | None, typer.Option(help="S3 端口 · port")] = None,
) -> None:
    """启动 API（--embedded 时连同数据库、存储和后台）· Run the API, or everything."""
    if not embedded:
        _offer_administrator()
        serving.run_api(host, port, workers)
        return
    place = serving.Place(
        data=data, host=host, port=port, env=env, workers=workers, pg_port=pg_port, s3_port=s3_port
    )
    raise typer.Exit(
        serving.serve_embedded(
            place, lambda line: console.print(line, style="dim"), ready=_offer_administrator
        )
    )


@cli.command()
def worker() -> None:
    """启动后台 · Run the worker."""
    from app.worker import main as run_worker

    run_worker()


@cli.command()
def migrate() -> None:
    """升级数据库 · Bring the database to the newest revision."""
    engine = make_engine(read_settings())
    before = migrations.revision_of(engine)
    migrations.upgrade(engine)
    engine.dispose()
    console.print(f"{before or '(empty)'} → {migrations.newest_revision()}")
    signatures.prepare()
    contacts.prepare()
    _offer_administrator()


@cli.command("create-user")
def create_user(
    login: str,
    name: Annotated[str, typer.Option(help="姓名 · name")],
    role: Annotated[Role, typer.Option(help="角色 · role")],
    unit: Annotated[str, typer.Option(help="单位代码 · code of the unit")],
    area: Annotated[list[str] | None, typer.Option(help="区域代码 · areas")] = None,
    line: Annotated[list[str] | None, typer.Option(help="专项代码 · lines")] = None,
    password: Annotated[str | None, typer.Option(help="不给则生成 · made if absent")] = None,
) -> None:
    """新建账号 · Create a user; a password that was made is printed once."""
    chosen = password or secrets.token_urlsafe(12)
    row = {
        "login": login, "name": name, "role": role.value, "unit": unit,
        "areas": area or [], "lines": line or [], "password": chosen,
    }  # fmt: skip
    with _database().transaction() as tx:
        loading.create_user(tx, row)
    console.print(f"{login} · {role.value}" + ("" if password else f" · {chosen}"))


@cli.command("first-admin")
def first_admin() -> None:
    """新建首个管理员 · Make the first administrator and print his password, once."""
    with _transaction() as tx:
        made = accounts.make_first_administrator(tx)
    if made is None:
        console.print("已有管理员 · there is an administrator already")
        raise typer.Exit(1)
    _show_administrator(made)


@cli.command("reset-code")
def reset_code(login: str) -> None:
    """发放一次性代码 · Print a one-time code with which LOGIN sets a new password."""
    settings = read_settings()
    with _transaction() as tx:
        person = people.find_person(tx, login)
        if person is None:
            raise NotFound("person.not-found")
        made = accounts.issue_code(tx, settings, person_id=person.id)
    console.print(f"{login} · {made.code} · {made.expires_at.isoformat(timespec='minutes')}")


@city.command("load")
def load_city(folder: Path) -> None:
    """载入城市 · Units, lines, categories, responsibilities, checklists, campaign."""
    with _database().transaction() as tx:
        counts = loading.load_city(tx, folder)
    console.print(", ".join(f"{name} {count}" for name, count in counts.items()))


@city.command("load-calendar")
def load_calendar(file: Path) -> None:
    """载入节假日安排 · A notice of days off; says which open deadlines moved."""
    settings = read_settings()
    with _database().transaction() as tx:
        moved = loading.load_calendar(tx, settings, file)
    for one in moved:
        console.print(f"{one.number} {one.before.isoformat()} → {one.after.isoformat()}")
    console.print(f"时限变动 · deadlines moved: {len(moved)}")


@city.command("load-categories")
def load_categories(file: Path) -> None:
    """载入问题类别 · Problem categories with their time limits."""
    with _database().transaction() as tx:
        count = loading.load_categories(tx, file)
    console.print(f"categories {count}")


@city.command("load-users")
def load_users(file: Path) -> None:
    """载入账号 · People with their postings."""
    with _database().transaction() as tx:
        count = loading.load_people(tx, file)
    console.print(f"users {count}")


@city.command("load-round")
def load_round(
    file: Path,
    campaign: Annotated[Path, typer.Option(help="campaign.json")],
) -> None:
    """载入轮次 · A round with its sites and tasks."""
    with _database().transaction() as tx:
        new = loading.load_round(tx, file, campaign)
        round_id = new.id
    console.print(f"round {round_id}")


@cli.command("import")
def import_sheets(
    path: Annotated[Path, typer.Argument(help="XLSX、CSV、GeoJSON 或一个文件夹 · file or folder")],
    kind: Annotated[str | None, typer.Option(help="CSV 的种类 · kind of a CSV")] = None,
    apply: Annotated[
        bool, typer.Option("--apply", help="执行；不加则只显示方案 · write, not only show")
    ] = False,
    codes: Annotated[
        Path | None, typer.Option(help="新账号的一次性代码写入此文件 · where one-time codes go")
    ] = None,
) -> None:
    """导入表格 · Show what sheets would change, and with --apply change it, all or nothing."""
    settings = read_settings()
    plan, issued = loading.import_sheets(
        _database(), settings, path, kind=kind, write=apply, codes_file=codes
    )
    for line in importing.shown_plan(plan, applied=apply):
        console.print(line)
    if issued:
        console.print(str(codes) if codes else importing.shown_codes(issued))
    raise typer.Exit(1 if plan.faults else 0)


@cli.command("export")
def export_sheets(
    kind: Annotated[
        str,
        typer.Argument(
            help="种类、all，或 round、period（公布的结果）· kind, all, or round, period (a result)"
        ),
    ],
    file: Annotated[
        Path,
        typer.Argument(help=".xlsx、.csv、.geojson；结果为文件夹 · where to; a result: folder"),
    ],
    round_: Annotated[
        str | None, typer.Option("--round", help="任务与参评对象、结果：活动/轮次 · CAMPAIGN/ROUND")
    ] = None,
    period: Annotated[
        str | None, typer.Option(help="时段的结果：活动/时段 · CAMPAIGN/PERIOD")
    ] = None,
    revision: Annotated[
        int | None, typer.Option(help="结果的版次，缺省为最新 · of a result; the newest if absent")
    ] = None,
) -> None:
    """导出 · Sheets that import again, or a published result with all that it follows from."""
    if kind in set(results.Kind):
        name = round_ if kind == results.Kind.ROUND else period
        if name is None:
            raise typer.BadParameter(f"--{kind} CAMPAIGN/{kind.upper()}")
        about = results.Kind(kind)
        with _transaction() as tx:
            view = results.export_result(tx, kind=about, name=name, revision=revision, folder=file)
        console.print(f"{name} · {view.run.number} · {view.run.digest} → {file}")
        return
    count = loading.export_sheets(_database(), read_settings(), kind, file, round_of=round_)
    console.print(f"{kind} {count} → {file}")


@cli.command("template")
def write_template(
    kind: Annotated[str, typer.Argument(help="种类，或 all · kind, or all")],
    file: Annotated[Path, typer.Argument(help=".xlsx")],
) -> None:
    """空白模板 · An empty workbook with heads, notes and choices."""
    loading.write_template(kind, file)
    console.print(f"{kind} → {file}")


@clock.command("set")
def set_clock(
    instant: Annotated[
        datetime, typer.Argument(formats=["%Y-%m-%dT%H:%M:%S%z"], help="2018-09-10T09:00:00+08:00")
    ],
) -> None:
    """拨业务时钟 · Make business time show INSTANT now; refused in production."""
    settings = read_settings()
    if settings.env is Environment.PRODUCTION:
        raise typer.BadParameter("业务时钟只能在演示或测试环境调整 · demo and test only")
    with _database().transaction() as tx:
        business_time.set_business_time(tx, instant=instant)
    console.print(f"business time {instant.isoformat()}")


@cli.command("jobs")
def show_jobs(
    retry: Annotated[
        bool, typer.Option("--retry", help="重新执行失败的任务 · give dead jobs a fresh start")
    ] = False,
) -> None:
    """后台任务 · Waiting and dead jobs; ends with 1 while there are dead ones."""
    with _database().transaction() as tx:
        revived = jobs.revive_dead(tx, now=kit_clock.real_now()) if retry else 0
        waiting, dead = jobs.count_jobs(tx)
        rows = jobs.list_dead(tx, limit=50)
    console.print(f"waiting {waiting}, dead {dead}" + (f", revived {revived}" if retry else ""))
    for row in rows:
        console.print(f"  {row.handler} {row.kind} {row.subject_id}: {row.last_error}")
    raise typer.Exit(1 if dead else 0)


@cli.command("check-ledger")
def check_ledger() -> None:
    """台账重放核对 · Replay every case from its history; ends with 1 where one differs."""
    checked = 0
    wrong = 0
    with _transaction() as tx:
        for found in replaying.differing(tx):
            checked += 1
            if found is not None:
                wrong += 1
                console.print(f"  {found.number}: {', '.join(found.fields)}")
    console.print(f"{checked} 件，{wrong} 件不符 · cases {checked}, differing {wrong}")
    raise typer.Exit(1 if wrong else 0)


@cli.command("openapi")
def write_openapi(
    folder: Annotated[Path, typer.Option(help="目标目录 · target folder")] = Path("openapi"),
) -> None:
    """生成接口文档 · Write openapi.json and errors.md."""
    serving.write_openapi(folder)
    console.print(f"wrote {folder}/openapi.json, {folder}/errors.md")


def _database(settings: Settings | None = None) -> Database:
    settings = settings or read_settings()
    return Database(make_engine(settings), settings.env)


@contextmanager
def _transaction() -> Iterator[Session]:
    """A transaction on the configured database, with no connection left behind."""
    database = _database()
    try:
        with database.transaction() as tx:
            yield tx
    finally:
        database.dispose()


def _offer_administrator(settings: Settings | None = None) -> None:
    """On an empty installation: make the first administrator, if a person is there to read it.

    Output that goes to a file or a collector of logs must not hold the password, so there only the
    command is named that makes him.
    """
    settings = settings or read_settings()
    if settings.env is not Environment.PRODUCTION:
        return
    database = _database(settings)
    try:
        if migrations.revision_of(database.engine) != migrations.newest_revision():
            return
        with database.transaction() as tx:
            if people.has_administrator(tx):
                return
            made = accounts.make_first_administrator(tx) if sys.stdout.isatty() else None
    finally:
        database.dispose()
    if made is None:
        console.print("尚无管理员 · no administrator yet: dudao first-admin")
    else:
        _show_administrator(made)


def _show_administrator(made: accounts.FirstAdministrator) -> None:
    console.print("首个管理员，密码只显示这一次 · the first administrator; shown this once:")
    console.print(f"  {made.login} · {made.password}", highlight=False)


def main() -> None:
    """Run a command; an error of ours is printed as words, not as a traceback."""
    try:
        cli(prog_name="dudao")
    except (EmbeddedError, OperationalError) as error:
        problems.print(str(getattr(error, "orig", error)), style="red")
        raise SystemExit(1) from error
    except ValidationError as error:  # of the settings; nothing else here is validated by pydantic
        for wrong in error.errors():
            problems.print(f"{'.'.join(map(str, wrong['loc']))}: {wrong['msg']}", style="red")
        problems.print(
            "设置见 docs/settings.md，或用 dudao --data <数据目录> · see docs/settings.md"
        )
        raise SystemExit(1) from error
    except DudaoError as error:
        problems.print(messages.detail_of(error.code, "zh", error.data), style="red")
        for fault in error.faults:
            problems.print(
                f"  {fault.pointer}: {messages.fault_text(fault.code, 'zh', fault.data)}"
            )
        raise SystemExit(1) from error


if __name__ == "__main__":
    main()
