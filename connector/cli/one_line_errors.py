"""Wrong arguments told as every other wrong value is."""

import sys
from collections.abc import Sequence

from typer.core import TyperGroup
from typer.exceptions import TyperException

from connector.cli.running import fail


class OneLineErrors(TyperGroup):
    """Says what is wrong with the arguments in one line."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: object,
    ) -> object:
        """Parse and run; `standalone_mode` as in typer."""
        try:
            status = super().main(args, prog_name, complete_var, False, windows_expand_args)
        except TyperException as error:
            if not standalone_mode:
                raise
            message = " ".join(error.format_message().split())
            if not message:  # the help has been printed instead
                raise SystemExit(error.exit_code) from None
            fail(message, error.exit_code)
        if standalone_mode:
            sys.exit(status)
        return status
