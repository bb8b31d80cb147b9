"""The files of bars that people have: how each form is recognised and read.

A *dialect* is one form of text: its separator, the names of its columns, its numbers and its dates. `dialects` lists
them, and `recognise` chooses the only one that fits.
"""
