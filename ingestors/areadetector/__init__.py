"""Files that plug-ins of EPICS areaDetector write."""
