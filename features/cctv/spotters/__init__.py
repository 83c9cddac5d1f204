"""Who does what no road user should: a spotter for each kind of incident, and what they all look at."""
