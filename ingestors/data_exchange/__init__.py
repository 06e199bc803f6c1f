"""Tomographies in Data Exchange files, as beamlines of APS and ALS write them."""
