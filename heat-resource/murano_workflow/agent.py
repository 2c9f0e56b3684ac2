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

"""OS plugin for ``Murano::Agent`` and ``Murano::Member``.

Belongs here: Heat's life cycle of a machine's agent and of its membership,
turned into requests to the engine. Does not belong here: workflows
(workflow.py), who may enrol and what a leaving member undoes (the engine).

A1. The user data of an agent never changes: any other byte, and Nova would
    make its server anew at the next update.
A2. A member depends on agent and server, and a workflow on its members. So
    Heat's own order lets a member leave while its server is still there.
"""

import uuid

from heat.common.i18n import _
from heat.engine import attributes
from heat.engine import constraints
from heat.engine import properties
from heat.engine import resource
from heat.engine import support

from . import polling
from . import rpc

FORMATS = (CLOUD_INIT, CLOUDBASE_INIT) = ('cloud-init', 'cloudbase-init')
REENROLMENTS = (APPROVAL, OFFLINE) = ('approval', 'offline')
LEAVINGS = (UNDO, ABANDON) = ('undo', 'abandon')

(FORMAT, USER_DATA, REENROLMENT, AGENT_ID) = (
    'format', 'user_data', 'reenrolment', 'agent_id')
(AGENT, SERVER, NAME, DATA, ON_LEAVE, LEAVE_TIMEOUT, MEMBER) = (
    'agent', 'server', 'name', 'data', 'on_leave', 'leave_timeout', 'member')


class Enrolled(polling.Polling, resource.Resource):
    """What an agent and a member have in common: the engine knows it by id."""

    support_status = support.SupportStatus(version='19.0.0')
    default_client_name = None
    always_replace_on_check_failed = False
    #: As long as a name may be for the engine.
    physical_resource_name_limit = 63
    #: First word of its methods.
    kind = None

    def _content(self, props):
        """What the engine is told of it."""
        return {}

    def _id(self):
        return {'%s_id' % self.kind: self.resource_id}

    def _method(self, verb):
        return '%s.%s' % (self.kind, verb)

    def _put(self, props):
        if self.resource_id is None:
            self.resource_id_set(self.uuid or uuid.uuid4().hex)
        content = dict(self._content(props), **self._id())
        request = polling.Request(self._method('create'), **content)
        self._send(request)
        return request

    def handle_create(self):
        return self._put(self.properties)

    def check_create_complete(self, request):
        return self._settle(request)

    def needs_replace_failed(self):
        # What could not be made is made by an update, under the same id.
        return self.action == self.DELETE

    def _needs_update(self, after, before, after_props, before_props,
                      prev_resource, check_init_complete=True):
        needs = super(Enrolled, self)._needs_update(
            after, before, after_props, before_props, prev_resource,
            check_init_complete)
        return needs or self.status == self.FAILED

    def handle_update(self, json_snippet, tmpl_diff, prop_diff):
        return self._put(json_snippet.properties(self.properties_schema,
                                                 self.context))

    def check_update_complete(self, request):
        return self._settle(request)

    def handle_delete(self):
        if self.resource_id is None:
            return None
        return self._begin_delete(
            polling.Request(self._method('delete'), **self._id()))

    def check_delete_complete(self, request):
        return self._settle(request)

    def handle_check(self):
        self.engine().call(self._method('show'), **self._id())

    def _show_resource(self):
        if self.resource_id is None:
            return {}
        return self._look('show')

    def _look(self, verb):
        try:
            return self.engine().look(self._method(verb), **self._id())
        except rpc.EngineRefused as error:
            if error.kind == 'NotFound':
                return {}
            raise


class Agent(Enrolled):
    """An agent before its machine: what the server needs to become it.

    Its ``user_data`` goes to the ``user_data`` of one server, with
    ``user_data_format: RAW``; the agent that starts there enrols with the
    engine. Without a server it is only expected.
    """

    kind = 'agent'

    properties_schema = {
        FORMAT: properties.Schema(
            properties.Schema.STRING,
            _('What reads the user data in the machine. Another one makes '
              'another agent, and so another server.'),
            default=CLOUD_INIT,
            constraints=[constraints.AllowedValues(FORMATS)]),
        USER_DATA: properties.Schema(
            properties.Schema.STRING,
            _('User data of your own, which runs beside the agent. Another '
              'one makes another agent, and so another server.')),
        REENROLMENT: properties.Schema(
            properties.Schema.STRING,
            _('Whether the same server may enrol with other keys: "approval" '
              'asks an operator, "offline" allows it once the former agent '
              'gives no sign of life.'),
            default=APPROVAL, immutable=True,
            constraints=[constraints.AllowedValues(REENROLMENTS)]),
    }
    attributes_schema = {
        USER_DATA: attributes.Schema(
            _('For the server; the same bytes for life. It holds what the '
              'machine enrols with: treat it as a password.'),
            type=attributes.Schema.STRING,
            cache_mode=attributes.Schema.CACHE_NONE),
        AGENT_ID: attributes.Schema(
            _('Name of the agent for the engine and its broker.'),
            type=attributes.Schema.STRING,
            cache_mode=attributes.Schema.CACHE_NONE),
    }

    def _content(self, props):
        content = {'name': self.physical_resource_name(),
                   'user_data_format': props[FORMAT],
                   'reenrolment': props[REENROLMENT]}
        if props[USER_DATA]:
            content['user_data'] = props[USER_DATA]
        return content

    def _resolve_attribute(self, name):
        if self.resource_id is None:
            return None
        if name == AGENT_ID:
            return self.resource_id
        if name == USER_DATA:
            # Nothing in its place: the server would be made anew.
            answer = self.engine().call(self._method('user_data'),
                                        **self._id())
            return answer['user_data']


class Member(Enrolled):
    """A server as a member of workflows, by its agent.

    Heat makes it when the server is there and deletes it while the server is
    still there: its delete waits until every workflow has let go of it.
    """

    kind = 'member'

    properties_schema = {
        AGENT: properties.Schema(
            properties.Schema.STRING,
            _('The Murano::Agent whose user data the server has.'),
            required=True),
        SERVER: properties.Schema(
            properties.Schema.STRING,
            _('The server, by get_resource.'),
            required=True, update_allowed=True),
        NAME: properties.Schema(
            properties.Schema.STRING,
            _('What workflows call it, at most 63 characters; the name of '
              'this resource within the cloud by default.'),
            update_allowed=True,
            constraints=[constraints.Length(min=1, max=63)]),
        DATA: properties.Schema(
            properties.Schema.MAP,
            _('Whatever the expressions of a definition read as member.data.'),
            update_allowed=True),
        ON_LEAVE: properties.Schema(
            properties.Schema.STRING,
            _('What its delete waits for: "undo", until workflows have undone '
              'what they did there; "abandon", for nothing.'),
            default=UNDO, update_allowed=True,
            constraints=[constraints.AllowedValues(LEAVINGS)]),
        LEAVE_TIMEOUT: properties.Schema(
            properties.Schema.INTEGER,
            _('Seconds after which a delete that waits has failed.'),
            default=3600, update_allowed=True,
            constraints=[constraints.Range(min=0)]),
    }
    attributes_schema = {
        MEMBER: attributes.Schema(
            _('The member as the property "members" of a workflow takes it: '
              'agent, name and data.'),
            type=attributes.Schema.MAP,
            cache_mode=attributes.Schema.CACHE_NONE),
    }

    def _name(self, props):
        return props[NAME] or self.physical_resource_name()

    def _content(self, props):
        content = {'agent_id': props[AGENT], 'server_id': props[SERVER],
                   'name': self._name(props), 'on_leave': props[ON_LEAVE],
                   'leave_timeout': props[LEAVE_TIMEOUT]}
        if props[DATA] is not None:
            content['data'] = props[DATA]
        return content

    def _resolve_attribute(self, name):
        if self.resource_id is None or name != MEMBER:
            return None
        props = self.properties
        member = {'agent': props[AGENT], 'name': self._name(props)}
        if props[DATA] is not None:
            member['data'] = props[DATA]
        return member


def resource_mapping():
    return {'Murano::Agent': Agent, 'Murano::Member': Member}
