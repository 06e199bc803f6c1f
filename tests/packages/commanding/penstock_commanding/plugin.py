"""What the package offers: a command that works, and several that do not."""

from penstock import Command, hookimpl

_HERE = "penstock_commanding.commands"


@hookimpl
def penstock_commands() -> list[Command]:
    """Offer commands; one would replace a command of penstock's own."""
    return [
        Command(
            "count",
            title="count the runs of a folder, 100% of them",
            configure=f"{_HERE}:add_arguments",
            run=f"{_HERE}:count",
        ),
        Command("fail", title="fail", run=f"{_HERE}:fail"),
        Command("refuse", title="refuse", run=f"{_HERE}:refuse"),
        Command("lost", title="is not there", run="penstock_commanding.lost:run"),
        Command("odd", title="return something odd", run=f"{_HERE}:be_odd"),
        Command("ls", title="take a name of penstock's own", run=f"{_HERE}:fail"),
    ]
