"""Tomographies of the full-field microscope FXI at NSLS-II."""
