"""Whether it is tried again hangs on how it went wrong."""

from stratix_tasks import flow, uses

WORTH_IT = "error.exit_code > 1 && error.stderr.matches('may try again|shutting down')"
TRIES = """echo >> tries; echo $SAID >&2
exit $(echo $CODES | cut -d' ' -f$(wc -l < tries))
"""


@flow
def if_worth_it(folder: str, codes: str) -> int:
    said = uses("shell.run").options(name="may_again")(command=["printf", "may try again"])["stdout"]
    run = uses("shell.run").options(name="try_it", retry={"max": 10, "delay": "10ms", "when": WORTH_IT})
    return run(command=TRIES, shell=True, cwd=folder, env={"CODES": codes, "SAID": said})["exit_code"]
