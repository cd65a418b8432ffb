"""The demo's own parts: the city's data, the planned answers, the drawn photos."""
