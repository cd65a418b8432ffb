"""Programs that start, show, test and measure the service, and the reference phone client."""
