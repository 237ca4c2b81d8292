"""These files are read by the linter, never imported."""

collect_ignore_glob = ["*.py"]
