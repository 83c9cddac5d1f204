"""Raw measurements into model-ready arrays, the same in training and in serving."""

DOMAINS = ("traffic", "disaster", "parking")
WATCHING = ("cctv",)
"""What watches cameras: trained and judged on films rather than on tables of measurements."""
