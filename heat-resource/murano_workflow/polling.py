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

"""Asking the engine again and again, in the steps of Heat's scheduler.

Belongs here: one request and what a check remembers of it, patience, events,
the time that is left. Does not belong here: which hook asks what
(workflow.py).
"""

import time
import uuid

from oslo_log import log as logging

from heat.common import exception
from heat.common.i18n import _
from heat.engine import resource

from . import rpc
from . import schema
from . import values

LOG = logging.getLogger(__name__)
CONF = rpc.register()

#: Events that one action may leave: a stack keeps 1000 in all.
MAX_EVENTS = 100
#: Seconds before the stack's timeout at which what runs is called back, and a
#: held workflow is given back: so the resource fails with a reason of its own.
#: Of a short timeout a part, or nothing would be left of it.
MARGIN = 60
MARGIN_PART = 5
#: Seconds by which what is held is given back before that: the longest time
#: between two looks, so that it is seen as held and not as late.
HELD_AHEAD = 10
#: Seconds after which what a check has not been told counts as unknown.
CHECK_TIME = 600
#: Seconds in which a request that got no answer is sent once more.
FIRST_PATIENCE = 5

#: Methods that are carried out once for each id of a request; the others
#: converge by themselves.
ONCE = ('apply', 'operate', 'suspend', 'resume', 'check', 'delete')
#: Methods after which the engine has something under this resource's id.
MAKING = ('apply', 'agent.create', 'member.create')


class Request(object):
    """What a check remembers between two polls; lost with its worker."""

    def __init__(self, method, hold=None, **args):
        self.method = method
        #: ``hold_in_heat`` of the properties that the request is made from.
        self.hold = hold
        self.args = args
        if method in ONCE:
            self.args = dict(args, request_id=uuid.uuid4().hex)
        self.sent = False
        self.silent_since = None
        self.held_since = None
        self.after = 0
        self.poll_after = 1
        self.events = 0
        #: What is done once this is: other requests, one after the other.
        self.then = []
        self.is_done = False


class Polling(object):
    """What a resource that stands for a workflow knows of asking."""

    def engine(self):
        return rpc.Engine(self.context)

    def _status(self, after=0):
        return self.engine().call('status', workflow_id=self.resource_id,
                                  after=after)

    def _is_accepted(self):
        return self.data().get('accepted') is not None

    def _send(self, request):
        """One try; the check tries again when there was no answer."""
        try:
            answer = self.engine().call(request.method, **request.args)
        except rpc.EngineUnavailable as error:
            self._put_up_with(request, error)
            return
        request.silent_since = None
        values.raise_problems(answer)
        if request.method in MAKING and not self._is_accepted():
            self.data_set('accepted', '1')
        request.after = answer.get('after', 0)
        if answer.get('told'):
            self._tell(request, self.action, answer['told'])
        # False: what was called back has not ended; then it can go on. Or a
        # member has not left yet.
        request.sent = answer.get('taken', True) and answer.get('gone', True)
        request.poll_after = answer.get('poll_after', 1)

    def _settle(self, request):
        """True once the engine has taken it; for what it does at once."""
        if request is None:
            return True
        if not request.sent:
            self._send(request)
            if not request.sent:
                raise resource.PollDelay(request.poll_after)
        return True

    def _begin_delete(self, request, waits=True):
        """None: nobody waits for it.

        Nobody waits for what is abandoned, nor for what the engine never said
        that it has. Should a lost request have reached it after all, this one
        comes behind.
        """
        if self._is_accepted() and waits:
            self._send(request)
            return request
        try:
            self._send(request)
            if request.sent:
                return request
        except rpc.EngineUnavailable:
            pass
        try:
            self.engine().cast(request.method, **request.args)
        except rpc.EngineUnavailable as error:
            LOG.warning('%(what)s %(id)s may be left in the engine: %(error)s',
                        {'what': self.type(), 'id': self.resource_id,
                         'error': error})
        return None

    def _put_up_with(self, request, error):
        now = time.time()
        if request.silent_since is None:
            request.silent_since = now
            LOG.warning('%(what)s %(id)s: %(error)s',
                        {'what': self.type(), 'id': self.resource_id,
                         'error': error})
        # What never reached the engine fails soon; what runs there has time.
        patience = CONF.engine_patience if request.sent else FIRST_PATIENCE
        if now - request.silent_since >= patience:
            raise error

    def _check(self, request, action, done):
        self._await(request, action, done)
        return True

    def _await(self, request, action, done):
        """The status once it is one of ``done``; until then PollDelay."""
        status = self._look(request, action)
        if status['status'] in done:
            return status
        if status['over'] or (status['status'] == 'failed'):
            raise exception.Error(values.describe(status))
        self._check_held(request, status)
        raise resource.PollDelay(max(1, status['poll_after']))

    def _look(self, request, action):
        """The status, once the engine has taken the request."""
        self._settle(request)
        try:
            status = self._status(request.after)
        except rpc.EngineUnavailable as error:
            self._put_up_with(request, error)
            raise resource.PollDelay(2)
        request.silent_since = None
        request.after = status['after']
        self._tell(request, action, status['events'])
        return status

    def _tell(self, request, action, sentences):
        """Steps as events of the stack, a bounded number of them."""
        for sentence in sentences:
            if request.events >= MAX_EVENTS:
                return
            request.events += 1
            if request.events == MAX_EVENTS:
                sentence = _('More happened than is shown here; see '
                             '"murano-workflow events %s"') % self.resource_id
            try:
                self._add_event(action, self.IN_PROGRESS, sentence)
            except Exception:
                # A database without room for it, or for its letters.
                LOG.exception('An event of workflow %s is not shown',
                              self.resource_id)

    def _check_held(self, request, status):
        """A worker is kept no longer than somebody is likely to answer."""
        if status['status'] != 'held':
            request.held_since = None
            return
        if request.held_since is None:
            request.held_since = time.time()
        held = time.time() - request.held_since
        late = self.stack.time_remaining() <= self._margin() + HELD_AHEAD
        hold = request.hold
        if hold is None:
            hold = self.properties[schema.HOLD_IN_HEAT]
        if held >= hold or late:
            raise exception.Error(values.describe(status))

    def _time_left(self):
        """Seconds in which the workflow has to be complete."""
        return max(1, self.stack.time_remaining() - self._margin())

    def _check_time(self):
        """Seconds that a check has; of a stack's timeout the usual part.

        What is left of it cannot be asked: Heat counts from the stack's last
        update, however long ago that was.
        """
        return max(1, min(CHECK_TIME,
                          self.stack.timeout_secs() - self._margin()))

    def _margin(self):
        return min(MARGIN, self.stack.timeout_secs() // MARGIN_PART)
