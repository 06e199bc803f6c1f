"""Images of X-ray detectors in formats that fabio reads: CBF, EDF, MAR and others."""
