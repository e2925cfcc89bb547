"""A source tree → what is in it. Usable with neither Django nor a database.

Empty on purpose: a scan in which nothing has changed loads none of the checks.
"""
