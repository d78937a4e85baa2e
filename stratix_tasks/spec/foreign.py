"""Words of other engines and languages, and what is written here in their place: for hints, where one of them is typed.

Each line is what to write, and the words that it stands for: in small letters, without `_` and `-`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

_CALL = "Write call: module:name for a function, uses: http.get for an executor, or flow: name."
_WITH = "Write with: {name: value}."
_EACH = "Write each: {as: x, in: [1, 2]}."
_RETRY = "Write retry: 3, or retry: {max: 3, delay: 1s}."
_SHELL = "Write uses: shell.run, with: {command: [echo, hi]}."
_AT_END = "Put it under `finally` of the flow, beside `tasks`."
_CATCH = "Let another task take it up: catch: [name], with: {why: ${{ error.message }}}."
_CASES = "Write a task for each case, with when: \"tasks.x.output == 'a'\"; first_of takes the one that ran."
_LATER = "A run is started by hand, by `stratix run` or by a scheduler of your own."

_OF_TASK = {
    "Write needs: [name]; what takes a value of a task waits for it anyway.": "after dependson deps depends dependencies dependency "
    "upstream upstreams upstreamtasks waitfor joinon requires require prerequisites runafter previous parents parent",
    "Say it at the task that comes after: needs: [name].": "next then nexttask downstream before",
    'Write when: "inputs.n > 0", an expression without ${{ }}.': "if runif condition conditions unless only rules skipif expression "
    "whenexpressions runcondition",
    _SHELL: "run script cmd command commands shell bash bashcommand sh beforescript entrypoint",
    _CALL: "python pythoncallable function func fn module handler target action operator op template templateref type kind resource "
    "plugin activity method service callable notebook job",
    _WITH: "args arguments argument params parameters parameter input inputs inputparameters kwargs opkwargs opargs config vars "
    "variables values body payload properties data options ins",
    "Give it to who runs there: of shell.run with: {command: [make], env: {NAME: value}}.": "env environment envvars",
    _EACH: "withitems items foreach matrix strategy map expand withparam for parallelfor scatter iterate iterator itemspath over "
    "dynamic partition loopover",
    "Write each: {as: n, in: {range: 10}}.": "withsequence sequence range times",
    _RETRY: "retries retrycount maxretries maxattempts maxattempt retrystrategy retrypolicy attempts retrylimit retryon",
    "Write retry: {max: 3, delay: 5s, backoff: 2}.": "retrydelay retrydelayseconds backoff retryinterval retrybackoff "
    "retryexponentialbackoff",
    "Write timeout: 30s.": "timeoutminutes timeoutseconds timeoutms timeoutsec executiontimeout activedeadlineseconds deadline "
    "timelimit maxduration maxruntime sla",
    "Write allow_failure: true.": "continueonerror ignoreerrors ignoreerror allowfail optional continueon ignorefailure softfail "
    "continueonfailure mayfail",
    _CATCH: "onfailure onerror rescue errors errorhandler onfailurecallback try except failureworkflow errorworkflow",
    "Write join: settled (however they ended), any, first_success, or join: {n_of: 2}.": "triggerrule trigger waitall jointype all any",
    _AT_END: "always finally post onexit cleanup ensure teardown hooks exithandler",
    "Write enabled: false.": "disabled disable skip enable active",
    "Of a fan-out say each: {max: 4}, of several tasks a pool, of a flow concurrency: 4.": "parallelism maxparallel maxconcurrency "
    "concurrencylimit throttle maxactivetis maxactivetisperdag parallel batchsize",
    "Write pool: name, and in the flow pools: {name: 1}.": "poolslots queue mutex semaphore synchronization lock resourcegroup pools "
    "taskqueue workqueue workpool limits threads",
    "Write priority: 10.": "priorityweight weight importance nice",
    _CASES: "switch cases case choices choice decisioncases defaultcase default evaluatortype gateway",
    'Write loop: {call: module:name, until: "output > 3", max: 10}.': "until while dowhile loopcondition repeat repeatuntil forever poll",
    "Write uses: wait.sleep, with: {duration: 5m}.": "wait sleep delay startdelay pause seconds minutes",
    "Write uses: wait.approval, with: {message: …}.": "approval approve manual gate",
    "Write uses: wait.signal, with: {name: …}.": "listen event signal on receive",
    "The value of a task is there for others as ${{ tasks.name.output }}: it has no other name.": "output outputs result results "
    "register returns return resultpath outputpath store outputparameters outputkey set export artifacts",
    "The name of a task is its key: tasks: {name: {…}}. What it is for is its description.": "name id taskid ref taskreferencename "
    "referencename alias key displayname",
    "Write description: ….": "title comment doc docs summary desc label notes",
    "Write runner: thread, async or process.": "runson agent executor worker services node",
    "Write policy: name, and in the flow policies: {name: {retry: 3}}.": "extends inherits inherit anchor preset profile",
    "Write undo: module:name, a function that takes it back.": "compensate compensation rollback onrollback revert",
    "Write flow: name, and under flows what it is.": "subflow workflow subworkflow subdag childworkflow subgraph include dag pipeline",
    "A task does one thing. Several are a flow: say flow: name here, and under flows: {name: {tasks: …}}.": "do steps tasks block "
    "fork forktasks stages jobs group",
    "Nothing runs in containers here: write uses: shell.run, with: {command: [echo, hi]}, or call: module:name.": "container image "
    "machine docker pod",
    "It is not needed: a flow ends when all in it has; uses: flow.finish ends it before that.": "end finish terminate exit",
    "What needs nothing of each other runs side by side: write a task for each.": "branches branch parallelbranches",
    "What a task gives is kept in the run's store, and read from there.": "iomanagerkey iomanager inputpath cachekey",
    "A run waits for none that was before it; who starts them waits.": "dependsonpast waitfordownstream",
    "Write loop: {call: module:name, until: output, every: 1m}, for a function that tells whether it is there.": "sensor pokeinterval "
    "mode poke reschedule",
    "Write flow: name, and under flows what that is; uses: flow.run starts a flow of your own as a run.": "subworkflowparam subworkflowid",
    "A task is a function: what it makes it returns, and others take that.": "asset assets partitionsdef computekind freshnesspolicy",
    "Write uses: http.post to tell others, or call: module:name.": "emit publish",
    "Write uses: flow.finish, with: {status: failed}.": "raise throw fail",
    "It is said of a flow: tags: [a, b].": "tags labels meta metadata annotations owner",
}
_OF_FLOW = {
    "Write flow: name.": "name id dagid workflow pipeline job dag workflowname",
    "Write tasks: {name: {call: module:name}}.": "jobs steps stages nodes states do rules ops models task activities tasklist targets",
    _LATER: "on triggers trigger schedule schedules scheduleinterval cron startdate enddate catchup interval timetable every "
    "deployments sensors",
    "Write inputs: {name: {type: int, default: 1}}; values that never change stand where they are used.": "env environment vars "
    "variables params parameters parameter input arguments args config inputparameters inputschema",
    'Write output: "${{ tasks.name.output }}".': "outputs outputparameters return result results returns outputschema",
    "Write concurrency: 4.": "parallelism maxparallel maxactivetasks concurrencylimit maxconcurrency workers maxworkers threads",
    "Write timeout: 1h.": "timeoutseconds timeoutminutes dagruntimeout activedeadlineseconds maxduration deadline executiontimeout",
    "Write finally: {name: {call: module:name}}: what runs when all else has ended.": "onexit always cleanup after teardown post "
    "exithandler hooks finalizer",
    _CATCH: "errors onerror failureworkflow rescue errorhandler catch onfailurecallback handlers",
    "Write defaults: {retry: 3, timeout: 1m}.": "defaultargs default plugindefaults taskdefaults retry retries retrypolicy pool runner "
    "priority grace",
    "The version is that of the format: stratix: 1.": "version apiversion dsl schemaversion dslversion specversion",
    "Leave it out: a document begins with stratix: 1, flow: name and tasks:.": "kind metadata namespace owneremail "
    "owner type restartable",
    "What stands in it stands in the document itself: flow: name, inputs: …, tasks: …, output: ….": "spec document workflowdefinition",
    "Runs begin whether others go on or not: who starts them waits.": "maxactiveruns",
    "Say it when you make the engine: configure(concurrency=4).": "execution executor",
    "Tasks stand in a flow of their own: flows: {name: {tasks: …}}, and tasks: {a: {flow: name}}.": "taskgroups groups",
    "A task is a function: tasks: {name: {call: module:name}}.": "assets asset functions",
    "Write flows: {name: {tasks: …}}.": "subflows templates workflows definitions use subworkflows graphs graph",
    "Write tags: [a, b].": "labels tag annotations",
    "Write description: ….": "title comment doc docs summary desc docmd",
    "Write on_failure: stop.": "failfast stoponerror stoponfailure",
    "Write pools: {name: 1}, and at the tasks pool: name.": "mutex semaphores limits locks queues poolsize",
    "It is not needed: what needs nothing begins first.": "entrypoint startat start begin root",
    'Conditions are of tasks: when: "inputs.n > 0".': "when if condition",
    "They are named where they are used: ${{ secrets.NAME }}.": "secrets secret credentials",
    "A run is recorded and its nodes are named; there is nothing to say for that.": "runname logging log",
}
_OF_INPUT = {
    "An input with a default may be left out, one without has to be given.": "required optional nullable mandatory isrequired",
    "Write choices: [a, b].": "enum values options oneof allowed allowedvalues choice select",
    "Write min: 0.": "minimum gte ge least from",
    "Write max: 9.": "maximum lte le most to",
    "Write exclusive_min: 0.": "exclusiveminimum gt",
    "Write exclusive_max: 9.": "exclusivemaximum lt",
    "Write label: ….": "title name displayname id",
    "Write description: ….": "help doc desc comment docs hint",
    "Write pattern: '^[a-z]+$'.": "regex regexp validator match format validation",
    "Write min_length: 1.": "minlen minitems minsize",
    "Write max_length: 9.": "maxlen maxitems maxsize",
    "Write default: ….": "defaults value initial prefill example defaultvalue",
    "Write type: list[int].": "items itemtype of elements",
    "Write fields: {name: {type: int}}.": "properties schema keys members",
}
_OF_RETRY = {
    "Write max: 3: attempts after the first.": "count attempts attempt times limit retries maxattempts maxretries number maximum "
    "maxattempt n retrycount",
    "Write delay: 5s.": "interval wait seconds initialdelay initialinterval retryinterval duration sleep every delayseconds pause",
    "Write backoff: 2: each delay is so many times as long as the one before.": "factor multiplier exponential rate "
    "backoffcoefficient backoffrate backofffactor type strategy policy",
    "Write max_delay: 1m.": "maxinterval maxduration maxbackoff cap maxwait maximuminterval",
    "Write on: [TimeoutError].": "exceptions exception errors errorequals error retryon include for only retryable",
    'Write when: "error.status == 429".': "if condition expression unless while until",
    "Write jitter: full, or jitter: none.": "random randomize randomjitter",
}
_OF_TIMEOUT = {
    "Write attempt: 30s, or timeout: 30s alone.": "seconds after duration execution each pertry run time limit minutes value starttoclose",
    "Write total: 5m.": "overall all maxduration max scheduletoclose deadline",
    "Write queued: 1h.": "queue waiting pending schedule scheduletostart wait",
}
_OF_EACH = {
    "Write as: x: the argument that takes one element.": "item var variable name itervar loopvar element param parameter index",
    "Write in: [1, 2], or in: ${{ tasks.x.output }}.": "items values list from of foreach range count matrix data input sequence",
    "Write max: 4.": "concurrency parallel maxparallel parallelism batch batchsize limit maxconcurrency concurrencylimit workers",
    'Write where: "x > 0".': "if when filter condition unless",
    "It stands beside each, as of any task: with: {x: 1}.": "with args arguments params parameters",
    "Write gather: any, first_success, settled or {n_of: 2}.": "join wait minsuccess collect",
}
_OF_LOOP = {
    'Write until: "output > 3": it ends when that holds.': "condition while dowhile if stop break exit loopcondition when test",
    "Write max: 10.": "times count maxiterations iterations limit n maximum range repeat",
    "Write every: 5s.": "delay interval wait sleep pause period",
    "Write within: 10m.": "timeout maxduration duration deadline for",
    "Write flow: name, or call: module:name: what is repeated.": "do body task tasks run steps",
    "To go over a list there is each: {as: x, in: …} of a task.": "over items in foreach each as",
    "Write carry: name: the argument that gets what the round before gave.": "state accumulator input",
    "It stands beside loop, as of any task: with: {x: 1}.": "with args arguments params parameters",
}
_FUNCTIONS = {
    "Write size(x).": "len length count",
    "Write string(x).": "str tostring text format",
    "Write double(x).": "float number todouble",
    "Write int(x).": "integer toint round floor parseint",
    "Compare it: x == true.": "bool boolean",
    "Write x.startsWith('a').": "startswith beginswith",
    "Write x.endsWith('a').": "endswith",
    "Write x.contains('a'), or 'a' in x for a list.": "includes include find indexof",
    "Write x.matches('^a').": "match search regex test ismatch",
    "Write x.exists(y, y > 0).": "any some anymatch",
    "Write x.all(y, y > 0).": "every allmatch",
    "Ask for the status of a task: tasks.x.status == 'failed'.": "success failure failed cancelled canceled succeeded always completed "
    "skipped isfailed",
    "run.started is when the run began.": "now today date utcnow currenttime time",
    "Write x == null, or has(x.y).": "isnull defined isdefined isempty empty isnone",
    "Write x ? a : b.": "iif ifelse cond coalesce default",
}


_NAMES = {
    "Write inputs.name; what is to come from outside is an input.": "env vars var params parameters args input workflow context variables "
    "config flow trigger github ds params",
    "Write tasks.name.output.": "steps step jobs job needs outputs output nodes node upstream results result taskinstance ti",
    "Name it as each does: each: {as: item, in: …} gives `item`.": "item items matrix loop it element value iteration",
    "Write secrets.NAME, in an argument.": "secret credentials",
    "Write true.": "True TRUE yes on",
    "Write false.": "False FALSE no off",
    "Write null.": "None NULL nil none undefined Null",
    "Write && for and.": "and",
    "Write || for or.": "or",
    "Write ! for not.": "not",
    "Compare it with a value; type(x) is a text such as 'int'.": "string int double bool list map float str",
}
_FACTS = {
    "Write tasks.name.output.": "result outputs value return stdout returns data content",
    "Write tasks.name.status == 'completed'.": "state conclusion outcome succeeded failed success failure completed done ok",
    "In a task that catches it, say ${{ error.message }}: catch: [name].": "error exception message",
}


def _by_word(hints: Mapping[str, str]) -> dict[str, str]:
    return {word: hint for hint, words in hints.items() for word in words.split()}


_PLACES = {
    "a flow": _by_word(_OF_FLOW),
    "a task": _by_word(_OF_TASK),
    "input": _by_word(_OF_INPUT),
    "retry": _by_word(_OF_RETRY),
    "timeout": _by_word(_OF_TIMEOUT),
    "each": _by_word(_OF_EACH),
    "loop": _by_word(_OF_LOOP),
    "a function": _by_word(_FUNCTIONS),
    "a fact": _by_word(_FACTS),
}


def bare(word: str) -> str:
    """A word without what only tells its parts apart: `dependsOn`, `depends-on` and `depends_on` are one."""
    return word.replace("_", "").replace("-", "").replace(" ", "").lower()


def said_here(word: str, place: str, known: Collection[str] = ()) -> str:
    """What to write in the place of a word that is not known there; nothing where none of ours is meant, or it is one of the
    known ones in another spelling. `place` as messages name it: `a task`, `input 'n'`.
    """
    plain = bare(word)
    if any(bare(one) == plain for one in known):
        return ""
    words = _PLACES.get(
        place.partition(" '")[0], _PLACES["a task"] if place.startswith(("defaults", "an entry")) else {}
    )
    return words.get(plain, "")


def named_here(word: str) -> str:
    """What to write in the place of the first word of an expression."""
    return _FIRST.get(word, "")


_FIRST = _by_word(_NAMES)
