"""Traffic-flow models: their fit and their scores."""
