"""Files of Diamond's GDA: a scan with its command, motors and detectors."""
