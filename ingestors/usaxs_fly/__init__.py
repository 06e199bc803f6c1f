"""Fly scans of APS USAXS, as saveFlyData writes them."""
