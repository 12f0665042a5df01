"""A simulated economy with a seed: plants that feed one another, break by plan, answer their alerts."""
