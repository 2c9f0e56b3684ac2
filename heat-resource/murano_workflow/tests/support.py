#    Licensed under the Apache License, Version 2.0 (the "License"); you may
#    not use this file except in compliance with the License. You may obtain
#    a copy of the License at
#
#         http://www.apache.org/licenses/LICENSE-2.0
#
#    Unless required by applicable law or agreed to in writing, software
#    distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
#    WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the
#    License for the specific language governing permissions and limitations
#    under the License.

"""An engine that is scripted, and the resource without its stack.

Belongs here: what several test modules stand on. Does not belong here: tests.
"""

from unittest import mock

from murano_workflow import polling
from murano_workflow import rpc
from murano_workflow import workflow

RUNNING = {'status': 'running', 'reason': '', 'over': False, 'events': [],
           'after': 1, 'poll_after': 3, 'held_seconds': 0, 'suspended': '',
           'at_rest': False, 'check': {'stopped': '', 'doubts': []}}


def status(**changes):
    return dict(RUNNING, **changes)


class Scripted(object):
    """Answers in turn; an exception is raised."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.calls = []
        self.casts = []

    def call(self, method, **args):
        self.calls.append((method, args))
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    look = call

    def cast(self, method, **args):
        self.casts.append((method, args))


class Workflow(workflow.Workflow):
    """The resource without its stack, database and context."""

    def __new__(cls, *_args, **_kwargs):
        # Heat's own looks the class up in the stack's environment.
        return object.__new__(cls)

    @property
    def stack(self):
        return self._stub

    def __init__(self, engine, remaining=3600, hold=600, on_delete='undo',
                 accepted=True, timeout=3600):
        self._engine = engine
        self.resource_id = 'w1'
        self.name = 'flow'
        self.action = self.UPDATE
        self._stub = mock.Mock()
        self.stack.time_remaining.return_value = remaining
        self.stack.timeout_secs.return_value = timeout
        self.properties = {'hold_in_heat': hold, 'on_delete': on_delete,
                           'credential': None, 'operations': []}
        self._data = {'accepted': '1'} if accepted else {}
        self.events = []

    def engine(self):
        return self._engine

    def type(self):
        return 'Murano::Workflow'

    def data(self):
        return self._data

    def data_set(self, key, value, redact=False):
        self._data[key] = value

    def _add_event(self, action, state, reason):
        self.events.append(reason)


def sent(method='apply'):
    request = polling.Request(method, workflow_id='w1')
    request.sent = True
    return request


ABSENT = rpc.EngineUnavailable(reason='no answer in 5 seconds')
