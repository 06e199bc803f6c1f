"""Images of the formats that fabio reads, for resources of mimetype ``application/x-fabio``."""
