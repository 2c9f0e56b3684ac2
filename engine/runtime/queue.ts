// What waits to be absorbed: reports, due times and requests, fair between workflows.
// Belongs here: order. Does not belong here: what becomes of an item (absorb.ts, loop.ts).
//
// Q1  Items of one workflow keep their order.
// Q2  Workflows take turns item by item: one with a thousand reports delays another by one item per turn.
import type { EffectId, StepId } from '../base/ids.ts';
import type { Report } from '../machine/types.ts';
import type { InboxRow, NewSecret, ReportVerdict, RequestResult } from './ports.ts';

/** `settle` is called after the commit that absorbed the item, `fail` when it will not be absorbed by this engine. */
export type Item =
  | {
      readonly kind: 'report';
      readonly workflow: string;
      readonly id: EffectId;
      readonly report: Report;
      readonly secrets: readonly NewSecret[];
      readonly settle: (verdict: ReportVerdict) => void;
      readonly fail: (error: Error) => void;
    }
  | {
      readonly kind: 'timer';
      readonly workflow: string;
      /** Absent: the workflow's own time. */
      readonly step?: StepId;
      readonly due: number;
    }
  | {
      readonly kind: 'request';
      readonly workflow: string;
      readonly row: InboxRow;
      readonly settle: (result: RequestResult) => void;
      readonly fail: (error: Error) => void;
    };

/** Tells how far a command has come. Nobody waits for it, so it can share the commit of what comes next. */
export const isNews = (item: Item): boolean => item.kind === 'report' && item.report.kind !== 'finished';

export const isCreate = (item: Item): item is Item & { kind: 'request' } =>
  item.kind === 'request' && item.row.kind === 'create';

export class ItemQueue {
  /** In turn order: the first is next. */
  readonly #lanes = new Map<string, Item[]>();
  #size = 0;
  #news = 0;

  get size(): number {
    return this.#size;
  }

  /** Items that somebody waits for. */
  get urgent(): number {
    return this.#size - this.#news;
  }

  add(item: Item): void {
    const lane = this.#lanes.get(item.workflow);
    if (lane === undefined) this.#lanes.set(item.workflow, [item]);
    else lane.push(item);
    this.#count(item, 1);
  }

  /** At most `limit` items, one of each workflow per turn. */
  take(limit: number): Item[] {
    const taken: Item[] = [];
    // A lane that is set again comes after all others, and this loop meets it there.
    for (const [workflow, lane] of this.#lanes) {
      if (taken.length === limit) break;
      taken.push(lane.shift() as Item);
      this.#lanes.delete(workflow);
      if (lane.length > 0) this.#lanes.set(workflow, lane);
    }
    for (const item of taken) this.#count(item, -1);
    return taken;
  }

  #count(item: Item, by: 1 | -1): void {
    this.#size += by;
    if (isNews(item)) this.#news += by;
  }

  /** Puts items back before everything else of their workflows, in the order given. */
  putBack(items: readonly Item[]): void {
    for (const item of [...items].reverse()) {
      const lane = this.#lanes.get(item.workflow);
      if (lane === undefined) this.#lanes.set(item.workflow, [item]);
      else lane.unshift(item);
      this.#count(item, 1);
    }
  }

  /** Takes everything out, for those who must be told that it will not be absorbed. */
  drain(): Item[] {
    const items = [...this.#lanes.values()].flat();
    this.#lanes.clear();
    this.#size = 0;
    this.#news = 0;
    return items;
  }
}
