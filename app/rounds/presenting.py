"""Between rows of campaigns, rounds, series and teams and their wire shapes."""

from app.organisation.presenting import named
from app.rounds.queries import CampaignView, RoundView, SeriesView
from app.rounds.queries_teams import TeamView
from app.rounds.schemas import (
    CampaignOut,
    ChecklistRef,
    DrawPlanOut,
    RoundOut,
    RoundRef,
    SeriesOut,
)
from app.rounds.schemas_tasks import MemberOut, TeamOut
from app.rounds.tables import Campaign, Round, RoundSeries
from app.rounds.terms import read_plan
from app.web.language import Language, pick
from app.web.wire import Named


def campaign_out(view: CampaignView, language: Language) -> CampaignOut:
    """A campaign with its unit."""
    campaign = view.campaign
    return CampaignOut(
        code=campaign.code,
        name=pick(language, campaign.name_zh, campaign.name_en),
        unit=named(view.unit, language),
        ended_at=campaign.ended_at,
    )


def _campaign(campaign: Campaign, language: Language) -> Named:
    return Named(code=campaign.code, name=pick(language, campaign.name_zh, campaign.name_en))


def round_ref(row: Round, language: Language) -> RoundRef:
    """A round as others refer to it."""
    return RoundRef(
        id=row.id,
        code=row.code,
        name=pick(language, row.name_zh, row.name_en),
        state=row.state,
        source=row.source,
    )


def round_out(view: RoundView, language: Language) -> RoundOut:
    """A round in full."""
    return RoundOut(
        **dict(round_ref(view.round, language)),
        campaign=_campaign(view.campaign, language),
        unit=named(view.unit, language),
        area=named(view.area, language),
        period=view.round.period,
        opens_at=view.round.opens_at,
        closes_at=view.round.closes_at,
        announced=view.round.announced,
        timed=view.round.timed,
        series_id=view.round.series_id,
    )


def series_out(view: SeriesView, language: Language) -> SeriesOut:
    """A series in full."""
    series = view.series
    return SeriesOut(
        id=series.id,
        code=series.code,
        name=pick(language, series.name_zh, series.name_en),
        campaign=_campaign(view.campaign, language),
        unit=named(view.unit, language),
        area=named(view.area, language),
        source=series.source,
        period=series.period,
        announced=series.announced,
        rule=series.rule,
        first_at=series.first_at,
        lasts_minutes=series.lasts_minutes,
        days_ahead=series.days_ahead,
        plan=_plan(series),
        ended_at=series.ended_at,
    )


def _plan(series: RoundSeries) -> DrawPlanOut | None:
    if series.plan is None:
        return None
    rule = read_plan(series.plan)
    return DrawPlanOut(
        areas=list(rule.areas),
        checklists=[ChecklistRef(code=code, version=number) for code, number in rule.checklists],
        teams=list(rule.teams),
        most=rule.most,
        blind=rule.blind,
    )


def team_out(view: TeamView, language: Language) -> TeamOut:
    """A team with its members, the first to come first."""
    return TeamOut(
        code=view.team.code,
        name=view.team.name,
        unit=named(view.unit, language),
        ended_at=view.team.ended_at,
        members=[
            MemberOut(
                person=person.login,
                name=person.name,
                leads=member.leads,
                valid_from=member.valid_from,
                valid_to=member.valid_to,
            )
            for member, person in view.members
        ],
    )
