"""The command line: it parses, and hands over. One file for each group of commands.

What a command needs is imported when it runs: `connector --help` waits for none of it.
"""

import os

import typer

from connector.cli.capable import capabilities
from connector.cli.examining import doctor, health
from connector.cli.keys import keys_app
from connector.cli.one_line_errors import OneLineErrors
from connector.cli.ordering import order_app
from connector.cli.piping import pipelines_app
from connector.cli.serving import serve, simulate
from connector.cli.settings import show_config
from connector.cli.watching import watch_app

os.environ.setdefault("GRPC_VERBOSITY", "NONE")
"""What the gRPC library would print on stderr is told by us, in one line; it reads this once."""

app = typer.Typer(
    cls=OneLineErrors,
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="One account on one exchange, served to trading engines over gRPC.",
    context_settings={"help_option_names": ["-h", "--help"]},
)

# in the order in which the help shows them
app.command("serve")(serve)
app.command("simulate")(simulate)
app.command("config")(show_config)
app.add_typer(pipelines_app, name="pipelines")
app.add_typer(watch_app, name="watch")
app.add_typer(order_app, name="order")
app.add_typer(keys_app, name="keys")
app.command("doctor")(doctor)
app.command("health")(health)
app.command("capabilities")(capabilities)
