// Workflows that steps of others run: ordinary ones in the same store, asked for through the same inbox.
// Belongs here: the port that the driver of `workflow` actions is given. Does not belong here: when a child is created,
// resumed or deleted (drivers/workflow-driver.ts), what its end means (machine/child.ts).
import type { JsonObject } from '../base/json.ts';
import { problemText } from '../definition/problems.ts';
import { childState } from '../machine/child.ts';
import type { Engine } from './engine.ts';
import type { ChildLook, ChildRequest, ChildWorkflows, InboxRow, NewChild, RequestResult } from './ports.ts';
import { EngineService } from './service.ts';

/** `engine`: asked for when it is needed, since its drivers are made before it. */
export const childWorkflows = (engine: () => Engine): ChildWorkflows => ({
  look: id => look(engine(), id),
  create: child => create(engine(), child),
  suspension: async id => (await engine().find(id))?.state.workflow.suspended,
  ask: (id, request) => ask(engine(), id, request),
  watch: (id, told) => engine().watchers.watch(id, told),
});

/** One that is set aside is held: only a person makes it go on. */
async function look(engine: Engine, id: string): Promise<ChildLook | undefined> {
  const found = await engine.find(id);
  if (found === undefined) return undefined;
  const { parent } = found.source;
  const { seq } = found.state.workflow;
  const state = { ...childState(found.graph, found.state), seq, ...(parent && { parent }) };
  const setAside = engine.setAside(id);
  return setAside === undefined ? state : { ...state, status: 'held', reason: `Set aside: ${setAside}` };
}

/** Hidden inputs are sealed anew, so that nothing of the child hangs on its parent's secrets. */
async function create(engine: Engine, { parent, members, ...child }: NewChild): Promise<string | undefined> {
  const given = Object.entries(members).map(([entity, group]) => [
    entity,
    group.map(({ agent, name, data }) => ({ agent, name, data })),
  ]);
  const credential = await credentialOf(engine, parent.workflow);
  const project = (await engine.find(parent.workflow))?.source.project;
  const request = {
    ...child,
    ...(credential && { credential }),
    ...(project !== undefined && { project }),
    members: Object.fromEntries(given) as Parameters<EngineService['create']>[0]['members'],
    by: byOf(parent.workflow),
  };
  const { problems } = await new EngineService(engine).create(request, parent);
  const [first, ...more] = problems.filter(({ severity }) => severity === 'error');
  if (first === undefined) return undefined;
  return `${problemText(first)}${more.length === 0 ? '' : ` And ${more.length} more.`}`;
}

/** A child calls a cloud by the right of whoever owns the whole. */
async function credentialOf(engine: Engine, workflow: string): Promise<JsonObject | undefined> {
  const ref = (await engine.find(workflow))?.state.workflow.credential;
  const sealed = ref === undefined ? undefined : await engine.store.secret(ref);
  return ref === undefined || sealed === undefined
    ? undefined
    : (engine.vault.open(ref, sealed) as JsonObject);
}

function ask(engine: Engine, workflow: string, request: ChildRequest): Promise<RequestResult> {
  const { requestId, by, kind, ...payload } = request;
  const row: InboxRow = { requestId, workflow, kind, payload, by, at: engine.clock.now() };
  return engine.submit(row);
}

/** As whom a parent asks. */
const byOf = (parent: string): string => `workflow ${parent}`;
