// The shape of an event's handler.
// Belongs here: the type. Does not belong here: handlers (one file each), following up (settle.ts).
import type { Draft } from '../draft.ts';
import type { MachineEvent } from '../types.ts';

export type EventOf<Kind extends MachineEvent['kind']> = Extract<MachineEvent, { kind: Kind }>;

/** Makes the event's own changes; false: it is rejected, or stale and of no effect. */
export type Handler<Kind extends MachineEvent['kind']> = (draft: Draft, event: EventOf<Kind>) => boolean;
