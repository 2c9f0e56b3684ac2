// Workflows to look at: the list, one of them, and what is in it.
// Belongs here: reading. Does not belong here: what changes them (actions.ts), streams (events.ts).
import { z } from 'zod';
import { LIMITS } from '../../base/limits.ts';
import type { WorkflowView } from '../../runtime/api.ts';
import type { WorkflowFilter } from '../../runtime/operator-api.ts';
import { ofAllProjects } from '../problem.ts';
import { type Ask, route, type Route } from '../route.ts';
import { flag, number, pageSize, stepParams, text, workflowParams } from '../schemas/common.ts';
import {
  counts,
  explanation,
  graph,
  memberList,
  inputList,
  operationList,
  outputs,
  status,
  step,
  stepPage,
  timeline,
  waiting,
  workflow,
  workflowPage,
} from '../schemas/workflow.ts';
import { layOut } from '../../drawing/layout.ts';
import { drawing } from '../schemas/drawing.ts';
import { EngineError } from '../../base/errors.ts';

const TAG = 'workflows';
/** Of a page whose size nobody named. */
const USUAL = 100;

const after = number.optional().describe('`next` of the page before.');

const listQuery = z.strictObject({
  project: text.optional(),
  stack: text.optional().describe("The stack's name."),
  status: status.optional(),
  waiting: waiting.optional().describe('What the workflow as a whole waits for.'),
  failure: text.optional().describe('A failure as the list tells it.'),
  children: flag.describe('Those that steps of others run, too.'),
  after,
  limit: pageSize,
});

function filterOf({ query, project }: Ask<unknown, z.infer<typeof listQuery>, unknown>): WorkflowFilter {
  const { stack, limit = USUAL, ...rest } = query;
  const given = Object.entries({ ...rest, ...(stack !== undefined && { stackName: stack }) });
  const wanted = Object.fromEntries(given.filter(([, value]) => value !== undefined));
  return { ...wanted, ...(project !== undefined && { project }), limit };
}

/** What a project that is not one's own has: nothing. */
const isElsewhere = ({ query, project }: Ask<unknown, z.infer<typeof listQuery>, unknown>): boolean =>
  project !== undefined && query.project !== undefined && query.project !== project;

/** The version of what is answered: the number of the last entry in the log. */
export const tagOf = ({ record }: WorkflowView): string => `"${record.seq}"`;

const stepsQuery = z.strictObject({ after, limit: pageSize });

export const workflowRoutes: readonly Route[] = [
  route({
    method: 'get',
    path: '/v1/workflows',
    tag: TAG,
    summary: 'List workflows, the newest first.',
    role: 'reader',
    query: listQuery,
    answer: { says: 'A page of them.', json: workflowPage },
    handle: async ask => ({
      json: isElsewhere(ask) ? { workflows: [] } : await ask.views.page(filterOf(ask)),
    }),
  }),
  route({
    method: 'get',
    path: '/v1/counts',
    tag: TAG,
    summary: 'Count the workflows of all projects by status, and by what they wait for; children left out.',
    role: 'reader',
    answer: { says: 'Their numbers.', json: counts },
    handle: async ({ project, views }) => {
      if (project !== undefined) throw ofAllProjects('The numbers are');
      return { json: await views.counts() };
    },
  }),
  route({
    method: 'get',
    path: '/v1/workflows/{id}',
    tag: TAG,
    summary: 'Show one workflow, without its steps.',
    role: 'reader',
    params: workflowParams,
    answer: { says: 'The workflow. `ETag` is the number of the last entry in its log.', json: workflow },
    handle: async ({ params, api, views, reach }) => {
      await reach(params.id);
      const summary = await views.summary(params.id);
      const { steps, ...view } = await api.workflow(params.id);
      const counts: { [status: string]: number } = {};
      for (const { record } of steps) counts[record.status] = (counts[record.status] ?? 0) + 1;
      return {
        headers: { ETag: tagOf({ steps, ...view }) },
        json: { ...view, summary, steps: counts },
      };
    },
  }),
  route({
    method: 'get',
    path: '/v1/workflows/{id}/members',
    tag: TAG,
    summary: 'List who takes part: since when, with which roles, and whether its agent is there.',
    role: 'reader',
    params: workflowParams,
    answer: { says: 'All of them.', json: memberList },
    handle: async ({ params, views, reach }) => {
      await reach(params.id);
      return { json: { members: await views.members(params.id) } };
    },
  }),
  route({
    method: 'get',
    path: '/v1/workflows/{id}/inputs',
    tag: TAG,
    summary: 'List the inputs that the definition declares: type, default, bounds, and which are hidden.',
    role: 'reader',
    params: workflowParams,
    answer: { says: 'All of them, without their values.', json: inputList },
    handle: async ({ params, views, reach }) => {
      await reach(params.id);
      return { json: { inputs: await views.inputs(params.id) } };
    },
  }),
  route({
    method: 'get',
    path: '/v1/workflows/{id}/operations',
    tag: TAG,
    summary:
      'List the operations of the definition: what each does, its inputs, and why it may not begin now.',
    role: 'reader',
    params: workflowParams,
    answer: {
      says: 'All of them; the one that runs, and the last, stand in the record.',
      json: operationList,
    },
    handle: async ({ params, views, reach }) => {
      await reach(params.id);
      return { json: { operations: await views.operations(params.id) } };
    },
  }),
  route({
    method: 'get',
    path: '/v1/workflows/{id}/steps',
    tag: TAG,
    summary: 'List the steps of a workflow, in the order of its definition.',
    role: 'reader',
    params: workflowParams,
    query: stepsQuery,
    answer: { says: 'A page of them.', json: stepPage },
    handle: async ({ params, query, api, reach }) => {
      await reach(params.id);
      const { steps } = await api.workflow(params.id);
      const from = query.after ?? 0;
      const to = from + (query.limit ?? LIMITS.adminPage);
      return { json: { steps: steps.slice(from, to), ...(to < steps.length && { next: to }) } };
    },
  }),
  route({
    method: 'get',
    path: '/v1/workflows/{id}/steps/{step}',
    tag: TAG,
    summary: 'Show one step.',
    role: 'reader',
    params: stepParams,
    answer: { says: 'The step.', json: step },
    handle: async ({ params, api, reach }) => {
      await reach(params.id);
      const found = (await api.workflow(params.id)).steps.find(({ id }) => id === params.step);
      if (found === undefined) throw noSuchStep(params.id, params.step);
      return { json: found };
    },
  }),
  route({
    method: 'get',
    path: '/v1/workflows/{id}/explanation',
    tag: TAG,
    summary: 'Tell what the workflow waits for, and who can move it.',
    role: 'reader',
    params: workflowParams,
    answer: { says: 'The roots of what its goal lacks.', json: explanation },
    handle: async ({ params, api, reach }) => {
      await reach(params.id);
      return { json: await api.explain(params.id) };
    },
  }),
  route({
    method: 'get',
    path: '/v1/workflows/{id}/steps/{step}/explanation',
    tag: TAG,
    summary: 'Tell why a step stands where it stands, and who can move it.',
    role: 'reader',
    params: stepParams,
    answer: { says: 'Its causes, and their roots.', json: explanation },
    handle: async ({ params, api, reach }) => {
      await reach(params.id);
      return { json: await api.explain(params.id, params.step) };
    },
  }),
  route({
    method: 'get',
    path: '/v1/workflows/{id}/graph',
    tag: TAG,
    summary: 'Show the states and roles, and what waits for what, whatever the members.',
    role: 'reader',
    params: workflowParams,
    answer: { says: 'Nodes and edges.', json: graph },
    handle: async ({ params, api, reach }) => {
      await reach(params.id);
      return { json: await api.outline(params.id) };
    },
  }),
  route({
    method: 'get',
    path: '/v1/workflows/{id}/drawing',
    tag: TAG,
    summary: 'Show the graph laid out: where its boxes and lines stand, in pixels.',
    role: 'reader',
    params: workflowParams,
    answer: { says: 'Boxes by their centres, lines by their bends.', json: drawing },
    handle: async ({ params, api, reach }) => {
      await reach(params.id);
      return { json: layOut(await api.outline(params.id)) };
    },
  }),
  route({
    method: 'get',
    path: '/v1/workflows/{id}/graph.mmd',
    tag: TAG,
    summary: 'Draw the states as mermaid text.',
    role: 'reader',
    params: workflowParams,
    answer: { says: 'The text.', types: ['text/plain'] },
    handle: async ({ params, api, reach }) => {
      await reach(params.id);
      return { type: 'text/plain', text: await api.graph(params.id) };
    },
  }),
  route({
    method: 'get',
    path: '/v1/workflows/{id}/timeline',
    tag: TAG,
    summary: 'Show when each step ran, and the chain that took longest.',
    role: 'reader',
    params: workflowParams,
    answer: { says: 'Each in the order in which it began, and the chain that took longest.', json: timeline },
    handle: async ({ params, api, reach }) => {
      await reach(params.id);
      return { json: await api.timeline(params.id) };
    },
  }),
  route({
    method: 'get',
    path: '/v1/workflows/{id}/outputs',
    tag: TAG,
    summary: 'Show the declared outputs; hidden ones are left out.',
    role: 'reader',
    params: workflowParams,
    answer: { says: 'Name → value, and why some have none.', json: outputs },
    handle: async ({ params, api, reach }) => {
      await reach(params.id);
      const view = await api.workflow(params.id);
      return { json: { outputs: view.outputs, failures: view.outputFailures ?? [] } };
    },
  }),
];

const noSuchStep = (workflow: string, id: string): EngineError =>
  new EngineError(
    'not_found',
    `The workflow ${workflow} has no step '${id.slice(0, 200)}'.`,
    'List its steps to see what there is.',
  );
