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

"""Agents and members, with Heat's own library and an engine that is scripted.

Belongs here: what takes luck or minutes to see in a real Heat. Does not belong
here: whole stacks (test/heat of the project).
"""

import unittest
from unittest import mock

from heat.common import exception
from heat.engine import resource

from murano_workflow import agent
from murano_workflow import rpc
from murano_workflow.tests.support import ABSENT
from murano_workflow.tests.support import Scripted


class Bare(object):
    """A resource without its stack, database and context."""

    def __new__(cls, *_args, **_kwargs):
        return object.__new__(cls)

    def __init__(self, engine, accepted=True, **props):
        self._engine = engine
        self.uuid = self.resource_id = 'r1'
        self.name = 'one'
        self.properties = props
        self._data = {'accepted': '1'} if accepted else {}

    def engine(self):
        return self._engine

    def type(self):
        return 'Murano::' + self.kind.title()

    def data(self):
        return self._data

    def data_set(self, key, value, redact=False):
        self._data[key] = value

    def physical_resource_name(self):
        return 'stack-one-abc'


class Agent(Bare, agent.Agent):
    pass


class Member(Bare, agent.Member):
    pass


def member(engine, accepted=True, **props):
    return Member(engine, accepted, **dict(
        {'agent': 'a1', 'server': 's1', 'name': None, 'data': {'zone': 'z'},
         'on_leave': 'undo', 'leave_timeout': 60}, **props))


class AgentTest(unittest.TestCase):

    props = {'format': 'cloud-init', 'reenrolment': 'approval',
             'user_data': None}

    def test_is_made_again_under_its_id_after_a_silence(self):
        engine = Scripted(ABSENT, {'state': 'created'})
        one = Agent(engine, False, **self.props)
        request = one._put(one.properties)
        self.assertTrue(one.check_create_complete(request))
        self.assertEqual([('agent.create', {
            'agent_id': 'r1', 'name': 'stack-one-abc',
            'user_data_format': 'cloud-init', 'reenrolment': 'approval'})] * 2,
            engine.calls)

    def test_user_data_are_asked_for_and_nothing_is_made_of_silence(self):
        engine = Scripted({'user_data': '#cloud-config'}, ABSENT)
        one = Agent(engine, **self.props)
        self.assertEqual('#cloud-config', one._resolve_attribute('user_data'))
        # An empty text in its place would make Nova build another server.
        self.assertRaises(rpc.EngineUnavailable, one._resolve_attribute,
                          'user_data')

    def test_user_data_of_an_agent_that_is_gone_are_an_error(self):
        gone = rpc.EngineRefused('NotFound', 'There is no agent.')
        one = Agent(Scripted(gone), **self.props)
        self.assertRaises(rpc.EngineRefused, one._resolve_attribute,
                          'user_data')

    def test_its_id_needs_no_engine(self):
        one = Agent(Scripted(), **self.props)
        self.assertEqual('r1', one._resolve_attribute('agent_id'))


class MemberTest(unittest.TestCase):

    def test_is_what_a_workflow_takes(self):
        self.assertEqual(
            {'agent': 'a1', 'name': 'stack-one-abc', 'data': {'zone': 'z'}},
            member(Scripted())._resolve_attribute('member'))
        self.assertEqual(
            {'agent': 'a1', 'name': 'db'},
            member(Scripted(), name='db',
                   data=None)._resolve_attribute('member'))

    def test_its_delete_waits_until_it_has_left(self):
        stays = {'gone': False, 'poll_after': 5}
        engine = Scripted(stays, stays, {'gone': True})
        one = member(engine)
        request = one.handle_delete()
        with self.assertRaises(resource.PollDelay) as caught:
            one.check_delete_complete(request)
        self.assertEqual(5, caught.exception.period)
        self.assertTrue(one.check_delete_complete(request))
        self.assertEqual([('member.delete', {'member_id': 'r1'})] * 3,
                         engine.calls)

    def test_its_delete_fails_with_the_reason(self):
        late = rpc.EngineRefused('NotAllowed', 'It has not left within 60 s.')
        one = member(Scripted({'gone': False, 'poll_after': 5}, late))
        request = one.handle_delete()
        self.assertRaisesRegex(rpc.EngineRefused, 'has not left',
                               one.check_delete_complete, request)

    def test_leaves_word_where_the_engine_never_heard_of_it(self):
        engine = Scripted(ABSENT)
        one = member(engine, accepted=False)
        self.assertTrue(one.check_delete_complete(one.handle_delete()))
        self.assertEqual([('member.delete', {'member_id': 'r1'})],
                         engine.casts)

    def test_another_server_is_told(self):
        engine = Scripted({})
        one = member(engine)
        one.context = None
        after = mock.Mock()
        after.properties.return_value = dict(one.properties, server='s2')
        self.assertTrue(one.check_update_complete(
            one.handle_update(after, {}, {'server': 's2'})))
        self.assertEqual('s2', engine.calls[0][1]['server_id'])

    def test_what_cannot_be_made_says_so(self):
        no = rpc.EngineRefused('Invalid', "'x' is no server's UUID.")
        one = member(Scripted(no))
        self.assertRaisesRegex(exception.HeatException, 'UUID', one._put,
                               one.properties)


if __name__ == '__main__':
    unittest.main()
