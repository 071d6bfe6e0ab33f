"""`python -m connector.cli`, where the command isn't on the path."""

from connector.cli import app

app()
