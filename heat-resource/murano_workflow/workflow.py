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

"""OS plugin for ``Murano::Workflow``.

Belongs here: Heat's life cycle turned into requests to the engine. Does not
belong here: how the engine is reached (rpc.py), what a template may say
(schema.py), any decision about steps (the engine).

W1. The id is the resource's own uuid, kept before the first message is sent:
    whoever comes later finds the same workflow, and none is made twice.
W2. Nothing blocks: a handler sends one request, a check asks once.
W3. An engine that does not answer is put up with for ``engine_patience``, for
    FIRST_PATIENCE while it has not taken the request: that is sent again under
    the same id.
W4. A failed workflow is never replaced: an update lets it go on. Only what is
    gone, or half deleted, is made anew.
"""

import time
import uuid

from oslo_log import log as logging

from heat.common import exception
from heat.common.i18n import _
from heat.engine import attributes
from heat.engine import resource
from heat.engine import support

from . import rpc
from . import schema
from . import values

LOG = logging.getLogger(__name__)
CONF = rpc.register()

#: Events that one action may leave: a stack keeps 1000 in all.
MAX_EVENTS = 100
#: Seconds before the stack's timeout at which what runs is called back, and a
#: held workflow is given back: so the resource fails with a reason of its own.
MARGIN = 60
#: Seconds in which a request that got no answer is sent once more.
FIRST_PATIENCE = 5

UNCHANGEABLE = _(
    'The definition, files, inputs and members of a workflow that exists '
    'cannot be changed so far: put the old ones back, or delete the resource '
    'and make another.')


class Request(object):
    """What a check remembers between two polls; lost with its worker."""

    def __init__(self, method, hold=None, **args):
        self.method = method
        #: ``hold_in_heat`` of the properties that the request is made from.
        self.hold = hold
        self.args = dict(args, request_id=uuid.uuid4().hex)
        self.sent = False
        self.silent_since = None
        self.held_since = None
        self.after = 0
        self.events = 0


class Workflow(resource.Resource):
    """Takes several machines to a goal by a workflow engine.

    The definition names entities (a service, VMs, groups of VMs), the states
    that each can be in, the action that takes it there and what each state
    needs first. The engine finds the way to the goal; this resource is
    complete when the goal is reached. When a step fails, the resource fails
    with the step, its exit code and the end of its error output; a stack
    update lets it go on from there.
    """

    support_status = support.SupportStatus(version='19.0.0')
    default_client_name = None
    #: What failed a check is looked at again, never replaced.
    always_replace_on_check_failed = False

    properties_schema = schema.properties_schema
    attributes_schema = schema.attributes_schema

    def engine(self):
        return rpc.Engine(self.context)

    # ------------------------------------------------------------ validation

    def validate(self):
        super(Workflow, self).validate()
        self._validate_workflow(self.properties)

    def _validate_workflow(self, props):
        """Shows every problem at once, each with its place.

        Values of other resources are not known yet when a stack is made; what
        depends on them is checked when this resource starts.
        """
        definition = props[schema.DEFINITION]
        if definition is None:
            return
        inputs, unknown = values.known(props[schema.INPUTS])
        members = props[schema.MEMBERS]
        try:
            answer = self.engine().call(
                'validate', definition=definition,
                file_name=self._file_name(),
                files=values.texts(props[schema.FILES]),
                inputs=inputs, unknown_inputs=unknown,
                members=members if values.is_resolved(members) else None)
        except rpc.EngineUnavailable as error:
            raise exception.StackValidationFailed(message=str(error))
        values.raise_problems(answer)

    def _file_name(self):
        return '%s.definition' % self.name

    # ------------------------------------------------------------ life cycle

    def _content(self, props):
        return {'workflow_id': self.resource_id,
                'stack_name': self.stack.name,
                'definition': props[schema.DEFINITION],
                'file_name': self._file_name(),
                'files': values.texts(props[schema.FILES]),
                'inputs': values.given(props[schema.INPUTS]),
                'members': props[schema.MEMBERS] or {},
                'deadline': max(1, self.stack.time_remaining() - MARGIN)}

    def _apply(self, props):
        request = Request('apply', hold=props[schema.HOLD_IN_HEAT],
                          **self._content(props))
        self._send(request)
        return request

    def handle_create(self):
        self.resource_id_set(self.uuid or uuid.uuid4().hex)
        return self._apply(self.properties)

    def check_create_complete(self, request):
        return self._check(request, self.CREATE, ('complete',))

    def handle_create_cancel(self, request):
        self._cancel()

    def needs_replace_failed(self):
        if self.resource_id is None:
            return False
        if self.action == self.DELETE:
            return True
        if not self._is_accepted():
            return False
        try:
            self._status()
        except rpc.EngineRefused as error:
            # Deleted behind Heat's back: its id is not used twice.
            return error.kind == 'NotFound'
        except rpc.EngineUnavailable:
            return False
        return False

    def _needs_update(self, after, before, after_props, before_props,
                      prev_resource, check_init_complete=True):
        needs = super(Workflow, self)._needs_update(
            after, before, after_props, before_props, prev_resource,
            check_init_complete)
        # Otherwise Heat calls a failed resource complete when nothing in the
        # template has changed, and nobody lets the workflow go on.
        return needs or self.status == self.FAILED

    def handle_update(self, json_snippet, tmpl_diff, prop_diff):
        props = json_snippet.properties(self.properties_schema, self.context)
        if self.resource_id is None:
            self.resource_id_set(self.uuid or uuid.uuid4().hex)
        return self._apply(props)

    def check_update_complete(self, request):
        return self._check(request, self.UPDATE, ('complete',))

    def handle_update_cancel(self, request):
        self._cancel()

    def handle_preempt(self):
        """A newer update wants the resource: what runs is called back."""
        self._cancel()

    def _cancel(self):
        if self.resource_id is None:
            return
        try:
            self.engine().cast('cancel', workflow_id=self.resource_id,
                               request_id=uuid.uuid4().hex)
        except rpc.EngineUnavailable as error:
            LOG.warning('Workflow %(id)s was not cancelled: %(error)s',
                        {'id': self.resource_id, 'error': error})

    def handle_delete(self):
        if self.resource_id is None:
            return None
        abandon = self.properties[schema.ON_DELETE] == schema.ABANDON
        request = Request('delete', workflow_id=self.resource_id,
                          abandon=abandon)
        if self._is_accepted() and not abandon:
            self._send(request)
            return request
        try:
            self._send(request)
            if request.sent:
                return request
        except rpc.EngineUnavailable:
            pass
        # Nobody waits for what is abandoned, nor for what the engine never
        # said that it has. Should a lost request have reached it after all,
        # this one comes behind.
        try:
            self.engine().cast('delete', **request.args)
        except rpc.EngineUnavailable as error:
            LOG.warning('Workflow %(id)s may be left in the engine: %(error)s',
                        {'id': self.resource_id, 'error': error})
        return None

    def _is_accepted(self):
        return self.data().get('accepted') is not None

    def check_delete_complete(self, request):
        if request is None:
            return True
        try:
            return self._check(request, self.DELETE, ('deleted',))
        except rpc.EngineRefused as error:
            if error.kind != 'NotFound':
                raise
            return True

    def handle_suspend(self):
        """Nothing may be under way: its machines are about to stop."""
        status = self._status()
        if status['over']:
            return
        raise exception.Error(
            _('The workflow is %(status)s: let it end, or cancel it, before '
              'the stack is suspended.') % status)

    def handle_resume(self):
        self._status()

    def handle_check(self):
        status = self._status()
        if status['status'] != 'complete':
            raise exception.Error(values.describe(status))

    def _status(self, after=0):
        return self.engine().call('status', workflow_id=self.resource_id,
                                  after=after)

    def handle_signal(self, details=None):
        try:
            self.engine().call('signal', workflow_id=self.resource_id,
                               request_id=uuid.uuid4().hex,
                               details=details or {})
        except rpc.EngineRefused as error:
            # Who signals gets no answer from Heat; the event is what they see.
            return _('refused: %s') % error
        return values.summary(details)

    # ------------------------------------------------------------ one poll

    def _send(self, request):
        """One try; the check tries again when there was no answer."""
        try:
            answer = self.engine().call(request.method, **request.args)
        except rpc.EngineUnavailable as error:
            self._put_up_with(request, error)
            return
        except rpc.EngineRefused as error:
            if request.method == 'apply' and error.kind == 'Conflict':
                raise exception.Error('%s %s' % (error, UNCHANGEABLE))
            raise
        request.silent_since = None
        values.raise_problems(answer)
        if request.method == 'apply':
            request.after = answer['after']
            if not self._is_accepted():
                self.data_set('accepted', '1')
        # False: what was called back has not ended; then it can go on.
        request.sent = answer.get('taken', True)

    def _put_up_with(self, request, error):
        now = time.time()
        if request.silent_since is None:
            request.silent_since = now
            LOG.warning('Workflow %(id)s: %(error)s',
                        {'id': self.resource_id, 'error': error})
        # What never reached the engine fails soon; what runs there has time.
        patience = CONF.engine_patience if request.sent else FIRST_PATIENCE
        if now - request.silent_since >= patience:
            raise error

    def _check(self, request, action, done):
        if not request.sent:
            self._send(request)
            if not request.sent:
                raise resource.PollDelay(1)
        try:
            status = self._status(request.after)
        except rpc.EngineUnavailable as error:
            self._put_up_with(request, error)
            raise resource.PollDelay(2)
        request.silent_since = None
        request.after = status['after']
        self._tell(request, action, status['events'])
        if status['status'] in done:
            return True
        if status['over'] or (status['status'] == 'failed'):
            raise exception.Error(values.describe(status))
        self._check_held(request, status)
        raise resource.PollDelay(max(1, status['poll_after']))

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
        late = self.stack.time_remaining() <= MARGIN
        hold = request.hold
        if hold is None:
            hold = self.properties[schema.HOLD_IN_HEAT]
        if held >= hold or late:
            raise exception.Error(values.describe(status))

    # ------------------------------------------------------------ attributes

    def get_attribute(self, key, *path):
        if key != schema.OUTPUTS or not path or self.resource_id is None:
            return super(Workflow, self).get_attribute(key, *path)
        shown = self._show()
        if path[0] in shown.get('outputs_left_out', ()):
            # Nothing in its place would be taken for its value.
            raise exception.Error(_(
                'The output %s is left out: all outputs together are larger '
                'than the engine shows. Read it with "murano-workflow status '
                '%s".') % (path[0], self.resource_id))
        return attributes.select_from_attribute(shown.get(key), path)

    def _resolve_attribute(self, name):
        if self.resource_id is None or name not in schema.ATTRIBUTES:
            return None
        if name == schema.GRAPH:
            return self._ask('graph', '')
        return self._show().get(name)

    def _show_resource(self):
        return self._show() if self.resource_id is not None else {}

    def _show(self):
        return self._ask('show', {})

    def _ask(self, method, otherwise):
        try:
            return self.engine().look(method, workflow_id=self.resource_id)
        except rpc.EngineRefused as error:
            if error.kind == 'NotFound':
                return otherwise
            raise


def resource_mapping():
    return {'Murano::Workflow': Workflow}
