"""The subcommands of ``penstock``: each module has ``add_parser`` and ``run``."""
