// Faults of what a workflow calls: services that are not ready, not there or not allowed, quotas and credentials of a real cloud.
// Belongs here: rows of that kind. Does not belong here: what calls do then (test/drivers, test/openstack).
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { JsonObject } from '../../engine/base/json.ts';
import { Demo, passwordOf } from '../openstack/demo.ts';
import type { Services } from '../support/services.ts';
import { service } from './definitions.ts';
import { ADVICE, type Fault } from './fault.ts';
import type { WholeEngine } from './whole-engine.ts';

const RETRY = /murano-workflow retry/;
const calls = (http: JsonObject) => service({ a: { action: { http } } }, 's.a');

export const serviceFaults = (engine: WholeEngine): readonly Fault[] => {
  const busy = createServer((_, response) => {
    response.statusCode = 503;
    response.end();
  });
  return [
    {
      name: 'a service that is waited for is not ready',
      path: ['running'],
      says: /runs: GET http:\S+ until it answers as wanted; last seen: .*answered 503/,
      who: 'machine',
      advice: ADVICE.machine,
      inject: async () => {
        busy.listen(0, '127.0.0.1');
        await once(busy, 'listening');
        const { port } = busy.address() as { readonly port: number };
        const http = { url: `http://127.0.0.1:${port}/`, until: '<% response.status == 200 %>' };
        return engine.asked(await engine.create(calls(http)), 's.a');
      },
      mend: async () => void busy.close(),
    },
    {
      name: 'nobody listens where a service is waited for',
      path: ['running'],
      says: /runs: GET http:\S+ until it answers as wanted; last seen: .*(ECONNREFUSED|refused)/,
      who: 'machine',
      advice: ADVICE.machine,
      inject: async () => {
        const http = { url: 'http://127.0.0.1:1/', until: '<% response.status == 200 %>' };
        return engine.asked(await engine.create(calls(http)), 's.a');
      },
    },
    {
      name: 'the operator does not allow that service',
      path: ['failure'],
      says: /failed: .*egress/,
      who: 'operator',
      advice: RETRY,
      inject: async () => {
        return engine.asked(await engine.create(calls({ url: 'http://192.0.2.1/' })), 's.a');
      },
    },
  ];
};

/** More resources than Heat gives to one stack. */
const LARGE = {
  heat_template_version: '2018-08-31',
  resources: Object.fromEntries(
    Array.from({ length: 1_001 }, (_, index) => [`r${index}`, { type: 'OS::Heat::None' }]),
  ),
};

/** What is of Heat and Keystone. */
export const cloudFaults = (engine: WholeEngine, found: Services): readonly Fault[] => [
  {
    name: 'Heat gives no more resources to a stack',
    path: ['quota'],
    says: /has failed for lack of quota: Heat, asked for a new stack \S+, answered 40[03]: .*[Mm]aximum resources per stack exceeded/,
    who: 'operator',
    advice: ADVICE.quota,
    inject: async () => {
      const definition = service({ a: { action: { stack: { template: JSON.stringify(LARGE) } } } }, 's.a');
      return engine.asked(await engine.create(definition, { credential: passwordOf(found) }), 's.a');
    },
  },
  {
    name: 'the same, where it is tried again',
    path: ['quota'],
    says: /was refused for lack of quota: .*[Mm]aximum resources per stack exceeded.*; it is tried again in/,
    who: 'operator',
    advice: ADVICE.quota,
    inject: async () => {
      const a = {
        action: { stack: { template: JSON.stringify(LARGE) } },
        retry: { attempts: 3, delay: '1h' },
      };
      const credential = passwordOf(found);
      return engine.asked(await engine.create(service({ a }, 's.a'), { credential }), 's.a');
    },
  },
  {
    name: "the owner's credential was deleted",
    path: ['operator'],
    says: /held for an operator.*The owner's authorisation was lost/,
    who: 'operator',
    advice: RETRY,
    inject: async () => {
      const demo = await Demo.login(found);
      const made = await demo.makeCredential();
      await demo.dropCredential(made);
      const openstack = { service: 'compute', path: '/servers' };
      const definition = service({ a: { action: { openstack } } }, 's.a');
      return engine.asked(await engine.create(definition, { credential: demo.entryOf(made) }), 's.a');
    },
  },
  {
    name: 'Keystone is not there',
    path: ['failure'],
    says: /failed: .*No answer from http:\/\/127\.0\.0\.1:1/,
    who: 'operator',
    advice: RETRY,
    inject: async () => {
      const entry = passwordOf(found);
      const credential = {
        ...entry,
        auth: { ...(entry['auth'] as JsonObject), auth_url: 'http://127.0.0.1:1/v3' },
      };
      const definition = service(
        { a: { action: { openstack: { service: 'compute', path: '/servers' } } } },
        's.a',
      );
      return engine.asked(await engine.create(definition, { credential }), 's.a');
    },
  },
];
