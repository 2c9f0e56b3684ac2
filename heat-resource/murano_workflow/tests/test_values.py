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

"""What a resource gives to others, and what is said of it.

Belongs here: attributes, holes in values, signals, the context. Does not
belong here: the way of a resource (test_lifecycle.py).
"""

import unittest
from unittest import mock

from heat.common import exception

from murano_workflow import rpc
from murano_workflow import values
from murano_workflow.tests.support import Scripted
from murano_workflow.tests.support import Workflow


class AttributeTest(unittest.TestCase):

    shown = {'outputs': {'small': {'a': [1, 2]}},
             'outputs_left_out': ['large']}

    def test_an_output_that_is_left_out_is_an_error_and_no_hole(self):
        flow = Workflow(Scripted(self.shown))
        with self.assertRaisesRegex(exception.Error, 'large is left out'):
            flow.get_attribute('outputs', 'large', 'b')

    def test_the_others_are_as_ever(self):
        flow = Workflow(Scripted(self.shown, self.shown))
        self.assertEqual(2, flow.get_attribute('outputs', 'small', 'a', 1))
        self.assertIsNone(flow.get_attribute('outputs', 'none'))


class ResolvedTest(unittest.TestCase):

    def test_what_is_sent_keeps_a_hole_inside_a_value(self):
        self.assertEqual({'c': {'d': [1, None]}},
                         values.given({'b': None, 'c': {'d': [1, None]}}))

    def test_inputs_with_a_hole_anywhere_are_unknown(self):
        known, unknown = values.known(
            {'a': 1, 'b': None, 'c': {'d': [1, None]}, 'e': {'f': []}})
        self.assertEqual({'a': 1, 'e': {'f': []}}, known)
        self.assertEqual(['b', 'c'], unknown)


class SignalTest(unittest.TestCase):

    def test_the_event_shows_no_data(self):
        flow = Workflow(Scripted({}))
        reason = flow.handle_signal(
            {'signal': 'go', 'data': {'key': 'SECRET'}})
        self.assertEqual('signal go', reason)

    def test_a_no_is_said_in_the_event(self):
        flow = Workflow(Scripted(rpc.EngineRefused('Invalid', 'What?')))
        self.assertEqual('refused: What?', flow.handle_signal({'x': 1}))


class ContextTest(unittest.TestCase):

    def test_no_token_leaves_heat(self):
        context = mock.Mock(user_id='u', project_id='p', request_id='r',
                            auth_token='SECRET', password='SECRET')
        engine = rpc.Engine(context)
        self.assertEqual({'user_id': 'u', 'project_id': 'p',
                          'request_id': 'r'}, engine._context)


if __name__ == '__main__':
    unittest.main()
