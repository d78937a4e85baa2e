"""Edits of a flow as data: what each does to the document, and how it is taken back."""
