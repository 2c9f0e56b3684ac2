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

"""Calls to the workflow engine over the message bus.

Belongs here: the client, its settings, errors. Does not belong here: what a
resource does with the answers (workflow.py).

Nothing here waits longer than ``engine_timeout`` seconds and a moment,
whatever the broker or the engine do: oslo.messaging itself tries for ever to
make the first connection to a broker that is away, so each request runs beside
its caller, who leaves in time. The user's token stays in Heat: of the context
of a request the engine gets the ids of user, project and request, for its
records.
"""

import threading
import time

from oslo_config import cfg
from oslo_log import log as logging
import oslo_messaging

from heat.common import exception
from heat.common.i18n import _
from heat.common import messaging

LOG = logging.getLogger(__name__)
VERSION = '1.4'

opts = [
    cfg.StrOpt('topic',
               default='murano_workflow',
               help='Topic that the workflow engines serve.'),
    cfg.StrOpt('transport_url',
               secret=True,
               help='Broker of the workflow engines. Unset, it is the one '
                    'that Heat itself uses.'),
    cfg.IntOpt('engine_timeout',
               default=5, min=1, max=30,
               help='Seconds that one call to the engine may take.'),
    cfg.IntOpt('engine_patience',
               default=300, min=0,
               help='Seconds that a resource in progress puts up with an '
                    'engine that does not answer, before it fails. A '
                    'restart of the engine should fit into it.'),
]
GROUP = 'murano_workflow'


def register(conf=cfg.CONF):
    """Heat imports a plugin once, tests may do so more often."""
    conf.register_opts(opts, group=GROUP)
    return conf[GROUP]


class EngineUnavailable(exception.HeatException):
    msg_fmt = _('The workflow engine does not answer (%(reason)s). Check that '
                '"murano-workflow engine" runs and uses the same broker and '
                'control_exchange as Heat, and that the broker has raised no '
                'alarm.')


class EngineRefused(exception.HeatException):
    """The engine understood, and says no. ``kind`` is one of its classes."""

    msg_fmt = _('%(message)s')

    def __init__(self, kind, message):
        super(EngineRefused, self).__init__(message=message)
        self.kind = kind


#: Seconds beyond ``engine_timeout`` in which oslo gives up by itself.
GRACE = 1
#: Requests that may hang in the client; then others fail at once.
MAX_STUCK = 16
#: Seconds for which nobody is asked for attributes after one got no answer:
#: a stack with many of them is shown all the same.
PAUSE = 10

_lock = threading.Lock()
_transport = None
_stuck = 0
_silent_until = 0.0


def _get_transport(url):
    """One transport of our own for the process, when a URL is set."""
    global _transport
    if not url:
        return messaging.TRANSPORT
    with _lock:
        if _transport is None:
            _transport = oslo_messaging.get_rpc_transport(cfg.CONF, url)
    return _transport


def _bounded(request, seconds):
    """What ``request`` gives or raises; EngineUnavailable if it is too slow.

    Who is left behind ends when the broker is back. Under eventlet the thread
    is a green one.
    """
    global _stuck
    with _lock:
        if _stuck >= MAX_STUCK:
            raise EngineUnavailable(reason=_('the broker is away'))
    done = threading.Event()
    found = {}

    def run():
        global _stuck
        try:
            found['answer'] = request()
        except Exception as error:
            found['error'] = error
        with _lock:
            done.set()
            if found.get('left'):
                _stuck -= 1

    thread = threading.Thread(target=run, name='murano_workflow call')
    thread.daemon = True
    thread.start()
    done.wait(seconds)
    with _lock:
        if not done.is_set():
            found['left'] = True
            _stuck += 1
            raise EngineUnavailable(
                reason=_('no answer in %d seconds') % seconds)
    if 'error' in found:
        raise found['error']
    return found['answer']


def _make_client(transport, target):
    # RPCClient itself warns since oslo.messaging 14.1.
    factory = getattr(oslo_messaging, 'get_rpc_client',
                      oslo_messaging.RPCClient)
    return factory(transport, target)


class Engine(object):
    """The engine, asked on behalf of one request."""

    def __init__(self, context):
        self._context = {'user_id': getattr(context, 'user_id', None),
                         'project_id': getattr(context, 'project_id', None),
                         'request_id': getattr(context, 'request_id', None)}

    def _prepared(self):
        conf = register()
        target = oslo_messaging.Target(topic=conf.topic, version=VERSION)
        client = _make_client(_get_transport(conf.transport_url), target)
        # One try to publish: a broker that is away must not hold a worker.
        return client.prepare(timeout=conf.engine_timeout, retry=1)

    def _request(self, kind, method, args):
        seconds = register().engine_timeout
        try:
            return _bounded(
                lambda: getattr(self._prepared(), kind)(self._context, method,
                                                        **args),
                seconds + GRACE)
        except oslo_messaging.RemoteError as error:
            if error.exc_type == 'Unavailable':
                raise EngineUnavailable(reason=error.value)
            raise EngineRefused(error.exc_type, error.value)
        except oslo_messaging.MessagingTimeout:
            raise EngineUnavailable(
                reason=_('no answer in %d seconds') % seconds)
        except EngineUnavailable:
            raise
        except Exception as error:
            # Of the client's library too, which lets errors of its own out.
            LOG.debug('%s: %r', method, error)
            raise EngineUnavailable(reason=str(error))

    def call(self, method, **args):
        """The answer.

        :raises EngineUnavailable: when none came; asked again, it may
        :raises EngineRefused: when it is a no
        """
        return self._request('call', method, args)

    def look(self, method, **args):
        """As ``call``, for attributes: after a silence it does not wait."""
        global _silent_until
        if time.time() < _silent_until:
            raise EngineUnavailable(reason=_('it did not just now'))
        try:
            return self.call(method, **args)
        except EngineUnavailable:
            _silent_until = time.time() + PAUSE
            raise

    def cast(self, method, **args):
        """Leaves a message for when the engine is back; no answer."""
        self._request('cast', method, args)
