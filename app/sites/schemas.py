"""Wire shapes of sites."""

from app.web.wire import Location, Named, Wire


class SiteOut(Wire):
    code: str
    name: str
    category: str
    unit: Named
    location: Location | None
