// Small things that many views show.
// Belongs here: chips, times, command lines, empty and failing states. Does not belong here: whole views.
import type { StepStatus, WorkflowStatus } from '../../../machine/types.ts';
import { workflowAt, writeAddress } from '../model/address.ts';
import { absoluteText, agoText } from '../model/time.ts';
import { type Look, STEP_LOOKS, WORKFLOW_LOOKS } from '../model/words.ts';
import { type Child, h, type Node_ } from './dom.ts';

export const chip = ({ mark, word, tone }: Look): Node_ =>
  h('span', { class: `chip tone-${tone}` }, h('span', { class: 'mark', 'aria-hidden': 'true' }, mark), word);

export const stepChip = (status: StepStatus): Node_ => chip(STEP_LOOKS[status]);
export const workflowChip = (status: WorkflowStatus): Node_ => chip(WORKFLOW_LOOKS[status]);

/** How long ago; when exactly on hover. */
export const ago = (now: number, at: number): Node_ =>
  h('time', { title: absoluteText(at), datetime: new Date(at).toISOString() }, agoText(now, at));

/** What asks for the same on the command line, to be copied. */
export function cli(text: string): Node_ {
  const copy = (event: MouseEvent): void => {
    const button = event.currentTarget as HTMLElement;
    navigator.clipboard?.writeText(text).then(
      () => button.classList.add('copied'),
      () => undefined,
    );
  };
  return h(
    'span',
    { class: 'cli' },
    h('code', {}, text),
    h(
      'button',
      { class: 'copy', type: 'button', title: 'Copy', 'aria-label': `Copy: ${text}`, on: { click: copy } },
      'copy',
    ),
  );
}

export const button = (
  text: Child | readonly Child[],
  click: () => void,
  props: { readonly [name: string]: unknown } = {},
): Node_ => h('button', { type: 'button', ...props, on: { click } }, text);

export const link = (href: string, text: Child, props: { readonly [name: string]: unknown } = {}): Node_ =>
  h('a', { href, ...props }, text);

/** Nothing is there, and why. */
export const empty = (title: string, ...more: readonly Child[]): Node_ =>
  h('div', { class: 'empty' }, h('p', { class: 'empty-title' }, title), ...more.map(one => h('p', {}, one)));

export const loading = (what: string): Node_ =>
  h('div', { class: 'empty', role: 'status' }, h('p', {}, `Loading ${what} …`));

/** What happened and what to do. */
export const trouble = (error: unknown, again?: () => void): Node_ => {
  const { message, next } = error as { readonly message?: string; readonly next?: string };
  return h(
    'div',
    { class: 'empty trouble', role: 'alert' },
    h('p', { class: 'empty-title' }, message ?? String(error)),
    next !== undefined && h('p', {}, next),
    again && button('Try again', again),
  );
};

export const field = (
  label: string,
  value: string,
  input: (value: string) => void,
  props: { readonly [name: string]: unknown } = {},
): Node_ =>
  h('input', {
    type: 'search',
    'aria-label': label,
    placeholder: label,
    spellcheck: 'false',
    autocomplete: 'off',
    value,
    ...props,
    on: { input: (event: InputEvent) => input((event.target as HTMLInputElement).value) },
  });

export const section = (title: string, ...content: readonly Child[]): Node_ =>
  h('section', { key: title }, h('h3', {}, title), ...content);

export const toWorkflow = (id: string, text: string): Node_ =>
  link(writeAddress(workflowAt(id)), text, { class: 'id' });
