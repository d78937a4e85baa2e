"""`python -m stratix_tasks` is the command `stratix`."""

from stratix_tasks.cli import main

main()
