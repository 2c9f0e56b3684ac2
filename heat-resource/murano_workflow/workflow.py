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

import json
import uuid

from oslo_log import log as logging

from heat.common import exception
from heat.common.i18n import _
from heat.engine import attributes
from heat.engine import resource
from heat.engine import support

from . import polling
from . import rpc
from . import schema
from . import values

LOG = logging.getLogger(__name__)
#: Key of the resource's data: ``on_delete`` as the newest update said it. An
#: update that fails leaves the properties as they were.
ON_DELETE_NOW = 'on_delete'
#: Likewise of ``credential``; kept as Heat keeps secrets.
CREDENTIAL_NOW = 'credential'


class Workflow(polling.Polling, resource.Resource):
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
                members=members if values.is_resolved(members) else None,
                operations=values.operations(props[schema.OPERATIONS]))
        except rpc.EngineUnavailable as error:
            raise exception.StackValidationFailed(message=str(error))
        values.raise_problems(answer)

    def _file_name(self):
        return '%s.definition' % self.name

    # ------------------------------------------------------------ life cycle

    def _content(self, props):
        return {**self._right(props),
                'workflow_id': self.resource_id,
                'stack_name': self.stack.name,
                'resource_name': self.name,
                'definition': props[schema.DEFINITION],
                'file_name': self._file_name(),
                'files': values.texts(props[schema.FILES]),
                'inputs': values.given(props[schema.INPUTS]),
                'members': props[schema.MEMBERS] or {},
                'deadline': self._time_left()}

    def _right(self, props):
        """The owner's credential, with whatever may need it."""
        given = props[schema.CREDENTIAL]
        if given is None:
            return {}
        return {'credential': {key: given[key]
                               for key in schema.CREDENTIAL_KEYS}}

    def _keep_right(self, props):
        """What an update brings holds also when it fails afterwards."""
        right = self._right(props)
        if right != self._right_now():
            self.data_set(CREDENTIAL_NOW, json.dumps(right), redact=True)

    def _right_now(self):
        kept = self.data().get(CREDENTIAL_NOW)
        return self._right(self.properties) if kept is None else json.loads(
            kept)

    def _apply(self, props):
        request = polling.Request('apply', hold=props[schema.HOLD_IN_HEAT],
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
        on_delete = props[schema.ON_DELETE]
        is_new = on_delete != self._on_delete()
        if is_new:
            self.data_set(ON_DELETE_NOW, on_delete)
            if set(prop_diff) == {schema.ON_DELETE}:
                self._refuse_to_resume(on_delete)
        self._keep_right(props)
        request = self._apply(props)
        request.then = self._operations(props)
        return request

    def _operations(self, props):
        """Those whose ids the property did not have before the update."""
        before = {one['id'] for one in
                  values.operations(self.properties[schema.OPERATIONS])}
        return [polling.Request('operate', hold=props[schema.HOLD_IN_HEAT],
                                workflow_id=self.resource_id, **one)
                for one in values.operations(props[schema.OPERATIONS])
                if one['id'] not in before]

    def _on_delete(self):
        return self.data().get(ON_DELETE_NOW,
                               self.properties[schema.ON_DELETE])

    def _refuse_to_resume(self, on_delete):
        """Who only says what a delete is to do does not want more steps."""
        try:
            status = self._status()
        except (rpc.EngineUnavailable, rpc.EngineRefused):
            return
        if status['status'] == 'failed':
            raise exception.Error(_(
                'on_delete is %(on_delete)s from now on. The workflow has '
                'failed and is left as it is (%(reason)s): another update '
                'lets it go on.') % {'on_delete': on_delete,
                                     'reason': values.describe(status)})

    def check_update_complete(self, request):
        if not request.is_done:
            self._check(request, self.UPDATE, ('complete',))
            request.is_done = True
            if request.then:
                raise resource.PollDelay(1)
        return self._check_operations(request)

    def _check_operations(self, request):
        if not request.then:
            return True
        running = request.then[0]
        running.after = max(running.after, request.after)
        running.events = max(running.events, request.events)
        status = self._await(running, self.UPDATE, ('complete',))
        request.after, request.events = running.after, running.events
        values.raise_failed_operation(status, running.args['id'])
        request.then = request.then[1:]
        if request.then:
            raise resource.PollDelay(1)
        return True

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
        abandon = self._on_delete() == schema.ABANDON
        request = polling.Request('delete', workflow_id=self.resource_id,
                                  abandon=abandon,
                                  **self._right_now())
        return self._begin_delete(request, waits=not abandon)

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
        """Nothing begins any more: its machines are about to stop."""
        request = polling.Request('suspend', workflow_id=self.resource_id)
        self._send(request)
        return request

    def check_suspend_complete(self, request):
        """Done once nothing runs in the machines."""
        status = self._look(request, self.SUSPEND)
        if not status['suspended']:
            raise exception.Error(_('Somebody let the workflow go on while '
                                    'it was suspended. Suspend it again.'))
        if status['at_rest']:
            return True
        raise resource.PollDelay(max(1, status['poll_after']))

    def handle_resume(self):
        request = polling.Request('resume', workflow_id=self.resource_id)
        self._send(request)
        return request

    def check_resume_complete(self, request):
        """Done once it goes on; how it ends, a check of the stack tells."""
        return self._settle(request)

    def handle_check(self):
        """Asks whether what was reached holds; nothing is changed by it."""
        status = self._status()
        if status['status'] not in ('complete', 'checking'):
            raise exception.Error(values.describe(status))
        request = polling.Request('check', workflow_id=self.resource_id,
                                  deadline=self._check_time())
        self._send(request)
        return request

    def check_check_complete(self, request):
        status = self._look(request, self.CHECK)
        if status['status'] == 'checking':
            raise resource.PollDelay(max(1, status['poll_after']))
        values.raise_doubts(status)
        return True

    def handle_signal(self, details=None):
        try:
            self.engine().call('signal', workflow_id=self.resource_id,
                               request_id=uuid.uuid4().hex,
                               details=details or {})
        except rpc.EngineRefused as error:
            # Who signals gets no answer from Heat; the event is what they see.
            return _('refused: %s') % error
        return values.summary(details)

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
