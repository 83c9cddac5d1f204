"""Raw measurements into model-ready arrays, the same in training and in serving."""

DOMAINS = ("traffic", "disaster", "parking")
