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
bounds, holding. Does not belong here: whole stacks (test/heat of the project).
"""

import threading
import time
import unittest
from unittest import mock

from heat.common import exception
from heat.engine import resource

from murano_workflow import polling
from murano_workflow import rpc
from murano_workflow import values
from murano_workflow import workflow

RUNNING = {'status': 'running', 'reason': '', 'over': False, 'events': [],
           'after': 1, 'poll_after': 3, 'held_seconds': 0}


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


class OperationsTest(unittest.TestCase):

    complete = status(status='complete', over=True)

    def _ended(self, *ends):
        return status(status='complete', over=True, operations=[
            {'id': of, 'operation': 'backup', 'status': end, 'reason': why}
            for of, end, why in ends])

    def _asked(self, *answers, **before):
        engine = Scripted(*answers)
        flow = Workflow(engine)
        flow.properties['operations'] = before.get('before', [])
        props = dict(flow.properties, operations=[
            {'operation': 'backup', 'id': of, 'inputs': None}
            for of in before['ids']])
        request = sent()
        request.then = flow._operations(props)
        return flow, request, engine

    def test_runs_those_that_are_new_one_after_the_other(self):
        flow, request, engine = self._asked(
            self.complete,
            {}, status(),
            self._ended(('a', 'done', '')),
            {}, self._ended(('a', 'done', ''), ('b', 'done', '')),
            ids=('old', 'a', 'b'),
            before=[{'operation': 'backup', 'id': 'old', 'inputs': {}}])
        for turn in range(3):
            self.assertRaises(resource.PollDelay, flow.check_update_complete,
                              request)
        self.assertTrue(flow.check_update_complete(request))
        self.assertEqual(['a', 'b'], [args['id'] for method, args
                                      in engine.calls if method == 'operate'])

    def test_one_that_fails_fails_the_update(self):
        flow, request, _engine = self._asked(
            self.complete,
            {}, self._ended(('a', 'failed', 'no room')),
            ids=('a', 'b'))
        self.assertRaises(resource.PollDelay, flow.check_update_complete,
                          request)
        self.assertRaisesRegex(exception.Error, 'backup, a, is failed: no ro',
                               flow.check_update_complete, request)


class DeleteTest(unittest.TestCase):

    def test_is_done_when_the_engine_no_longer_knows_it(self):
        gone = rpc.EngineRefused('NotFound', 'There is no workflow.')
        flow = Workflow(Scripted({}, gone))
        self.assertTrue(flow.check_delete_complete(flow.handle_delete()))

    def test_leaves_word_where_the_engine_never_accepted(self):
        engine = Scripted(ABSENT)
        flow = Workflow(engine, accepted=False)
        self.assertTrue(flow.check_delete_complete(flow.handle_delete()))
        self.assertEqual('delete', engine.casts[0][0])
        self.assertEqual(engine.calls[0][1], engine.casts[0][1])

    def test_awaits_the_undo_of_what_was_taken_though_heat_never_heard(self):
        engine = Scripted({}, status(status='deleting'))
        flow = Workflow(engine, accepted=False)
        request = flow.handle_delete()
        self.assertRaises(resource.PollDelay, flow.check_delete_complete,
                          request)
        self.assertEqual([], engine.casts)

    def test_abandons_though_no_engine_answers(self):
        engine = Scripted(ABSENT)
        flow = Workflow(engine, on_delete='abandon')
        self.assertTrue(flow.check_delete_complete(flow.handle_delete()))
        self.assertTrue(engine.casts[0][1]['abandon'])

    def test_fails_with_the_reason_of_an_undo_that_failed(self):
        failed = status(status='delete_failed', over=True, reason='undo of a')
        flow = Workflow(Scripted({}, failed))
        self.assertRaisesRegex(exception.Error, 'undo of a',
                               flow.check_delete_complete,
                               flow.handle_delete())

    def test_does_nothing_for_what_was_never_created(self):
        flow = Workflow(Scripted())
        flow.resource_id = None
        self.assertTrue(flow.check_delete_complete(flow.handle_delete()))

    def test_abandons_when_told_so(self):
        engine = Scripted({})
        Workflow(engine, on_delete='abandon').handle_delete()
        self.assertTrue(engine.calls[0][1]['abandon'])


class CredentialTest(unittest.TestCase):

    right = {'id': 'c1', 'secret': 'very-secret'}

    def test_it_goes_with_a_delete(self):
        engine = Scripted({})
        flow = Workflow(engine)
        flow.properties['credential'] = dict(self.right)
        flow.handle_delete()
        self.assertEqual(self.right, engine.calls[0][1]['credential'])

    def test_none_is_sent_where_none_is_given(self):
        engine = Scripted({})
        Workflow(engine).handle_delete()
        self.assertNotIn('credential', engine.calls[0][1])


class PolicyTest(unittest.TestCase):

    failed = status(status='failed', over=True, reason='web[1] exited 3')
    taken = {'valid': True, 'after': 3, 'taken': True}

    def update(self, flow, on_delete, prop_diff):
        after = mock.Mock()
        after.properties.return_value = {
            'operations': [],
            'definition': {}, 'files': {}, 'inputs': {}, 'members': {},
            'credential': None, 'hold_in_heat': 600,
            'on_delete': on_delete}
        flow.context = None
        return flow.handle_update(after, {}, prop_diff)

    def test_a_failed_workflow_is_not_resumed_to_be_abandoned(self):
        engine = Scripted(self.failed, {})
        flow = Workflow(engine)
        with self.assertRaisesRegex(exception.Error, 'abandon from now on'):
            self.update(flow, 'abandon', {'on_delete': 'abandon'})
        flow.handle_delete()
        self.assertEqual(['status', 'delete'],
                         [method for method, _args in engine.calls])
        self.assertTrue(engine.calls[1][1]['abandon'])

    def test_another_update_lets_it_go_on(self):
        # The update failed: for Heat the policy is still another one.
        engine = Scripted(self.failed, self.taken)
        flow = Workflow(engine)
        diff = {'on_delete': 'abandon'}
        self.assertRaises(exception.Error, self.update, flow, 'abandon', diff)
        self.assertTrue(self.update(flow, 'abandon', diff).sent)

    def test_what_runs_is_taken_over_as_ever(self):
        engine = Scripted(status(), self.taken)
        flow = Workflow(engine)
        self.assertTrue(
            self.update(flow, 'abandon', {'on_delete': 'abandon'}).sent)

    def test_a_failed_one_goes_on_where_more_is_said_anew(self):
        engine = Scripted(self.taken)
        flow = Workflow(engine)
        self.assertTrue(self.update(
            flow, 'abandon', {'on_delete': 'abandon', 'hold_in_heat': 1}).sent)


class ReplaceTest(unittest.TestCase):

    def replaced(self, *answers, **how):
        flow = Workflow(Scripted(*answers), **how)
        flow.action = 'CREATE'
        return flow.needs_replace_failed()

    def test_never_what_can_go_on(self):
        self.assertFalse(self.replaced(status(status='failed', over=True)))
        self.assertFalse(self.replaced(ABSENT))
        self.assertFalse(self.replaced(accepted=False))

    def test_what_is_gone_or_half_deleted(self):
        self.assertTrue(self.replaced(rpc.EngineRefused('NotFound', 'x')))
        flow = Workflow(Scripted())
        flow.action = 'DELETE'
        self.assertTrue(flow.needs_replace_failed())


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
