"""``scripts/bench``: what the service costs, beside baselines that are measured in the same run."""
