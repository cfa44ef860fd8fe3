"""An audit for people: one HTML page for reading and printing, one XLSX workbook for working the lines."""
