// Workflows as they are answered: the views of the engine, as schemas.
// Belongs here: their shape. Does not belong here: what is asked of them (requests.ts), the views (runtime/).
import { z } from 'zod';
import { STEP_STATUSES, WORKFLOW_STATUSES } from '../../machine/types.ts';
import { WAITING } from '../../runtime/operator-api.ts';
import { count, json, object, text, time } from './common.ts';
import { named } from './names.ts';

export const status = z.enum(WORKFLOW_STATUSES);
export const waiting = z.enum(WAITING);
const stepStatus = z.enum(STEP_STATUSES);

const parent = z.strictObject({ workflow: text, step: text, dispatch: count });

export const summary = named(
  'WorkflowSummary',
  z.strictObject({
    id: text,
    stackName: text,
    resource: text.optional().describe('Name of the resource of its stack; absent: nobody has said.'),
    project: text.optional(),
    status,
    waiting,
    failure: text
      .optional()
      .describe('Equal for workflows that failed alike, such as `sql.prepared exit 3`.'),
    reason: text,
    generation: count,
    parent: parent.optional(),
    deadline: time.optional(),
    createdAt: time,
    updatedAt: time.describe('Of the last entry in its log, ms since the epoch.'),
  }),
);

export const workflowPage = named(
  'WorkflowPage',
  z.strictObject({
    workflows: z.array(summary),
    next: count.optional().describe('The `after` of the page that follows; absent: this was the last.'),
  }),
);

const record = named(
  'WorkflowRecord',
  z.looseObject({
    id: text,
    stackName: text,
    generation: count,
    status,
    reason: text,
    roles: z.record(text, z.union([z.null(), text, z.array(text)])),
    at: time,
    seq: count.describe('Number of the last entry in its log.'),
    createdAt: time,
  }),
);

const memberOf = z.strictObject({
  agent: text,
  name: text,
  index: count,
  leaving: z.literal(true).optional(),
});

export const workflow = named(
  'Workflow',
  z.strictObject({
    record,
    summary,
    description: text,
    goal: z.array(text),
    members: z.record(text, z.array(memberOf)),
    inputTypes: z.record(text, text).describe('Declared inputs by name.'),
    outputs: object.describe('Declared outputs; hidden ones are left out.'),
    outputFailures: z.array(z.looseObject({})).optional(),
    steps: z.record(text, count).describe('Status → how many steps have it.'),
  }),
);

const presence = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('unknown') }),
  z.strictObject({ kind: z.literal('never_seen'), reason: text.optional() }),
  z.strictObject({ kind: z.literal('online') }),
  z.strictObject({ kind: z.literal('offline'), lastSeen: time, reason: text }),
]);

export const memberList = named(
  'Members',
  z.strictObject({
    members: z.array(
      z.strictObject({
        entity: text,
        agent: text,
        name: text,
        index: count,
        generation: count.describe('In which it joined.'),
        since: time,
        leaving: z.literal(true).optional(),
        roles: z.array(text).describe('That it holds now.'),
        presence,
        steps: z.record(text, count).describe('Status → how many of its steps have it.'),
      }),
    ),
  }),
);

const inputView = z.strictObject({
  name: text,
  type: text,
  description: text,
  required: z.boolean(),
  hidden: z.boolean(),
  default: json.optional(),
  allowed: z.array(json).optional().describe('All values that it may have.'),
  constraints: z.array(text).describe('In words.'),
});

export const inputList = named('Inputs', z.strictObject({ inputs: z.array(inputView) }));

export const operationList = named(
  'Operations',
  z.strictObject({
    operations: z.array(
      z.strictObject({
        name: text,
        description: text,
        inputs: z.array(inputView),
        steps: z.array(text).describe('What it does, one after the other, in words.'),
        refused: z
          .strictObject({ message: text, next: text })
          .optional()
          .describe('Why it may not begin now; absent: it may.'),
      }),
    ),
  }),
);

const stepRecord = named(
  'StepRecord',
  z.looseObject({
    status: stepStatus,
    attempt: count,
    tries: count,
    dispatch: count,
    since: time,
    touched: z.boolean(),
    error: z.looseObject({ kind: text, message: text }).optional(),
    outputs: object.optional().describe('Hidden ones are references: `{"$secret": …}`.'),
  }),
);

export const step = named(
  'Step',
  z.strictObject({
    id: text,
    entity: text,
    state: text,
    member: z.strictObject({ agent: text, name: text, index: count }).optional(),
    kind: text.describe('Kind of its action; `join` for a state without one.'),
    description: text,
    wanted: z.boolean(),
    record: stepRecord,
    waitsFor: z.array(text),
  }),
);

export const stepPage = named(
  'StepPage',
  z.strictObject({
    steps: z.array(step),
    next: count.optional().describe('The `after` of the page that follows; absent: this was the last.'),
  }),
);

const numbers = z.record(text, count);
export const counts = named('Counts', z.strictObject({ status: numbers, waiting: numbers }));

export const outputs = named(
  'Outputs',
  z.strictObject({ outputs: object, failures: z.array(z.looseObject({})) }),
);

/** What an explanation says is a closed list of its own, told in docs/reference/why.md. */
export const explanation = named(
  'Explanation',
  z.looseObject({ status: text, since: time, roots: z.array(z.looseObject({})), moreRoots: count }),
);

export const graph = named(
  'Graph',
  z.strictObject({
    description: text,
    entities: z.array(
      z.strictObject({ name: text, type: z.enum(['service', 'vm', 'vm_group']), size: text }),
    ),
    nodes: z.array(
      z.strictObject({
        id: text,
        kind: z.enum(['action', 'join', 'role', 'any_of']),
        entity: text,
        name: text,
        does: text,
        who: text,
        description: text,
        isGoal: z.boolean(),
        isConditional: z.boolean(),
      }),
    ),
    edges: z.array(
      z.strictObject({ from: text, to: text, label: text, why: z.enum(['written', 'inferred', 'role']) }),
    ),
  }),
);

const span = z.looseObject({ from: time, to: time.optional() });

export const timeline = named(
  'Timeline',
  z.strictObject({
    seq: count,
    from: time,
    steps: z.array(z.strictObject({ step: text, spans: z.array(span) })),
    criticalPath: z.array(
      z.strictObject({
        step: text,
        from: time,
        to: time.optional(),
        after: z.enum(['required', 'machine', 'turn']),
      }),
    ),
  }),
);

export const logPage = named(
  'LogPage',
  z.strictObject({
    entries: z.array(z.strictObject({ seq: count, at: time, change: z.looseObject({ kind: text }) })),
    next: count.optional().describe('The `after` of the page that follows; absent: this was the last.'),
  }),
);
