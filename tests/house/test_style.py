"""The checks of scripts/check as tests, so that one command says whether all is well."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

_BIN = Path(sys.executable).parent
_COMMANDS = {
    "format": [_BIN / "ruff", "format", "--check", "."],
    "lint": [_BIN / "ruff", "check", "."],
    "imports": [_BIN / "lint-imports", "--no-cache"],
    "house rules": [sys.executable, "scripts/house_rules.py"],
    "types": [_BIN / "mypy"],
}


# Types take a minute without mypy's cache; scripts/check looks at them before every commit.
_NAMES = [pytest.param(n, marks=pytest.mark.long) if n == "types" else n for n in _COMMANDS]


@pytest.mark.parametrize("name", _NAMES)
def test_the_code_keeps_its_own_rules(name):
    done = subprocess.run(
        _COMMANDS[name], cwd=ROOT, capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]
