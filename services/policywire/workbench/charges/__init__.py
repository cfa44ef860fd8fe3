"""Large files of charges and orders: read into canonical rows or told why not, and decided with the pure core."""
