"""Following many road users at once: their state in stacked arrays, one row each, so that a frame costs few calls."""
