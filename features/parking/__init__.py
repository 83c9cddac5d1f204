"""Parking: counts of free or occupied spaces into what a model of their demand looks at."""
