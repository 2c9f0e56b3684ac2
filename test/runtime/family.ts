// An engine for tests in which `workflow` actions run real children; all else is answered by hand.
// Belongs here: wiring the real driver beside the fake one, a definition with a child. Does not belong here: expectations.
import { Teller } from '../../engine/drivers/tell.ts';
import { WorkflowDriver } from '../../engine/drivers/workflow-driver.ts';
import { childWorkflows } from '../../engine/runtime/children.ts';
import type { Drivers } from '../../engine/runtime/dispatch.ts';
import type { ChildWorkflows, ReportSink } from '../../engine/runtime/ports.ts';
import { vault } from '../../engine/runtime/secrets.ts';
import { MemoryDisk } from '../../engine/store/memory.ts';
import { ManualClock } from '../support/clock.ts';
import { allKinds, FakeDriver } from '../support/drivers.ts';
import { World } from './kit.ts';

/** The child, and a step of the parent before and after it. */
export const PARENT = `
workflow_version: 2026-11-01
inputs:
  password: {type: string, hidden: true}
entities:
  node:
    type: vm_group
    members: {min: 1, max: 9}
    states:
      ready: {action: {script: {sh: "echo ready"}}, undo: {script: {sh: "echo unready"}}}
  shop:
    type: service
    states:
      clustered:
        requires: [node.ready]
        action:
          workflow:
            definition: {file: cluster.yaml}
            inputs: {secret: "<% 'x-' + inputs.password %>", big: "<% 9007199254740993 %>"}
            members: {db: "<% node.members %>"}
        outputs:
          first: {type: string}
          secret: {type: string, hidden: true}
          big: {type: integer}
          late: {type: string, optional: true}
        retry: {attempts: 2, delay: 10s, jitter: 0}
      used:
        requires: [clustered]
        run_on: "<% node.members[0] %>"
        action: {script: {sh: "echo use", inputs: {key: "<% shop.outputs.clustered.secret %>", big: "<% shop.outputs.clustered.big %>"}}}
goal: shop.used
outputs:
  first: {value: "<% shop.outputs.clustered.first %>"}
`;

export const CHILD = `
workflow_version: 2026-11-01
inputs:
  secret: {type: string, hidden: true}
  big: {type: integer}
entities:
  db:
    type: vm_group
    members: {min: 2, max: 9}
    states:
      installed:
        action: {script: {sh: "echo install", inputs: {secret: "<% inputs.secret %>"}}}
        undo: {script: {sh: "echo uninstall"}, on_failure: fail}
  site:
    type: service
    states:
      agreed: {requires: [db.installed], action: {approval: {message: Go on?}}}
goal: site.agreed
outputs:
  first: {value: "<% db.members[0].name %>"}
  secret: {value: "<% inputs.secret %>", hidden: true}
  big: {value: "<% inputs.big %>"}
  late: {value: never}
`;

export interface FamilyOptions {
  /** Stands between the driver and the engine. */
  readonly port?: (real: ChildWorkflows) => ChildWorkflows;
  readonly clock?: ManualClock;
}

export class Family {
  readonly world: World;
  readonly driver = new FakeDriver();
  readonly clock: ManualClock;

  constructor(disk: MemoryDisk = new MemoryDisk(), { port = real => real, clock }: FamilyOptions = {}) {
    const sink: ReportSink = {
      report: (id, report, secrets) => this.world.engine.report(id, report, secrets),
      owned: () => this.world.engine.owned(),
    };
    this.clock = clock ?? new ManualClock();
    const children = port(childWorkflows(() => this.world.engine));
    const { seal } = vault(new Uint8Array(32).fill(7));
    const workflow = new WorkflowDriver({
      children,
      seal,
      sink,
      clock: this.clock,
      teller: new Teller(sink, this.clock),
    });
    const drivers: Drivers = { ...allKinds(this.driver), workflow };
    this.world = new World(disk, { drivers, clock: this.clock });
    this.driver.sink = this.world.engine;
  }

  async begin(source = PARENT, files: { [name: string]: string } = { 'cluster.yaml': CHILD }): Promise<this> {
    await this.world.engine.start();
    const node = [0, 1].map(index => ({ agent: `agent-${index}`, name: `node-${index}` }));
    await this.world.create('shop', {
      document: { source, fileName: 'shop.yaml', files },
      inputs: { password: 'hunter2' },
      members: { node },
    });
    return this;
  }

  /** Ends the step of the workflow whose command was sent last. */
  async end(step: string, exitCode = 0): Promise<void> {
    const error = { kind: 'exit', message: `exit code ${exitCode}`, exitCode, tail: 'no space' } as const;
    const outcome =
      exitCode === 0 ? { kind: 'succeeded' as const, outputs: {} } : { kind: 'failed' as const, error };
    await this.driver.finish(step, outcome);
    await this.settled();
  }

  /** All that follows in both workflows, through looks that are under way. */
  async settled(): Promise<void> {
    for (let turn = 0; turn < 20; turn += 1) {
      await this.world.settled();
      await new Promise(resolve => setImmediate(resolve));
    }
  }

  /** Id of the child of the step. */
  async child(step = 'shop.clustered'): Promise<string> {
    return (await this.record(step)).child ?? '';
  }

  async record(step: string, workflow = 'shop') {
    const view = await this.world.service.workflow(workflow);
    const found = view.steps.find(({ id }) => id === step);
    if (found === undefined) throw new Error(`no step ${step}`);
    return found.record;
  }

  async status(workflow = 'shop'): Promise<string> {
    return (await this.world.service.workflow(workflow)).record.status;
  }

  private asked = 0;

  async act(workflow: string, act: object): Promise<{ readonly status: string }> {
    this.asked += 1;
    const request = { requestId: `ask-${workflow.slice(0, 20)}-${this.asked}`, workflow, by: 'ann', ...act };
    const result = await this.world.service.act(request as Parameters<World['service']['act']>[0]);
    await this.settled();
    return result;
  }
}
