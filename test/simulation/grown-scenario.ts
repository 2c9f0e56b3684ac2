// A workflow whose definition changes while it lives, and that gets an operation then.
// Belongs here: its two definitions. Does not belong here: when they come (client.ts), other scenarios (scenarios.ts).
import type { Scenario } from './scenarios.ts';

const header = 'workflow_version: 2026-11-01\n';

/** `states`: of each node, besides `prepared` and what only an operation runs. */
const grownFrom = (states: string, last: string): string => `${header}
entities:
  node:
    type: vm_group
    members: {min: 1, max: 9}
    states:
      prepared:
        action: {script: {sh: "sleep 50\\napply prepared"}}
        idempotent: true
        undo: {script: {sh: "revert prepared"}, retry: {attempts: 90, delay: 2s, max_delay: 20s}, on_failure: fail}
        timeout: 10m
        retry: {attempts: 90, delay: 2s, max_delay: 20s}
${states}
      saved:
        requires: [prepared]
        action: {script: {sh: "sleep 30\\napply saved"}}
        probe: {script: {sh: "check saved"}}
        timeout: 10m
        retry: {attempts: 90, delay: 2s, max_delay: 20s}
  service:
    type: service
    states:
      up: {requires: [node.${last}]}
operations:
  save: {steps: [{rerun: [node.saved]}]}
goal: service.up
`;

const tuned = (name: string, script: string, after: string): string => `      ${name}:
        requires: [${after}]
        action: {script: {sh: "${script}"}}
        idempotent: true
        timeout: 10m
        retry: {attempts: 90, delay: 2s, max_delay: 20s}`;

/** A definition that changes: a state is gone, one has another name and runs otherwise, one is new; then an operation. */
export const GROWN: Scenario = {
  name: 'grown',
  exact: true,
  members: { node: 2 },
  definition: grownFrom(
    `      old:
        requires: [prepared]
        action: {script: {sh: "sleep 40\\napply old"}}
        idempotent: true
        undo: {script: {sh: "sleep 20\\nrevert old"}, retry: {attempts: 90, delay: 2s, max_delay: 20s}, on_failure: fail}
        timeout: 10m
        retry: {attempts: 90, delay: 2s, max_delay: 20s}
${tuned('tuned', 'sleep 40\\napply small', 'old')}`,
    'tuned',
  ),
  later: [
    {
      update: grownFrom(
        `${tuned('fitted', 'revert small\\napply large', 'prepared')}
        was: tuned
      added:
        requires: [fitted]
        action: {script: {sh: "sleep 40\\napply added"}}
        probe: {script: {sh: "check added"}}
        timeout: 10m
        retry: {attempts: 90, delay: 2s, max_delay: 20s}`,
        'added',
      ),
    },
    { operate: 'save' },
  ],
};
