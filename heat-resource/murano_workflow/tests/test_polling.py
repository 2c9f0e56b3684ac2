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

"""What a poll does, with Heat's own library and an engine that is scripted.

Belongs here: what takes minutes or luck to see in a real Heat: patience,
bounds, holding. Does not belong here: the way of a resource
(test_lifecycle.py), whole stacks (test/heat of the project).
"""

import threading
import time
import unittest
from unittest import mock

from heat.common import exception
from heat.engine import resource

from murano_workflow import polling
from murano_workflow import rpc
from murano_workflow.tests.support import ABSENT
from murano_workflow.tests.support import Scripted
from murano_workflow.tests.support import Workflow
from murano_workflow.tests.support import sent
from murano_workflow.tests.support import status


class PollTest(unittest.TestCase):

    def test_asks_once_and_comes_back_when_the_engine_says(self):
        flow = Workflow(Scripted(status()))
        with self.assertRaises(resource.PollDelay) as caught:
            flow.check_create_complete(sent())
        self.assertEqual(3, caught.exception.period)

    def test_is_done_when_the_goal_is_reached(self):
        flow = Workflow(Scripted(status(status='complete', over=True)))
        self.assertTrue(flow.check_create_complete(sent()))

    def test_fails_with_the_reason_and_not_in_the_way_that_heat_retries(self):
        failed = status(status='failed', over=True, reason='web[1] exited 3')
        flow = Workflow(Scripted(failed))
        with self.assertRaisesRegex(exception.Error, 'exited 3') as caught:
            flow.check_create_complete(sent())
        self.assertNotIsInstance(caught.exception, exception.ResourceInError)

    def test_puts_up_with_a_silent_engine_and_then_fails(self):
        flow = Workflow(Scripted(ABSENT, ABSENT, ABSENT))
        request = sent()
        patience = polling.CONF.engine_patience
        with mock.patch.object(polling.time, 'time') as now:
            for now.return_value in (100, 100 + patience - 1):
                self.assertRaises(resource.PollDelay,
                                  flow.check_create_complete, request)
            now.return_value = 100 + patience
            self.assertRaises(rpc.EngineUnavailable,
                              flow.check_create_complete, request)

    def test_patience_begins_anew_once_the_engine_answered(self):
        flow = Workflow(Scripted(ABSENT, status(), ABSENT))
        request = sent()
        with mock.patch.object(polling.time, 'time') as now:
            for now.return_value in (0, 10, 10000):
                self.assertRaises(resource.PollDelay,
                                  flow.check_create_complete, request)

    def test_what_was_never_sent_is_sent_once_more_and_then_fails(self):
        flow = Workflow(Scripted(ABSENT, ABSENT), accepted=False)
        request = polling.Request('apply', workflow_id='w1')
        with mock.patch.object(polling.time, 'time') as now:
            now.return_value = 0
            flow._send(request)
            now.return_value = 6
            self.assertRaises(rpc.EngineUnavailable,
                              flow.check_create_complete, request)
        self.assertIsNone(flow.data().get('accepted'))

    def test_waits_until_what_was_called_back_has_ended(self):
        # Status is not asked meanwhile: it would show the old failure.
        again = {'valid': True, 'after': 3, 'taken': False}
        engine = Scripted(again, again, dict(again, taken=True), status())
        flow = Workflow(engine)
        request = polling.Request('apply', workflow_id='w1')
        flow._send(request)
        for _poll in range(2):
            self.assertRaises(resource.PollDelay, flow.check_update_complete,
                              request)
        self.assertEqual(['apply'] * 3 + ['status'],
                         [method for method, _args in engine.calls])
        self.assertEqual(
            1, len({args['request_id'] for method, args in engine.calls
                    if method == 'apply'}))

    def test_goes_on_though_an_event_cannot_be_stored(self):
        flow = Workflow(Scripted(status(events=['said \U0001f600'])))
        flow._add_event = mock.Mock(side_effect=ValueError('no such letter'))
        self.assertRaises(resource.PollDelay, flow.check_create_complete,
                          sent())

    def test_a_conflict_says_with_what(self):
        gone = rpc.EngineRefused('Conflict', "Workflow 'w1' was deleted.")
        flow = Workflow(Scripted(gone))
        request = polling.Request('apply', workflow_id='w1')
        self.assertRaisesRegex(rpc.EngineRefused, 'was deleted', flow._send,
                               request)

    def test_tells_what_an_update_is_about_to_do(self):
        flow = Workflow(Scripted({'valid': True, 'after': 4, 'taken': True,
                                  'told': ['The plan: 1 to run']}))
        flow._send(polling.Request('apply', workflow_id='w1'))
        self.assertEqual(['The plan: 1 to run'], flow.events)

    def test_sends_again_under_the_same_id(self):
        engine = Scripted(ABSENT, {'valid': True, 'after': 0}, status())
        flow = Workflow(engine)
        request = polling.Request('apply', workflow_id='w1')
        flow._send(request)
        self.assertRaises(resource.PollDelay, flow.check_create_complete,
                          request)
        ids = [args['request_id'] for method, args in engine.calls
               if method == 'apply']
        self.assertEqual(2, len(ids))
        self.assertEqual(1, len(set(ids)))

    def test_leaves_a_bounded_number_of_events(self):
        many = ['step %d reached' % number for number in range(80)]
        flow = Workflow(Scripted(status(events=many), status(events=many)))
        request = sent()
        for _poll in range(2):
            self.assertRaises(resource.PollDelay, flow.check_create_complete,
                              request)
        self.assertEqual(polling.MAX_EVENTS, len(flow.events))
        self.assertIn('More happened', flow.events[-1])

    def test_shows_every_problem_in_one_message(self):
        problems = [{'text': '/a: one'}, {'text': '/b: two'}]
        flow = Workflow(Scripted({'valid': False, 'problems': problems}))
        request = polling.Request('apply', workflow_id='w1')
        with self.assertRaises(exception.StackValidationFailed) as caught:
            flow._send(request)
        self.assertIn('/a: one\n/b: two', str(caught.exception))


class HoldTest(unittest.TestCase):

    held = status(status='held', reason='service.agreed waits for a person')

    def test_waits_for_a_person_as_long_as_hold_in_heat_says(self):
        flow = Workflow(Scripted(self.held, self.held))
        request = sent()
        with mock.patch.object(polling.time, 'time') as now:
            now.return_value = 0
            self.assertRaises(resource.PollDelay, flow.check_create_complete,
                              request)
            now.return_value = 600
            with self.assertRaisesRegex(exception.Error, 'held: service'):
                flow.check_create_complete(request)

    def test_gives_up_before_the_time_of_the_workflow_is_over(self):
        flow = Workflow(Scripted(self.held), remaining=70)
        with self.assertRaisesRegex(exception.Error, 'held: '):
            flow.check_create_complete(sent())

    def test_of_a_short_timeout_a_fifth_is_kept(self):
        flow = Workflow(Scripted(self.held, self.held), remaining=23,
                        timeout=60)
        self.assertEqual(11, flow._time_left())
        self.assertRaises(resource.PollDelay, flow.check_create_complete,
                          sent())
        flow.stack.time_remaining.return_value = 22
        self.assertRaisesRegex(exception.Error, 'held: ',
                               flow.check_create_complete, sent())
        flow.stack.time_remaining.return_value = 60
        self.assertEqual(48, flow._time_left())

    def test_an_update_waits_as_long_as_its_own_properties_say(self):
        flow = Workflow(Scripted(self.held, self.held), hold=1)
        request = sent()
        request.hold = 900
        with mock.patch.object(polling.time, 'time') as now:
            for now.return_value in (0, 800):
                self.assertRaises(resource.PollDelay,
                                  flow.check_update_complete, request)

    def test_counts_anew_after_an_answer(self):
        flow = Workflow(Scripted(self.held, status(), self.held))
        request = sent()
        with mock.patch.object(polling.time, 'time') as now:
            for now.return_value in (0, 599, 1100):
                self.assertRaises(resource.PollDelay,
                                  flow.check_create_complete, request)


class BoundTest(unittest.TestCase):

    def setUp(self):
        self.addCleanup(setattr, rpc, '_silent_until', 0.0)
        rpc._silent_until = 0.0

    def hanging(self, release):
        client = mock.Mock()
        client.call.side_effect = lambda *args, **more: release.wait(30)
        return mock.patch.object(rpc.Engine, '_prepared', return_value=client)

    def test_a_request_that_hangs_in_the_client_is_left_in_time(self):
        release = threading.Event()
        self.addCleanup(release.set)
        with self.hanging(release), mock.patch.object(rpc, 'GRACE', -4.8):
            began = time.time()
            engine = rpc.Engine(mock.Mock())
            self.assertRaises(rpc.EngineUnavailable, engine.call, 'show')
            self.assertLess(time.time() - began, 3)

    def test_many_that_hang_do_not_pile_up(self):
        release = threading.Event()
        with self.hanging(release), mock.patch.object(rpc, 'GRACE', -4.99):
            engine = rpc.Engine(mock.Mock())
            before = threading.active_count()
            for _one in range(rpc.MAX_STUCK + 20):
                self.assertRaises(rpc.EngineUnavailable, engine.call, 'show')
            self.assertLessEqual(threading.active_count(),
                                 before + rpc.MAX_STUCK)
            release.set()
        while rpc._stuck:
            time.sleep(0.01)

    def test_attributes_are_not_waited_for_after_a_silence(self):
        with mock.patch.object(rpc.Engine, 'call', side_effect=ABSENT) as call:
            engine = rpc.Engine(mock.Mock())
            for _attribute in range(7):
                self.assertRaises(rpc.EngineUnavailable, engine.look, 'show')
            self.assertEqual(1, call.call_count)

    def test_an_error_of_the_client_is_an_engine_that_does_not_answer(self):
        client = mock.Mock()
        client.cast.side_effect = OSError('Connection refused')
        with mock.patch.object(rpc.Engine, '_prepared', return_value=client):
            self.assertRaisesRegex(rpc.EngineUnavailable, 'refused',
                                   rpc.Engine(mock.Mock()).cast, 'cancel')
