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

"""What a template may say of a ``Murano::Workflow``, and what it may read.

Belongs here: properties, attributes, their names and descriptions. Does not
belong here: what is done with them (workflow.py).
"""

from heat.common.i18n import _
from heat.engine import attributes
from heat.engine import constraints
from heat.engine import properties

PROPERTIES = (
    DEFINITION, FILES, INPUTS, MEMBERS, OPERATIONS, CREDENTIAL, HOLD_IN_HEAT,
    ON_DELETE,
) = (
    'definition', 'files', 'inputs', 'members', 'operations', 'credential',
    'hold_in_heat', 'on_delete',
)
ON_DELETE_CHOICES = (UNDO, ABANDON) = ('undo', 'abandon')
CREDENTIAL_KEYS = (ID, SECRET) = ('id', 'secret')
OPERATION_KEYS = (OPERATION, OPERATION_ID, OPERATION_INPUTS) = (
    'operation', 'id', 'inputs',
)
#: As many as the engine remembers.
MOST_OPERATIONS = 20
MEMBER_KEYS = (AGENT, NAME, DATA) = ('agent', 'name', 'data')

ATTRIBUTES = (
    OUTPUTS, STATE, STATES, PROGRESS, UNVERIFIED, FAILURES, GRAPH,
) = (
    'outputs', 'state', 'states', 'progress', 'unverified', 'failures', 'graph',
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
    OPERATIONS: properties.Schema(
        properties.Schema.LIST,
        _('Operations of the definition, such as a backup. An update runs '
          'those whose ids the property did not have before, one after the '
          'other; a create runs none.'),
        default=[], update_allowed=True,
        constraints=[constraints.Length(max=MOST_OPERATIONS)],
        schema=properties.Schema(
            properties.Schema.MAP,
            schema={
                OPERATION: properties.Schema(
                    properties.Schema.STRING,
                    _('Its name in the definition.'),
                    required=True, update_allowed=True),
                OPERATION_ID: properties.Schema(
                    properties.Schema.STRING,
                    _('Of this run: the same id is done once.'),
                    required=True, update_allowed=True,
                    constraints=[constraints.AllowedPattern(
                        '[A-Za-z0-9][A-Za-z0-9_-]{0,63}$')]),
                OPERATION_INPUTS: properties.Schema(
                    properties.Schema.MAP,
                    _('Values of its inputs.'),
                    default={}, update_allowed=True),
            })),
    CREDENTIAL: properties.Schema(
        properties.Schema.MAP,
        _('Application credential by which a definition that calls OpenStack '
          'does so. Give its secret by a hidden parameter.'),
        update_allowed=True,
        schema={
            ID: properties.Schema(
                properties.Schema.STRING,
                _('Id of the application credential.'),
                required=True, update_allowed=True),
            SECRET: properties.Schema(
                properties.Schema.STRING,
                _('Its secret.'),
                required=True, update_allowed=True),
        }),
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


def _live(description, kind):
    """An attribute that is asked for anew each time: it changes by itself."""
    return attributes.Schema(description, type=kind,
                             cache_mode=attributes.Schema.CACHE_NONE)


attributes_schema = {
    OUTPUTS: _live(
        _('Outputs of the workflow, by name; hidden ones are left out.'),
        attributes.Schema.MAP),
    STATE: _live(
        _('Status of the workflow, such as running, held, complete or '
          'failed.'),
        attributes.Schema.STRING),
    STATES: _live(
        _('For each entity and state, how many steps are in which '
          'status.'),
        attributes.Schema.MAP),
    PROGRESS: _live(
        _('Steps that are done, of how many that the goal needs.'),
        attributes.Schema.MAP),
    UNVERIFIED: _live(
        _('States that were reached and may hold no longer: step, member, '
          'why, and what a check said.'),
        attributes.Schema.LIST),
    FAILURES: _live(
        _('Steps that failed: step, member, attempt, message, exit code '
          'and the end of the error output.'),
        attributes.Schema.LIST),
    GRAPH: _live(
        _('The state graph as mermaid text.'),
        attributes.Schema.STRING),
}
