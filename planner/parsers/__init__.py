"""Reports as tools write them → ``Report``. Pure: bytes in, no files, no network, no clock.

Empty on purpose: the scanner loads only the formats that it reads.
"""
