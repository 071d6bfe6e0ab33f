"""What is well and what isn't, before money depends on it: each finding with its remedy."""
