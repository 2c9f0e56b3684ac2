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
belong here: how the engine is reached (rpc.py), any decision about steps (the
engine).

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
from heat.engine import constraints
from heat.engine import properties
from heat.engine import resource
from heat.engine import support

from . import rpc

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

    PROPERTIES = (
        DEFINITION, FILES, INPUTS, MEMBERS, HOLD_IN_HEAT, ON_DELETE,
    ) = (
        'definition', 'files', 'inputs', 'members', 'hold_in_heat',
        'on_delete',
    )
    ON_DELETE_CHOICES = (UNDO, ABANDON) = ('undo', 'abandon')
    MEMBER_KEYS = (AGENT, NAME, DATA) = ('agent', 'name', 'data')

    ATTRIBUTES = (
        OUTPUTS, STATE, STATES, PROGRESS, FAILURES, GRAPH,
    ) = (
        'outputs', 'state', 'states', 'progress', 'failures', 'graph',
    )

    properties_schema = {
        DEFINITION: properties.Schema(
            properties.Schema.ANY,
            _('The workflow: the text of a definition, by get_file, or the '
              'map itself written in place.'),
            required=True, update_allowed=True),
        FILES: properties.Schema(
            properties.Schema.MAP,
            _('Texts that the definition names by "file", such as scripts: '
              'name to content.'),
            default={}, update_allowed=True),
        INPUTS: properties.Schema(
            properties.Schema.MAP,
            _('Values of the inputs that the definition declares.'),
            default={}, update_allowed=True),
        MEMBERS: properties.Schema(
            properties.Schema.MAP,
            _('Machines of each entity: name of the entity to a list of '
              'members.'),
            default={}, update_allowed=True),
        HOLD_IN_HEAT: properties.Schema(
            properties.Schema.INTEGER,
            _('Seconds that the resource stays in progress while the workflow '
              'waits for a person or a signal. Then it fails, the workflow '
              'goes on waiting, and an update or a check finds it again.'),
            default=600, update_allowed=True,
            constraints=[constraints.Range(min=0)]),
        ON_DELETE: properties.Schema(
            properties.Schema.STRING,
            _('What a delete does: "undo" runs the undo of every step that '
              'was started, "abandon" forgets the workflow as it is.'),
            default=UNDO, update_allowed=True,
            constraints=[constraints.AllowedValues(ON_DELETE_CHOICES)]),
    }

    attributes_schema = {
        OUTPUTS: attributes.Schema(
            _('Outputs of the workflow, by name; hidden ones are left out.'),
            type=attributes.Schema.MAP,
            cache_mode=attributes.Schema.CACHE_NONE),
        STATE: attributes.Schema(
            _('Status of the workflow, such as running, held, complete or '
              'failed.'),
            type=attributes.Schema.STRING,
            cache_mode=attributes.Schema.CACHE_NONE),
        STATES: attributes.Schema(
            _('For each entity and state, how many steps are in which '
              'status.'),
            type=attributes.Schema.MAP,
            cache_mode=attributes.Schema.CACHE_NONE),
        PROGRESS: attributes.Schema(
            _('Steps that are done, of how many that the goal needs.'),
            type=attributes.Schema.MAP,
            cache_mode=attributes.Schema.CACHE_NONE),
        FAILURES: attributes.Schema(
            _('Steps that failed: step, member, attempt, message, exit code '
              'and the end of the error output.'),
            type=attributes.Schema.LIST,
            cache_mode=attributes.Schema.CACHE_NONE),
        GRAPH: attributes.Schema(
            _('The state graph as mermaid text.'),
            type=attributes.Schema.STRING,
            cache_mode=attributes.Schema.CACHE_NONE),
    }

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
        definition = props[self.DEFINITION]
        if definition is None:
            return
        inputs, unknown = _known(props[self.INPUTS])
        members = props[self.MEMBERS]
        try:
            answer = self.engine().call(
                'validate', definition=definition,
                file_name=self._file_name(), files=_texts(props[self.FILES]),
                inputs=inputs, unknown_inputs=unknown,
                members=members if _is_resolved(members) else None)
        except rpc.EngineUnavailable as error:
            raise exception.StackValidationFailed(message=str(error))
        _raise_problems(answer)

    def _file_name(self):
        return '%s.definition' % self.name

    # ------------------------------------------------------------ life cycle

    def _content(self, props):
        return {'workflow_id': self.resource_id,
                'stack_name': self.stack.name,
                'definition': props[self.DEFINITION],
                'file_name': self._file_name(),
                'files': _texts(props[self.FILES]),
                'inputs': _given(props[self.INPUTS]),
                'members': props[self.MEMBERS] or {},
                'deadline': max(1, self.stack.time_remaining() - MARGIN)}

    def _apply(self, props):
        request = Request('apply', hold=props[self.HOLD_IN_HEAT],
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
        abandon = self.properties[self.ON_DELETE] == self.ABANDON
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
            raise exception.Error(_describe(status))

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
        return _summary(details)

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
        _raise_problems(answer)
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
            raise exception.Error(_describe(status))
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
        """A worker is not kept for longer than somebody is likely to answer."""
        if status['status'] != 'held':
            request.held_since = None
            return
        if request.held_since is None:
            request.held_since = time.time()
        held = time.time() - request.held_since
        late = self.stack.time_remaining() <= MARGIN
        hold = request.hold
        if hold is None:
            hold = self.properties[self.HOLD_IN_HEAT]
        if held >= hold or late:
            raise exception.Error(_describe(status))

    # ------------------------------------------------------------ attributes

    def _resolve_attribute(self, name):
        if self.resource_id is None or name not in self.ATTRIBUTES:
            return None
        if name == self.GRAPH:
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


def _summary(details):
    """What was said, without the data: that may be secret."""
    said = [(key, value) for key, value in (details or {}).items()
            if key not in ('data', 'outputs')]
    return ', '.join('%s %s' % pair for pair in said)


def _describe(status):
    reason = status['reason'] or status['status']
    if status['status'] == 'held':
        return _('held: %s') % reason
    return reason


def _raise_problems(answer):
    """Every error of the definition, in one message."""
    if answer.get('valid', True):
        return
    texts = [problem['text'] for problem in answer['problems']]
    raise exception.StackValidationFailed(
        error=_('The workflow cannot be used'), message='\n'.join(texts))


def _is_resolved(value):
    """False where something in it is still another resource's to give."""
    if isinstance(value, dict):
        return all(_is_resolved(item) for item in value.values())
    if isinstance(value, list):
        return all(_is_resolved(item) for item in value)
    return value is not None


def _known(inputs):
    """Inputs whose values are known, and the names of the others."""
    inputs = inputs or {}
    known = {name: value for name, value in inputs.items()
             if _is_resolved(value)}
    return known, sorted(set(inputs) - set(known))


def _given(inputs):
    """All of them, once the values are known: a hole inside one is its own.

    One that is null as a whole is one that was not given, as where Heat's
    parameters and attributes have no value.
    """
    return {name: value for name, value in (inputs or {}).items()
            if value is not None}


def _texts(files):
    return {name: str(text) for name, text in (files or {}).items()
            if text is not None}


def resource_mapping():
    return {'Murano::Workflow': Workflow}
