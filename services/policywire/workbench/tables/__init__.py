"""Reads the tables that people keep: spreadsheets and delimited text. Knows cells and sheets; knows no policy."""
