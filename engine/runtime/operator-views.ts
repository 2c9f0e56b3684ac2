// OperatorViews over an engine: lists, and what changes.
// Belongs here: reading and following. Does not belong here: requests (service.ts), who may see what (admin/).
import { createHash } from 'node:crypto';
import { notFound } from './absorb.ts';
import type { Engine } from './engine.ts';
import { followAll } from './follow-all.ts';
import type { LiveWorkflow } from './live.ts';
import { NO_TRAFFIC, type Operating, type OperatorViews, type WorkflowSummary } from './operator-api.ts';
import { page, withAside } from './pages.ts';
import type { EngineService } from './service.ts';
import { retainAudit } from './retention.ts';
import { outlook, summaryOf } from './summary.ts';

/** What the service knows beside what it offers to everybody. */
type Beside = Pick<EngineService, 'rehearse' | 'parts'>;

export const operating = (
  engine: Engine,
  service: Beside,
  traffic: Operating['traffic'] = () => NO_TRAFFIC,
): Operating => ({
  views: operatorViews(engine, service),
  owned: () => engine.owned(),
  observe: observer => engine.observers.add(observer),
  retain: (keep, log) => retainAudit(engine, keep, log),
  held: () => ({ inMemory: engine.inMemory, setAside: engine.setAsideCount }),
  oldest: () => engine.observers.standing.oldest(),
  now: () => engine.clock.now(),
  traffic,
});

export function operatorViews(engine: Engine, service: Beside): OperatorViews {
  const found = async (id: string): Promise<LiveWorkflow> => {
    const live = await engine.find(id);
    if (live === undefined) throw notFound(id);
    return live;
  };
  const summary = async (id: string): Promise<WorkflowSummary> => summarise(engine, await found(id));
  return {
    page: filter => page(engine, filter),
    counts: () => engine.store.counts(),
    summary,
    note: asked => note(engine, asked),
    members: async id => (await service.parts(id)).members(),
    operations: async id => (await service.parts(id)).operations(),
    inputs: async id => (await service.parts(id)).inputs(),
    rehearse: request => service.rehearse(request),
    audit: filter => engine.store.audit(filter),
    auditChain: (after, limit) => engine.store.auditChain(after, limit),
    follow: (signal, last) => followAll(engine, summary, signal, last),
  };
}

function summarise(engine: Engine, { graph, state, source }: LiveWorkflow): WorkflowSummary {
  const { project, resource } = source;
  const more = {
    ...outlook(graph, state),
    ...(project !== undefined && { project }),
    ...(resource !== undefined && { resource }),
  };
  return withAside(engine, summaryOf(state.workflow, more));
}

/** Several writes, and calls to a broker, follow: so that none of them is unheard of, it stands before them. */
async function note(engine: Engine, asked: Parameters<OperatorViews['note']>[0]): Promise<void> {
  const { kind, agent = '' } = asked;
  const digest = createHash('sha256').update(`${kind}\0${agent}`).digest('hex');
  await engine.store.keep([], [{ ...asked, at: engine.clock.now(), asked: digest, result: 'begun' }]);
}
