// The workflow of a simulated world that calls a cloud.
// Belongs here: its definition. Does not belong here: the cloud (cloud.ts), other workflows (scenarios.ts).
import type { Scenario } from './scenarios.ts';

/** A server of the owner's cloud: made once whatever becomes of answers, waited for, marked, and gone with the workflow. */
export const CLOUDY: Scenario = {
  name: 'cloudy',
  exact: true,
  calls: true,
  members: {},
  definition: `workflow_version: 2026-11-01
entities:
  vm:
    type: service
    states:
      made:
        action:
          openstack:
            service: compute
            method: POST
            path: /servers
            body: {name: one, attempt: "<% attempt %>"}
            outputs: {id: "<% response.json.server.id %>"}
        probe:
          openstack:
            service: compute
            path: /servers?name=one
            expect: "<% response.json.servers.size() == 1 %>"
            outputs: {id: "<% response.json.servers[0].id %>"}
        undo:
          openstack:
            service: compute
            method: DELETE
            path: "/servers/<% vm.outputs.?made.?id.orValue('none') %>"
            expect: [204, 404]
            until: "<% response.status == 404 %>"
          retry: {attempts: 90, delay: 2s, max_delay: 20s}
          timeout: 10m
          on_failure: fail
        timeout: 5m
        retry: {attempts: 90, delay: 2s, max_delay: 20s}
        outputs: {id: {type: string}}
      active:
        requires: [made]
        action:
          openstack:
            service: compute
            path: "/servers/<% vm.outputs.made.id %>"
            until: "<% response.json.server.status == 'ACTIVE' %>"
            outputs: {called: "<% response.json.server.name %>"}
        timeout: 30m
        retry: {attempts: 90, delay: 2s, max_delay: 20s}
        outputs: {called: {type: string}}
      marked:
        requires: [active]
        action: {openstack: {service: compute, method: PUT, path: /marks/one, body: {role: web}}}
        timeout: 5m
        retry: {attempts: 90, delay: 2s, max_delay: 20s}
goal: vm.marked
`,
};
