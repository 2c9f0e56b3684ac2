// How the workflows let go of an agent whose member Heat deletes: each is asked to, undoes what it did there, and has left.
// Belongs here: finding them, asking once, looking again. Does not belong here: what leaving means (machine/on/update.ts), how long it
// may take (engine/agents/enrolment/registrar.ts).
import { randomUUID } from 'node:crypto';
import type { Leaving } from './agents/enrolment/registrar.ts';
import { EngineError } from './base/errors.ts';
import type { EngineApi, WorkflowView } from './runtime/api.ts';
import type { Store } from './runtime/ports.ts';

/** In these a workflow takes no change, and is on its way to a state in which it does, or is gone. */
const PASSING: readonly WorkflowView['record']['status'][] = ['cancelling', 'undoing', 'deleting'];

type Api = Pick<EngineApi, 'workflow' | 'act'>;

export function leavingOf(store: Pick<Store, 'seating'>, api: () => Api): Leaving {
  return {
    async leave(agent, how) {
      let gone = true;
      for (const id of await store.seating(agent)) gone = (await leftOne(api(), id, agent, how)) && gone;
      return gone;
    },
  };
}

/** True once it is no member there. EngineError `not_allowed` when the workflow will not let it go, or could not undo what it did there. */
async function leftOne(
  api: Api,
  workflow: string,
  agent: string,
  how: Parameters<Leaving['leave']>[1],
): Promise<boolean> {
  const view = await api.workflow(workflow);
  const seats = seatsOf(view, agent);
  if (seats.length === 0) return true;
  const staying = seats.filter(({ leaving }) => !leaving || how.abandon);
  if (PASSING.includes(view.record.status)) return false;
  const requestId = `leave-${randomUUID()}`;
  const asked = { requestId, workflow, by: how.by };
  if (staying.length > 0) {
    const leave = Object.fromEntries(staying.map(({ entity }) => [entity, [agent]]));
    await act(api, { ...asked, kind: 'update', leave, abandon: how.abandon });
  } else if (view.record.status !== 'failed') return false;
  else if (how.again) await act(api, { ...asked, kind: 'resume' });
  else throw stuck(view);
  return seatsOf(await api.workflow(workflow), agent).length === 0;
}

async function act(api: Api, request: Parameters<Api['act']>[0]): Promise<void> {
  const result = await api.act(request);
  if (result.status === 'rejected') throw new EngineError('not_allowed', result.message, result.next);
}

/** It ended while the member was leaving: an undo on it has failed. */
const stuck = ({ record: { id, reason } }: WorkflowView): EngineError =>
  new EngineError(
    'not_allowed',
    `Workflow '${id}' could not undo what it did there: ${reason}`,
    'Mend what failed, then delete the member again: the undo is tried again. on_leave: abandon leaves it as it is.',
  );

function seatsOf(
  { members }: WorkflowView,
  agent: string,
): readonly { readonly entity: string; readonly leaving: boolean }[] {
  return Object.entries(members).flatMap(([entity, group]) =>
    group
      .filter(member => member.agent === agent)
      .map(({ leaving }) => ({ entity, leaving: leaving === true })),
  );
}
