"""Tomographies of IMX at LNLS: a file for projections, one for flats, one for darks."""
