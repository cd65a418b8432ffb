"""`dudao --data DIR`: the variables of what runs on a data folder, from the folder's own files."""

import json
from pathlib import Path

import pytest

from app.config import Environment
from app.infra.embedded import EmbeddedError
from app.infra.embedded_secrets import load_or_make
from app.serving import Place, programs, running_environment, settings_from


def test_the_variables_come_from_the_two_files_of_the_folder(tmp_path: Path) -> None:
    kept = load_or_make(tmp_path / "secrets.json", may_make=True)
    addresses = {
        "s3_endpoint": "http://127.0.0.1:2",
        "database_url": "postgresql+psycopg://dudao@127.0.0.1:1/dudao",
    }
    (tmp_path / "run.json").write_text(json.dumps({"env": "demo", "addresses": addresses}))
    settings = settings_from(running_environment(tmp_path))
    url = f"postgresql+psycopg://dudao:{kept.postgres_password}@127.0.0.1:1/dudao"
    assert settings.database_url.get_secret_value() == url
    assert settings.env == "demo"
    assert settings.s3_endpoint == addresses["s3_endpoint"]
    assert settings.s3_access_key == kept.s3_access_key


@pytest.mark.parametrize("content", [None, "{}", "no json", '{"addresses": 1}'])
def test_a_folder_on_which_nothing_runs_is_named(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "run.json").write_text(content)
    with pytest.raises(EmbeddedError, match="nothing runs on the data folder"):
        running_environment(tmp_path)


def test_no_secrets_are_made_for_a_folder_that_has_none(tmp_path: Path) -> None:
    addresses = {"s3_endpoint": "http://127.0.0.1:2", "database_url": "postgresql://x@127.0.0.1/x"}
    (tmp_path / "run.json").write_text(json.dumps({"env": "demo", "addresses": addresses}))
    with pytest.raises(EmbeddedError, match=r"secrets\.json is missing"):
        running_environment(tmp_path)
    assert not (tmp_path / "secrets.json").exists()


def test_workers_are_named_apart_and_keep_logs_of_their_own(tmp_path: Path) -> None:
    place = Place(tmp_path, "127.0.0.1", 8000, Environment.TEST)
    found = {one.name: one for one in programs(place, {"HOME": "/"}, worker_processes=3)}
    assert list(found) == ["api", "worker", "worker-2", "worker-3"]
    assert len({one.log for one in found.values()}) == len(found)
    assert found["worker-3"].argv == found["worker"].argv
    assert found["worker-3"].env == {"HOME": "/"}
    assert [one.name for one in programs(place, {})] == ["api", "worker"]
