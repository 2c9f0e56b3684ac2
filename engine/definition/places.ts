// `run_on`: in whose VM something runs on behalf of another member, or of a service.
// Belongs here: where the key may stand. Does not belong here: its expression (templates.ts), the choice of the VM (machine/).
import { ACTIONS } from './actions/index.ts';
import type { ActionDraft } from './draft.ts';
import type { Fields } from './reader.ts';

/** Notes a `run_on` of a state whose action runs in no VM, or asks for the member's own agent. */
export function checkRunOn(fields: Fields, action: ActionDraft | undefined): void {
  if (!fields.has('run_on') || action === undefined || ACTIONS[action.kind].placeable) return;
  const why =
    action.kind === 'online'
      ? "online asks for the agent of the member's own VM"
      : `its action ${action.kind} runs in no VM`;
  fields.report.add('wrong_value', fields.place('run_on'), `${fields.what} has 'run_on', but ${why}.`, {
    hint: 'Remove it; a probe or an undo that runs elsewhere has a run_on of its own.',
    key: true,
  });
}
