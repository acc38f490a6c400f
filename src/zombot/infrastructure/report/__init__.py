"""The report of a run or a back-test: one page for people, one JSON file for programs."""
