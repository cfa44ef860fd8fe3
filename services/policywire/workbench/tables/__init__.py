"""Tables of other people: reading their cells and sheets, and writing ones that their programs open."""
