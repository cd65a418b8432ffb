"""Habits that a linter does not know, checked by walking the syntax trees of ``app/``.

Run as ``python scripts/house_rules.py``; prints each offence and ends with 1 if there is one. An
exception is written into the offending line as ``# house: <rule> - <reason>``.
"""

import ast
import re
import statistics
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
APP = ROOT / "app"
MOST_MODULE_LINES = 500
P95_MODULE_LINES = 350
MOST_FUNCTION_LINES = 70
P95_FUNCTION_LINES = 40
_CLOCKS = {"datetime.now", "datetime.utcnow", "time.time", "time.monotonic", "date.today"}
_CLOCK_WORDS = {name.rpartition(".")[2] for name in _CLOCKS}
_ENVIRONMENT = {"os.environ", "os.getenv"}
_ESCAPE = re.compile(r"# house: (?P<rule>[a-z-]+) - \S{3}")
_SELECT_HOMES = ("queries", "importing", "embedded", "migrations")
_LAZY_IMPORT_HOMES = {"cli.py", "serving.py", "web/openapi.py"}


@dataclass(frozen=True)
class Offence:
    path: Path
    line: int
    rule: str
    text: str

    def __str__(self) -> str:
        return f"{self.path.relative_to(ROOT)}:{self.line}: {self.rule}: {self.text}"


@dataclass(frozen=True)
class Module:
    path: Path
    name: str
    tree: ast.Module
    lines: list[str]
    nodes: list[ast.AST]  # of the whole tree, which is walked once for all rules


def read_modules() -> list[Module]:
    """All modules of the product."""
    modules = []
    for path in sorted(APP.rglob("*.py")):
        source = path.read_text(encoding="utf-8")
        name = str(path.relative_to(APP))
        tree = ast.parse(source)
        modules.append(Module(path, name, tree, source.splitlines(), list(ast.walk(tree))))
    return modules


def commits_in_one_place(module: Module) -> Iterator[Offence]:
    """One request, one transaction: only ``infra/db.py`` ends one."""
    if module.name == "infra/db.py":
        return
    for call in _calls(module):
        if isinstance(call.func, ast.Attribute) and call.func.attr in {"commit", "rollback"}:
            yield _offence(module, call, "one-commit", "only infra/db.py commits or rolls back")


def transaction_scope(module: Module) -> Iterator[Offence]:
    """A dependency that yields a session must end before the reply leaves."""
    for call in _calls(module):
        if _name(call.func) == "Depends" and any(
            _name(argument) == "open_transaction" for argument in call.args
        ):
            scopes = [word.value for word in call.keywords if word.arg == "scope"]
            if not any(isinstance(s, ast.Constant) and s.value == "function" for s in scopes):
                yield _offence(module, call, "scope", 'say scope="function"')


def clock_in_one_place(module: Module) -> Iterator[Offence]:
    """Only ``kit/clock.py`` reads the clock; the supervisor of processes has its own."""
    if module.name == "kit/clock.py" or module.name.startswith(("infra/embedded", "infra/child")):
        return
    if module.name == "infra/supervisor.py":
        return
    for call in _calls(module):
        # To unparse is slow, so the last word is looked at first.
        if _name(call.func) in _CLOCK_WORDS and ast.unparse(call.func) in _CLOCKS:
            yield _offence(module, call, "clock", "use kit.clock or infra.business_time")


def environment_in_one_place(module: Module) -> Iterator[Offence]:
    """Only ``config.py`` reads the environment."""
    if module.name == "config.py" or module.name.startswith(("infra/embedded", "infra/child")):
        return
    for node in module.nodes:
        is_named = isinstance(node, ast.Attribute) and node.attr in {"environ", "getenv"}
        if is_named and ast.unparse(node) in _ENVIRONMENT:
            yield _offence(module, node, "environment", "settings come from app.config")


def select_in_queries(module: Module) -> Iterator[Offence]:
    """Reads live in ``queries.py``; loading from files may look up what is there."""
    stem = module.path.stem
    is_feature = module.name.count("/") == 1 and not module.name.startswith(("infra/", "kit/"))
    if not is_feature or stem.startswith(_SELECT_HOMES):
        return
    for call in _calls(module):
        if _name(call.func) == "select":
            yield _offence(module, call, "select", "reads belong in queries.py")


def imports_at_the_top(module: Module) -> Iterator[Offence]:
    """An import inside a function hides an edge from the import contracts."""
    if module.name in _LAZY_IMPORT_HOMES:
        return
    for function in _functions(module):
        for node in ast.walk(function):
            if isinstance(node, ast.Import | ast.ImportFrom):
                yield _offence(module, node, "late-import", "import at the top of the module")


def boto3_and_pil_in_one_place(module: Module) -> Iterator[Offence]:
    """The store is known in one module, and images in one."""
    homes = {"boto3": "infra/blobs.py", "botocore": "infra/blobs.py", "PIL": "evidence/images.py"}
    for node in module.nodes:
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        for name in names:
            home = homes.get(name.split(".")[0])
            if home is not None and home != module.name:
                yield _offence(module, node, "one-home", f"{name} is imported by {home} only")


def no_defaults_in_replies(module: Module) -> Iterator[Offence]:
    """Clients see every field of a reply, so output shapes have no defaults."""
    if module.path.stem != "schemas":
        return
    for node in module.nodes:
        if isinstance(node, ast.ClassDef) and node.name.endswith(("Out", "Page", "Ref")):
            for field in node.body:
                if isinstance(field, ast.AnnAssign) and field.value is not None:
                    yield _offence(module, field, "reply-default", "no default in a reply")


def docstrings(module: Module) -> Iterator[Offence]:
    """A module, and each public function outside tables and schemas, says what it promises."""
    if module.lines and ast.get_docstring(module.tree) is None:
        yield Offence(module.path, 1, "docstring", "say why the module exists")
    if module.path.stem in {"tables", "schemas", "errors"}:
        return
    for node in module.tree.body:
        is_public = isinstance(node, ast.FunctionDef) and not node.name.startswith("_")
        if is_public and isinstance(node, ast.FunctionDef) and ast.get_docstring(node) is None:
            yield _offence(module, node, "docstring", f"{node.name} has none")


def places_are_data(module: Module) -> Iterator[Offence]:
    """No name of a place in code: a city is data."""
    for number, line in enumerate(module.lines, start=1):
        if re.search(r"焦作|[Jj]iaozuo|解放区|山阳区|中站区|马村区|示范区", line):
            yield Offence(module.path, number, "place", "a city is data")


def sizes(modules: list[Module]) -> Iterator[Offence]:
    """Module and function lengths, worst case and 95th percentile."""
    lengths = [(len(module.lines), module) for module in modules]
    for length, module in lengths:
        if length > MOST_MODULE_LINES:
            yield Offence(module.path, 1, "size", f"{length} lines, at most {MOST_MODULE_LINES}")
    functions = []
    for module in modules:
        for function in _functions(module):
            length = (function.end_lineno or function.lineno) - function.lineno + 1
            functions.append(length)
            if length > MOST_FUNCTION_LINES:
                yield _offence(module, function, "size", f"{function.name} has {length} lines")
    for name, values, most in (
        ("modules", [length for length, _ in lengths], P95_MODULE_LINES),
        ("functions", functions, P95_FUNCTION_LINES),
    ):
        p95 = statistics.quantiles(values, n=20)[-1]
        if p95 > most:
            yield Offence(APP, 0, "size", f"95 % of {name} have {p95:.0f} lines, aim {most}")


RULES = (
    commits_in_one_place,
    transaction_scope,
    clock_in_one_place,
    environment_in_one_place,
    select_in_queries,
    imports_at_the_top,
    boto3_and_pil_in_one_place,
    no_defaults_in_replies,
    docstrings,
    places_are_data,
)


def offences() -> list[Offence]:
    """Everything that stands against the house rules, less what is excused in its line."""
    modules = read_modules()
    found = [one for module in modules for rule in RULES for one in rule(module)]
    found += sizes(modules)
    lines = {module.path: module.lines for module in modules}
    return [one for one in found if not _is_excused(one, lines.get(one.path, []))]


def _is_excused(offence: Offence, lines: list[str]) -> bool:
    line = lines[offence.line - 1] if 0 < offence.line <= len(lines) else ""
    match = _ESCAPE.search(line)
    return match is not None and match["rule"] == offence.rule


def _calls(module: Module) -> Iterator[ast.Call]:
    return (node for node in module.nodes if isinstance(node, ast.Call))


def _functions(module: Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return (node for node in module.nodes if isinstance(node, kinds))


def _name(node: ast.AST) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _offence(module: Module, node: ast.AST, rule: str, text: str) -> Offence:
    return Offence(module.path, getattr(node, "lineno", 0), rule, text)


def main() -> int:
    """Print the offences; the exit code."""
    found = offences()
    for one in found:
        print(one)
    print(f"house rules: {len(found)} offence(s)")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
