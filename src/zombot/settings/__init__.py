"""The composition root: typed settings and the wiring of the application."""
