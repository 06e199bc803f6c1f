"""From a selection of paths to calls: which ingestor takes which files, and why."""
