"""Lets ``python -m zombot`` do what the ``zombot`` command does."""

from zombot.interfaces.cli.main import main

if __name__ == "__main__":
    main()
