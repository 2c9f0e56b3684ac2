// The workflows that simulations run, each in the shape of a real deployment.
// Belongs here: definitions whose scripts are programs (programs.ts), and what must hold at their end.
// Does not belong here: faults (faults.ts) or the machinery (world.ts).

import { GROWN } from './grown-scenario.ts';

export interface Scenario {
  readonly name: string;
  readonly definition: string;
  /** Entity → number of members. */
  readonly members: Readonly<Record<string, number>>;
  /** True: every interrupted state has a probe or is idempotent, so faults may not change the end. */
  readonly exact: boolean;
  /** It calls the owner's cloud. */
  readonly calls?: true;
  /** What is asked of it later: another definition, or an operation of the one that it has then. */
  readonly later?: readonly Later[];
}

export type Later = { readonly update: string } | { readonly operate: string };

const header = 'workflow_version: 2026-11-01\n';

/** The SQL Server and PostgreSQL examples in small: barrier, role, once, outputs across members, probes, undo. */
const cluster: Scenario = {
  name: 'cluster',
  exact: true,
  members: { db: 3 },
  definition: `${header}
entities:
  db:
    type: vm_group
    members: {min: 1, max: 9}
    roles:
      primary: {choose: lowest_index, among: prepared}
    states:
      online: {action: {online: {}}, timeout: 30m}
      prepared:
        requires: [online]
        action: {script: {sh: "sleep 300\\napply prepared\\noutput port 5432"}}
        outputs: {port: {type: integer}}
        idempotent: true
        timeout: 10m
        retry: {attempts: 90, delay: 2s, max_delay: 20s}
        undo: {script: {sh: "sleep 50\\nrevert prepared"}, on_failure: fail}
      initialised:
        once: primary
        requires: [db.prepared]
        action: {script: {sh: "sleep 400\\napply initialised"}}
        probe: {script: {sh: "check initialised"}}
        undo: {script: {sh: "sleep 50\\nrevert initialised"}, on_failure: fail}
        timeout: 10m
        retry: {attempts: 90, delay: 2s, max_delay: 20s}
      standby:
        except: primary
        requires: [db.initialised]
        action:
          script:
            sh: "sleep 200\\napply standby"
            inputs: {ports: "<% db.members.map(m, m.outputs.prepared.port) %>", primary: "<% db.primary.name %>"}
        probe: {script: {sh: "check standby"}}
        timeout: 10m
        retry: {attempts: 90, delay: 2s, max_delay: 20s}
  service:
    type: service
    states:
      deployed: {requires: [db.initialised, db.standby]}
goal: service.deployed
outputs:
  primary: {value: "<% db.primary.name %>"}
`,
};

/** Retries that must be counted across crashes, a wait, a value computed, a secret made, reboots in the middle and
 * as an action, with a script that may run beside others, a yes and a signal, and scripts in others' VMs. */
const rough: Scenario = {
  name: 'rough',
  exact: true,
  members: { web: 2, box: 1 },
  definition: `${header}
entities:
  web:
    type: vm_group
    members: {min: 1, max: 5}
    states:
      online: {action: {online: {}}, timeout: 30m}
      tried:
        requires: [online]
        action: {script: {sh: "flaky tried 2\\nsleep 100\\napply tried"}}
        idempotent: true
        retry: {attempts: 90, delay: 5s, backoff: 2, max_delay: 20s}
        timeout: 10m
      rested: {requires: [tried], action: {wait: {for: 45s}}}
      restarted:
        requires: [rested]
        action: {script: {sh: "reboot again\\nsleep 50\\napply restarted", reboot: {max: 3}}}
        idempotent: true
        retry: {attempts: 90, delay: 1s, max_delay: 20s}
        timeout: 20m
      watched:
        requires: [rested]
        exclusive: false
        action: {script: {sh: "sleep 700\\napply watched"}}
        idempotent: true
        retry: {attempts: 90, delay: 1s, max_delay: 20s}
        timeout: 20m
      enrolled:
        requires: [restarted]
        run_on: "<% box.members[0] %>"
        action: {script: {sh: "sleep 30\\napply enrolled"}}
        probe: {script: {sh: "check enrolled"}, run_on: "<% member %>"}
        undo: {script: {sh: "sleep 10\\nrevert enrolled"}, on_failure: fail}
        retry: {attempts: 90, delay: 1s, max_delay: 20s}
        timeout: 10m
      rebooted:
        requires: [restarted]
        action: {reboot: {}}
        retry: {attempts: 90, delay: 1s, max_delay: 20s}
        timeout: 5m
  box:
    type: vm
    states:
      online: {action: {online: {}}, timeout: 30m}
      keyed: {requires: [online], action: {set: {generate: {key: {length: 16}}}}}
      named:
        requires: [online, web.rebooted, web.watched, web.enrolled]
        action: {set: {outputs: {count: "<% web.members.size() %>"}}}
        outputs: {count: {type: integer}}
      agreed: {requires: [named], action: {approval: {message: "<% box.outputs.named.count %> are restarted. Go on?"}}}
      told: {requires: [agreed], action: {signal: {name: go}}, outputs: {n: {type: integer}}}
      ready:
        requires: [told]
        action: {script: {sh: "sleep 10\\napply ready", inputs: {key: "<% box.outputs.keyed.key %>", n: "<% box.outputs.named.count %>", told: "<% box.outputs.told.n %>"}}}
        idempotent: true
        retry: {attempts: 90, delay: 1s, max_delay: 20s}
        timeout: 10m
  all:
    type: service
    states:
      done:
        requires: [box.ready]
        run_on: "<% web.members[1] %>"
        action: {script: {sh: "sleep 10\\napply done"}}
        probe: {script: {sh: "check done"}}
        undo: {script: {sh: "sleep 10\\nrevert done"}, run_on: "<% web.members[1] %>", on_failure: fail}
        retry: {attempts: 90, delay: 1s, max_delay: 20s}
        timeout: 10m
goal: all.done
`,
};

/** Failures that must end somewhere: tolerated, rescued, undone, fatal, quorum, and a state that may not run twice. */
const bitter: Scenario = {
  name: 'bitter',
  exact: false,
  members: { node: 4 },
  definition: `${header}
entities:
  node:
    type: vm_group
    members: {min: 3, max: 9}
    states:
      online: {action: {online: {}}, timeout: 30m}
      tuned:
        requires: [online]
        action: {script: {sh: "sleep 20\\nexit 1"}}
        on_failure: {then: continue}
        valid_for: 1s
        timeout: 10m
      formatted:
        requires: [tuned]
        action: {script: {sh: "sleep 300\\napply formatted"}}
        on_interrupted: pause
        timeout: 10m
      voted:
        requires: [formatted, tuned]
        action: {script: {sh: "flaky voted 3\\nsleep 30\\napply voted"}}
        idempotent: true
        retry: {attempts: 2, delay: 3s}
        on_failure: {action: {script: {sh: "sleep 40\\napply soothed"}}, then: retry, times: 3}
        timeout: 10m
      mounted:
        requires: [online]
        action: {script: {sh: "sleep 20\\napply mounted\\nexit 3"}}
        undo: {script: {sh: "sleep 30\\nrevert mounted"}, retry: {attempts: 90, delay: 2s, max_delay: 20s}}
        on_failure: {then: undo}
        timeout: 10m
  service:
    type: service
    states:
      elected: {requires: [{state: node.voted, members: majority}, {state: node.mounted, outcome: final}]}
goal: service.elected
`,
};

/** Fails for sure, and takes back what it did: nothing of it may be left on any VM. */
export const SORRY: Scenario = {
  name: 'sorry',
  exact: true,
  members: { db: 2 },
  definition: `${header}
on_workflow_failure: undo
entities:
  db:
    type: vm_group
    members: {min: 1, max: 9}
    states:
      prepared:
        action: {script: {sh: "sleep 100\\napply prepared"}}
        probe: {script: {sh: "check prepared"}}
        undo: {script: {sh: "sleep 50\\nrevert prepared"}, retry: {attempts: 90, delay: 2s, max_delay: 20s}}
        timeout: 10m
        retry: {attempts: 90, delay: 2s, max_delay: 20s}
      joined:
        requires: [db.prepared]
        action: {script: {sh: "sleep 100\\napply joined\\nexit 3"}}
        undo: {script: {sh: "sleep 50\\nrevert joined"}, retry: {attempts: 90, delay: 2s, max_delay: 20s}}
        timeout: 10m
goal: db.joined
`,
};

/** Members take turns, one and then two at a time, the last first; and back again. */
export const WAVES: Scenario = {
  name: 'waves',
  exact: true,
  members: { db: 3 },
  definition: `${header}
entities:
  db:
    type: vm_group
    members: {min: 1, max: 9}
    rolling:
      patch: {states: [drained, patched, serving], serial: [1, 67%], order: "<% 0 - member.index %>"}
    states:
      online: {action: {online: {}}, timeout: 30m}
      drained:
        requires: [online]
        action: {script: {sh: "sleep 30\\napply drained"}}
        idempotent: true
        undo: {script: {sh: "sleep 20\\nrevert drained"}, retry: {attempts: 90, delay: 2s, max_delay: 20s}}
        timeout: 10m
        retry: {attempts: 90, delay: 2s, max_delay: 20s}
      patched:
        requires: [drained]
        action: {script: {sh: "flaky patched 1\\nreboot patched\\nsleep 50\\napply patched", reboot: {max: 3}}}
        idempotent: true
        timeout: 20m
        retry: {attempts: 90, delay: 2s, max_delay: 20s}
      serving:
        requires: [patched]
        action: {script: {sh: "flaky serving 1\\nsleep 10\\napply serving"}}
        idempotent: true
        timeout: 10m
        retry: {attempts: 90, delay: 10s, max_delay: 20s}
goal: db.serving
`,
};

/** Renews what is too old by then, rescues what fails, and takes back what failed for good, on one machine. */
export const LATE: Scenario = {
  name: 'late',
  exact: true,
  members: { box: 1 },
  definition: `${header}
entities:
  box:
    type: vm
    states:
      token:
        action: {script: {sh: "sleep 10\\napply token\\noutput id 7"}}
        outputs: {id: {type: integer}}
        idempotent: true
        valid_for: 1s
        timeout: 10m
        retry: {attempts: 90, delay: 1s}
      mended:
        action: {script: {sh: "flaky mended 1\\napply mended"}}
        idempotent: true
        timeout: 10m
        on_failure: {action: {script: {sh: "sleep 10\\napply soothed"}}, then: retry, times: 3}
      waited: {requires: [token, mended], action: {wait: {for: 5s}}}
      broken:
        requires: [waited]
        action: {script: {sh: "apply broken\\nexit 3"}}
        undo: {script: {sh: "sleep 10\\nrevert broken"}, retry: {attempts: 90, delay: 1s}}
        timeout: 10m
        on_failure: {then: undo}
      used:
        requires: [token, waited, {state: broken, outcome: final}]
        action: {script: {sh: "sleep 10\\napply used", inputs: {id: "<% box.outputs.token.id %>"}}}
        idempotent: true
        timeout: 10m
        retry: {attempts: 90, delay: 1s}
goal: box.used
`,
};

/** A child that fails until its parent has gone on with it twice, asks a person, and shares its VMs with its parent. */
export const FAMILY: Scenario = {
  name: 'family',
  exact: true,
  members: { node: 2 },
  definition: `${header}
entities:
  node:
    type: vm_group
    members: {min: 1, max: 9}
    states:
      prepared:
        action: {script: {sh: "sleep 50\\napply prepared"}}
        idempotent: true
        undo: {script: {sh: "sleep 20\\nrevert prepared"}, retry: {attempts: 90, delay: 2s, max_delay: 20s}, on_failure: fail}
        timeout: 10m
        retry: {attempts: 90, delay: 2s, max_delay: 20s}
      beside:
        requires: [prepared]
        action: {script: {sh: "sleep 200\\napply beside"}}
        idempotent: true
        timeout: 10m
        retry: {attempts: 90, delay: 2s, max_delay: 20s}
  site:
    type: service
    states:
      clustered:
        requires: [node.prepared]
        action:
          workflow:
            definition:
              workflow_version: 2026-11-01
              inputs: {count: {type: integer}}
              entities:
                db:
                  type: vm_group
                  members: {min: 1, max: 9}
                  states:
                    installed:
                      action: {script: {sh: "flaky installed 2\\nsleep 100\\napply installed"}}
                      idempotent: true
                      undo: {script: {sh: "sleep 20\\nrevert installed"}, retry: {attempts: 90, delay: 2s, max_delay: 20s}, on_failure: fail}
                      timeout: 10m
                all:
                  type: service
                  states:
                    agreed: {requires: [db.installed], action: {approval: {message: Go on?}}}
              goal: all.agreed
              outputs: {count: {value: "<% inputs.count + 1 %>"}}
            inputs: {count: "<% node.members.size() %>"}
            members: {db: "<% node.members %>"}
        outputs: {count: {type: integer}}
        retry: {attempts: 900, delay: 2s, max_delay: 20s}
      up:
        requires: [clustered, node.beside]
        action: {set: {outputs: {count: "<% site.outputs.clustered.count %>"}}}
        outputs: {count: {type: integer}}
goal: site.up
`,
};

export const SCENARIOS: readonly Scenario[] = [cluster, rough, bitter];

/** What seeds draw from. */
export const DRAWN: readonly Scenario[] = [...SCENARIOS, WAVES, SORRY, FAMILY, GROWN];
