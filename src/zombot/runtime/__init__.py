"""The shell: performs effects, owns tasks, time and failure."""
