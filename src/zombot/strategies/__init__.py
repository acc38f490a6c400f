"""One folder each; a strategy knows neither another nor how its proposals are executed."""
