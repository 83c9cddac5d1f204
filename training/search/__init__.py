"""Search for the settings that err least before the test interval: domain-free, killed and resumed at will."""
