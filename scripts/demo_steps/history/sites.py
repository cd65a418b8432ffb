"""Which sites the historical round visits: enough of every line of work in every district.

Each street has the usual sites, a shop or market, and a village or a service window. The six trades
whose bureaus were ranked too are visited twice each in every district, in different streets: the
districts that must share a place in one of their lists are asked the same number of questions.
"""

from __future__ import annotations

from itertools import cycle

from scripts.demo_steps.city_files import STREET_LEAGUES, City

_USUAL = ("社区", "楼院", "背街小巷", "四小门店", "两小门店", "公厕", "主次干道")
_MARKETS = ("小超市小五金", "农贸市场")
_CENTRAL = ("城中村", "窗口单位")
_OUTER = ("城中村",)
_TRADES = ("银行网点", "加油站", "公交站点和车站", "宾馆饭店和景区", "文化场馆", "学校")
_TWICE = (*_TRADES, *_TRADES[1:], _TRADES[0])  # dealt out to six streets, no street has one twice


def kinds_by_street(city: City) -> dict[str, list[str]]:
    """The kinds of sites of every ranked street, by its code."""
    kinds: dict[str, list[str]] = {}
    markets = cycle(_MARKETS)
    for district in city.districts:
        streets = []
        for league, own in zip(STREET_LEAGUES, (_CENTRAL, _OUTER), strict=True):
            more = cycle(own)
            for code in sorted(city.published[league]):
                if city.streets[code].district == district:
                    kinds[code] = [*_USUAL, next(markets), next(more)]
                    streets.append(code)
        for number, trade in enumerate(_TWICE):
            kinds[streets[number % len(streets)]].append(trade)
    return kinds
