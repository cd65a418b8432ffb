"""Between rows of sites and their wire shapes."""

from app.organisation.presenting import named
from app.organisation.tables import Unit
from app.sites.schemas import SiteOut
from app.sites.tables import Site
from app.web.language import Language
from app.web.wire import Location


def site_out(site: Site, unit: Unit, language: Language) -> SiteOut:
    """A site with its unit."""
    return SiteOut(
        code=site.code,
        name=site.name,
        category=site.category,
        unit=named(unit, language),
        location=_location(site),
    )


def _location(site: Site) -> Location | None:
    if site.lat is None or site.lon is None or site.crs is None:
        return None
    return Location(lat=site.lat, lon=site.lon, crs=site.crs, accuracy_m=None)
