// Who can move a root, and with which requests.
// Belongs here: cause → who, answers. Does not belong here: command lines (cli/), whether a request is granted (on/).
import type { StepId } from '../../base/ids.ts';
import type { Answer, Cause, Who } from './types.ts';

interface Mover {
  readonly who: Who;
  readonly answers: readonly Answer[];
}

/** How pressing a root is: what a person has to do comes first, what happens by itself later, what is over last. */
export const URGENCY: { readonly [who in Who]: number } = {
  operator: 0,
  author: 1,
  machine: 2,
  engine: 3,
  time: 4,
  nobody: 5,
};

const by = (who: Who, ...answers: readonly Answer[]): Mover => ({ who, answers });

/**
 * `step`: the root. Requests are those that the machine grants in that state, the likeliest first; none of those that
 * move steps where `open` is false: the workflow is over, or its goal holds.
 */
export function moverOf(cause: Cause, step: StepId, open: boolean): Mover {
  const { who, answers } = grantedTo(cause, step);
  if (open || cause.kind === 'undo_failure' || cause.kind === 'suspended') return { who, answers };
  return who === 'operator' ? by('nobody') : by(who);
}

type Act = (...acts: readonly ('retry' | 'skip' | 'fail' | 'approve' | 'reject')[]) => readonly Answer[];

function grantedTo(cause: Cause, step: StepId): Mover {
  const act: Act = (...acts) => acts.map(one => ({ act: one, step }));
  switch (cause.kind) {
    case 'operator':
      return by('operator', ...act('retry', 'skip', 'fail'));
    case 'quota':
      return quotaMover(cause, act);
    case 'broker':
    case 'store':
      return by('operator');
    case 'approval':
      return by('operator', ...act('approve', 'reject', 'skip'));
    case 'signal':
      return by('operator', { act: 'signal', name: cause.name }, ...act('skip'));
    case 'failure':
      return by('operator', ...act('retry', 'skip'));
    case 'interrupted':
      return by('operator', { act: 'resume' }, ...act('retry', 'skip'));
    case 'undo_failure':
      return cause.goesOn
        ? by('operator', { act: 'resume' })
        : by('operator', { act: 'delete' }, { act: 'abandon' });
    case 'suspended':
      return by('operator', { act: 'resume' });
    case 'stopped':
      return cause.status === 'failed' ? by('operator', { act: 'resume' }) : by('nobody');
    case 'child':
      return by(cause.held === undefined ? 'machine' : 'operator');
    case 'agent':
      return by(cause.presence.kind === 'unknown' ? 'operator' : 'machine');
    case 'running':
    case 'called_back':
    case 'machine_busy':
    case 'halted':
    case 'turn':
    case 'rolling_stopped':
    case 'undo_order':
      return by('machine');
    case 'retry':
    case 'wait':
      return by('time');
    case 'set_aside':
    case 'engine':
      return by('engine');
    case 'step':
    case 'renewal':
    case 'barrier':
    case 'any_of':
    case 'role':
    case 'vacant_role':
      return cause.kind === 'role' || !hopeless(cause) ? by('machine') : by('author', ...act('skip'));
    case 'not_wanted':
    case 'condition_false':
    case 'not_the_role':
    case 'vouched':
    case 'goal_holds':
    case 'did_not_fail':
    case 'reached':
    case 'leaves':
    case 'undone':
      return by('nobody');
    default:
      return cause satisfies never;
  }
}

/** Whoever raises it, or makes room in it, is an operator too: of the service that refused. */
function quotaMover({ waits }: Extract<Cause, { readonly kind: 'quota' }>, act: Act): Mover {
  switch (waits) {
    case 'operator':
      return by('operator', ...act('retry', 'skip', 'fail'));
    case 'failure':
      return by('operator', ...act('retry', 'skip'));
    case 'retry':
      return by('operator');
    default:
      return waits satisfies never;
  }
}

const hopeless = (
  cause: Extract<Cause, { readonly kind: 'step' | 'renewal' | 'barrier' | 'any_of' | 'vacant_role' }>,
): boolean => cause.kind === 'vacant_role' || cause.hopeless;
