"""Writers of small files as the software of each origin writes them."""
