// A workflow as the page holds it: the view that was fetched, kept up with what happens.
// Belongs here: applying happenings. Does not belong here: fetching (client.ts), layout (lanes.ts).
import type { StepView, WorkflowView } from '../../../runtime/api.ts';
import type { Happening } from '../../../runtime/api.ts';

/** Live output kept of one step, in characters. */
const OUTPUT = 200_000;

export interface Said {
  readonly stream: 'stdout' | 'stderr';
  readonly text: string;
}

export class Board {
  readonly #places: Map<string, number>;
  readonly #steps: StepView[];
  #view: WorkflowView;
  readonly #said = new Map<string, { parts: Said[]; length: number; cut: boolean }>();
  readonly #offline = new Map<string, string>();
  get size(): number {
    return this.#steps.length;
  }

  /** What happened says more than records can: the view is to be fetched anew. */
  stale = false;

  constructor(view: WorkflowView) {
    this.#view = view;
    this.#steps = [...view.steps];
    this.#places = new Map(view.steps.map(({ id }, place) => [id, place]));
  }

  get view(): WorkflowView {
    return { ...this.#view, steps: this.#steps };
  }

  step(id: string): StepView | undefined {
    return this.#steps[this.#places.get(id) ?? -1];
  }

  /** Outputs of the whole, which follow from its steps. */
  gave(outputs: WorkflowView['outputs']): void {
    this.#view = { ...this.#view, outputs };
  }

  /** Live output of a step since the page watches; `cut`: there was more before. */
  said(step: string): { readonly parts: readonly Said[]; readonly cut: boolean } {
    return this.#said.get(step) ?? { parts: [], cut: false };
  }

  /** Why an agent is not there, as far as it was told meanwhile. */
  offline(agent: string): string | undefined {
    return this.#offline.get(agent);
  }

  /** A view that was fetched again; what was said stays. */
  renew(view: WorkflowView): Board {
    const next = new Board(view);
    for (const [step, said] of this.#said) next.#said.set(step, said);
    for (const [agent, why] of this.#offline) next.#offline.set(agent, why);
    return next;
  }

  apply(happening: Happening): void {
    switch (happening.kind) {
      case 'log':
        return this.#log(happening.entry.seq, happening.entry.change);
      case 'output':
        return this.#hear(happening.step, { stream: happening.stream, text: happening.text });
      case 'agent':
        if (happening.state === 'online') this.#offline.delete(happening.agent);
        else this.#offline.set(happening.agent, happening.reason ?? '');
        return undefined;
      default:
        return happening satisfies never;
    }
  }

  #log(seq: number, change: Extract<Happening, { kind: 'log' }>['entry']['change']): void {
    // Fetched after it happened: it is in the view already.
    if (seq <= this.#view.record.seq) return;
    switch (change.kind) {
      case 'workflow':
        this.#view = { ...this.#view, record: { ...change.record, seq } };
        return;
      case 'step': {
        const place = this.#places.get(change.step);
        const known = this.#steps[place ?? -1];
        if (place === undefined || known === undefined) this.stale = true;
        else this.#steps[place] = { ...known, record: change.record, waitsFor: [] };
        this.#view = { ...this.#view, record: { ...this.#view.record, seq } };
        return;
      }
      case 'generation':
      case 'operation':
        this.stale = true;
        return;
      default:
        change satisfies never;
    }
  }

  #hear(step: string, said: Said): void {
    const known = this.#said.get(step) ?? { parts: [], length: 0, cut: false };
    this.#said.set(step, known);
    const last = known.parts.at(-1);
    if (last?.stream === said.stream && last.text.length < 4_000)
      known.parts[known.parts.length - 1] = { stream: last.stream, text: last.text + said.text };
    else known.parts.push(said);
    known.length += said.text.length;
    while (known.length > OUTPUT && known.parts.length > 1) {
      known.length -= known.parts.shift()?.text.length ?? 0;
      known.cut = true;
    }
  }
}
