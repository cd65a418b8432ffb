"""The steps of the demo: what is inspected, what is found, what the photos show."""
