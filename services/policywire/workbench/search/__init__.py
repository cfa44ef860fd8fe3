"""Finding policies: by code, words, payer, outcome and date, over every payer and version.

The path of a search is :func:`policywire.workbench.search.index.SearchIndex.search`.
"""
