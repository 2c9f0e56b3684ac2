// What views are given of the page, and what the page asks of a view.
// Belongs here: types only. Does not belong here: the page (app.ts), any view.
import type { Client } from '../client.ts';
import type { Address } from '../model/address.ts';
import type { Child } from './dom.ts';

/** What a view is given. */
export interface Around {
  readonly client: Client;
  /** Ms since the epoch; goes on every second. */
  readonly now: number;
  /** What is shown has changed. */
  changed(): void;
  /** `replace`: without a step in the browser's history. */
  go(address: Address, replace?: boolean): void;
  /** Told to people, and read out. */
  notice(text: string, bad?: boolean): void;
  ask(dialog: Dialog | undefined): void;
}

/** A view that lasts as long as its page. */
export interface View {
  readonly title: string;
  nodes(): readonly Child[];
  moved(address: Address): void;
  /** True when the key was for it. */
  key(event: KeyboardEvent): boolean;
  stop(): void;
}

export interface Dialog {
  readonly title: string;
  readonly nodes: () => readonly Child[];
}
