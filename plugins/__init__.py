"""Documents out: exporters, and the catalogs that read what they wrote.

One package for each format, `msgpack` and `jsonl`; modules with a leading underscore are what they
share. Each format is a plug-in like any third party's.
"""
