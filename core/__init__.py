"""What is true of every file format: places, documents, runs, catalogs, search, matching, plug-ins.

Its rooms hand on their names themselves (``penstock.core.documents`` and so on), each lazily. What
people who use penstock need has its face in ``penstock``.
"""
