"""Files of ESRF's BLISS: an entry for each scan."""
