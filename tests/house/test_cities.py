"""A city is data: nothing under app/ knows one, neither the real one nor the invented one."""

import csv
import json

from tests.conftest import ROOT

_CITIES = ROOT / "scripts" / "city"
_SHORTEST = 3  # shorter names are ordinary words


def words_of_the_real_city():
    folder = _CITIES / "jiaozuo"
    for row in json.loads((folder / "units.json").read_text(encoding="utf-8")):
        yield from (row["code"], row["name_zh"], row.get("full_name_zh"), row.get("name_en"))
    campaign = json.loads((folder / "campaign.json").read_text(encoding="utf-8"))
    yield from (campaign["code"], campaign["name_zh"], campaign["name_en"])


def words_of_the_invented_city():
    heads = {"名称", "英文名称", "单位代码", "点位代码", "点位名称", "活动代码"}
    for name in ("units", "sites", "campaigns"):
        with (_CITIES / "lanting" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                yield from (row[head] for head in heads & row.keys())


def test_no_code_knows_a_city():
    words = {*words_of_the_real_city(), *words_of_the_invented_city()}
    known = {word for word in words if word and len(word) >= _SHORTEST}
    assert len(known) > 500
    for path in sorted((ROOT / "app").rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        found = {word for word in known if word in text}
        assert not found, f"{path.relative_to(ROOT)} knows {sorted(found)[:5]}"
