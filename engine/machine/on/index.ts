// Every kind of event and who handles it; the compiler names what is missing.
// Belongs here: the list. Does not belong here: anything else.
import type { MachineEvent } from '../types.ts';
import { onApprove } from './approve.ts';
import { onCancel } from './cancel.ts';
import { onCheck } from './check.ts';
import { onConverge } from './converge.ts';
import { onCreate } from './create.ts';
import { onDelete } from './delete.ts';
import { onFail } from './fail.ts';
import type { Handler } from './handler.ts';
import { onOperate } from './operate.ts';
import { onReject } from './reject.ts';
import { onReport } from './report.ts';
import { onResume } from './resume.ts';
import { onRetry } from './retry.ts';
import { onSignal } from './signal.ts';
import { onSkip } from './skip.ts';
import { onTimer } from './timer.ts';
import { onSuspend } from './suspend.ts';
import { onUndo } from './undo.ts';
import { onUnverify } from './unverify.ts';
import { onUpdate } from './update.ts';

export const HANDLERS = {
  create: onCreate,
  report: onReport,
  timer: onTimer,
  retry: onRetry,
  skip: onSkip,
  fail: onFail,
  approve: onApprove,
  reject: onReject,
  signal: onSignal,
  resume: onResume,
  cancel: onCancel,
  suspend: onSuspend,
  check: onCheck,
  converge: onConverge,
  undo: onUndo,
  unverify: onUnverify,
  operate: onOperate,
  update: onUpdate,
  delete: onDelete,
} satisfies { readonly [Kind in MachineEvent['kind']]: Handler<Kind> };
