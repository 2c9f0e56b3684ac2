// The workflow that a person means by a stack and a resource of it.
// Belongs here: looking, and saying which there are. Does not belong here: how a stack's workflows are kept (store/).
import { EngineError } from '../base/errors.ts';
import { didYouMean } from '../definition/nearest.ts';
import type { EngineApi, WorkflowView } from '../runtime/api.ts';
import type { WorkflowSummary } from '../runtime/operator-api.ts';

export interface Meant {
  /** Name of the stack; or the id of the workflow, which Heat shows as the resource's physical id. */
  readonly stack: string;
  readonly resource: string;
  /** Id of the stack's project, where several have a stack of that name. */
  readonly project?: string;
}

export interface Found {
  readonly view: WorkflowView;
  /** Absent: it is nobody's, or not known. */
  readonly project?: string;
}

/** EngineError `not_found`, or `usage` where several may be meant; both name what there is. */
export async function findWorkflow(api: EngineApi, meant: Meant): Promise<Found> {
  const { stack, resource, project } = meant;
  const all = await api.ofStack(stack);
  const own = all.filter(one => project === undefined || one.project === project);
  const [one, ...others] = own.filter(found => found.resource === resource);
  if (one === undefined) return { view: await byId(api, meant, own) };
  if (others.length > 0) throw several(meant, [one, ...others]);
  return { view: await api.workflow(one.id), ...(one.project !== undefined && { project: one.project }) };
}

async function byId(api: EngineApi, meant: Meant, own: readonly WorkflowSummary[]): Promise<WorkflowView> {
  try {
    return await api.workflow(meant.stack);
  } catch (thrown) {
    if (thrown instanceof EngineError && thrown.code === 'not_found') throw none(meant, own);
    throw thrown;
  }
}

function several({ stack, resource }: Meant, found: readonly WorkflowSummary[]): EngineError {
  const each = found.map(one => `${one.id} (${one.status}, project ${one.project ?? 'unknown'})`);
  return new EngineError(
    'usage',
    `${found.length} workflows are the resource ${resource} of a stack ${stack}: ${each.join(', ')}`,
    'Name the one that is meant by its id in place of the stack, or its project with --project.',
  );
}

function none({ stack, resource }: Meant, own: readonly WorkflowSummary[]): EngineError {
  const named = own.flatMap(one => (one.resource === undefined ? [] : [one.resource]));
  const nameless = own.filter(one => one.resource === undefined).map(({ id }) => id);
  if (own.length === 0)
    return new EngineError(
      'not_found',
      `no workflow here is of a stack ${stack}, and none has that id`,
      'See what there is: murano-workflow status.',
    );
  const unsaid =
    nameless.length === 0
      ? ''
      : `; of ${nameless.join(', ')} nobody has said yet which resource it is: name it by that id`;
  return new EngineError(
    'not_found',
    `the stack ${stack} has no workflow that is its resource ${resource}${unsaid}`,
    didYouMean(resource, named) ?? 'The physical id of the resource names it too.',
  );
}
