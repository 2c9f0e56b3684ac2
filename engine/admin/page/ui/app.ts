// The page as a whole: address, what is shown now, the frame around it, the clock, notices, the theme.
// Belongs here: that frame. Does not belong here: views (their own files), requests (client.ts).
import type { Client } from '../client.ts';
import { type Address, readAddress, writeAddress } from '../model/address.ts';
import { Agents } from './agents.ts';
import type { Around, Dialog, View } from './around.ts';
import { h, type Node_, show } from './dom.ts';
import { List } from './list.ts';
import { button } from './pieces.ts';
import { Workflow } from './workflow.ts';

const THEMES = ['auto', 'light', 'dark'] as const;

export class App implements Around {
  readonly client: Client;
  now = Date.now();
  readonly #root: HTMLElement;
  #address: Address = readAddress(location.hash);
  #view: View;
  #drawn = 0;
  #notices: { readonly text: string; readonly bad: boolean; readonly id: number }[] = [];
  #dialog: Dialog | undefined;
  #theme = localStorage.getItem('theme') ?? 'auto';

  constructor(root: HTMLElement, client: Client) {
    this.#root = root;
    this.client = client;
    this.#view = this.#open();
    window.addEventListener('hashchange', () => this.#moved());
    window.addEventListener('keydown', event => this.#key(event));
    client.onChange = () => this.changed();
    window.setInterval(() => this.#tick(), 1_000);
    this.#wear();
    this.changed();
  }

  changed(): void {
    if (this.#drawn !== 0) return;
    this.#drawn = requestAnimationFrame(() => {
      this.#drawn = 0;
      this.#draw();
    });
  }

  go(address: Address, replace = false): void {
    const hash = writeAddress(address);
    if (hash === location.hash) return;
    if (replace) history.replaceState(undefined, '', hash);
    else history.pushState(undefined, '', hash);
    this.#moved();
  }

  notice(text: string, bad = false): void {
    const id = performance.now();
    this.#notices = [...this.#notices.slice(-3), { text, bad, id }];
    window.setTimeout(() => this.#dismiss(id), bad ? 20_000 : 6_000);
    this.changed();
  }

  ask(dialog: Dialog | undefined): void {
    this.#dialog = dialog;
    this.changed();
  }

  #dismiss(id: number): void {
    this.#notices = this.#notices.filter(notice => notice.id !== id);
    this.changed();
  }

  #tick(): void {
    this.now = Date.now();
    if (document.visibilityState === 'visible') this.changed();
  }

  #open(): View {
    const address = this.#address;
    switch (address.page) {
      case 'list':
        return new List(this, address);
      case 'agents':
        return new Agents(this, address);
      case 'workflow':
        return new Workflow(this, address);
      default:
        return address satisfies never;
    }
  }

  #moved(): void {
    const before = this.#address;
    this.#address = readAddress(location.hash);
    const isSame = before.page === this.#address.page && idOf(before) === idOf(this.#address);
    if (isSame) this.#view.moved(this.#address);
    else {
      this.#view.stop();
      this.#dialog = undefined;
      this.#view = this.#open();
    }
    this.changed();
  }

  #draw(): void {
    document.title = `${this.#view.title} · murano-workflow`;
    show(this.#root, [
      h('a', { class: 'skip', href: '#content', on: { click: skip } }, 'Skip to content'),
      this.#head(),
      this.client.lost !== undefined &&
        !this.client.refused &&
        h(
          'div',
          { class: 'lost', role: 'status', key: 'lost' },
          `Live updates lost, trying again. ${this.client.lost}`,
        ),
      h('main', { id: 'content', tabindex: '-1' }, this.client.refused ? this.#login() : this.#view.nodes()),
      h('div', { class: 'notices', role: 'status', 'aria-live': 'polite' }, this.#notices.map(notice)),
      this.#dialog && this.#ask(this.#dialog),
    ]);
  }

  #head(): Node_ {
    const at = this.#address.page;
    const place = (page: string, text: string, href: string): Node_ =>
      h('a', { href, 'aria-current': at === page ? 'page' : undefined }, text);
    return h(
      'header',
      { class: 'head' },
      h('span', { class: 'brand' }, 'murano-workflow'),
      h('nav', { 'aria-label': 'Pages' }, [
        h(
          'a',
          {
            href: '#/workflows',
            'aria-current': at === 'agents' ? undefined : at === 'list' ? 'page' : 'true',
          },
          'Workflows',
        ),
        place('agents', 'Agents', '#/agents'),
      ]),
      h('span', { class: 'grow' }),
      h(
        'span',
        { class: classOf(this.client), title: 'Whether what happens is heard at once' },
        this.client.lost === undefined ? '● live' : '○ not live',
      ),
      button(`Theme: ${this.#theme}`, () => this.#turn(), { class: 'plain' }),
      button('Keys', () => this.#help(), { class: 'plain keys-button', 'aria-keyshortcuts': '?' }),
    );
  }

  #login(): Node_ {
    const given = (event: SubmitEvent): void => {
      event.preventDefault();
      const token = new FormData(event.target as HTMLFormElement).get('token');
      this.client.useToken(typeof token === 'string' ? token.trim() : '');
      this.#view.stop();
      this.#view = this.#open();
      this.changed();
    };
    return h(
      'form',
      { class: 'login', on: { submit: given } },
      h('h1', {}, 'Who are you?'),
      h(
        'p',
        {},
        'This engine wants a token. It is kept in this tab until you close it, and sent to this engine alone.',
      ),
      h('label', { for: 'token' }, 'Token'),
      h('input', { id: 'token', name: 'token', type: 'password', autocomplete: 'off', required: true }),
      h('button', { type: 'submit', class: 'main' }, 'Go on'),
    );
  }

  #ask({ title, nodes }: Dialog): Node_ {
    const close = (): void => this.ask(undefined);
    return h(
      'dialog',
      {
        key: title,
        'aria-label': title,
        ref: element =>
          void ((element as HTMLDialogElement).open || (element as HTMLDialogElement).showModal()),
        on: { close, cancel: close },
      },
      h('h2', {}, title),
      ...nodes(),
    );
  }

  #help(): void {
    const keys = [
      ['↑ ↓', 'the step or row before and after'],
      ['Enter', 'in the list: opens the workflow'],
      ['← →', 'in lanes: the step before and after on the same machine'],
      ['+ − 0', 'in lanes: nearer, farther, the whole'],
      ['n', 'in lanes: to what happens now'],
      ['1 … 8', 'lanes, steps, graph, timeline, log, plan, members, operations'],
      ['/', 'to the filter'],
      ['Esc', 'closes the step, then goes back to the list'],
      ['?', 'these keys'],
    ];
    this.ask({
      title: 'Keys',
      nodes: () => [
        h(
          'dl',
          { class: 'keys' },
          keys.flatMap(([key = '', does = '']) => [h('dt', {}, h('kbd', {}, key)), h('dd', {}, does)]),
        ),
        button('Close', () => this.ask(undefined), { class: 'main' }),
      ],
    });
  }

  #turn(): void {
    this.#theme = THEMES[(THEMES.indexOf(this.#theme as 'auto') + 1) % THEMES.length] ?? 'auto';
    localStorage.setItem('theme', this.#theme);
    this.#wear();
    this.changed();
  }

  #wear(): void {
    if (this.#theme === 'auto') delete document.documentElement.dataset['theme'];
    else document.documentElement.dataset['theme'] = this.#theme;
  }

  #key(event: KeyboardEvent): void {
    const target = event.target as HTMLElement;
    const isTyping = /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
    if (this.#dialog || event.ctrlKey || event.metaKey || event.altKey) return;
    if (isTyping) {
      if (event.key === 'Escape') target.blur();
      return;
    }
    if (this.#view.key(event)) return event.preventDefault();
    if (event.key === '?') this.#help();
    else if (event.key === '/') {
      event.preventDefault();
      this.#root.querySelector<HTMLInputElement>('input[type=search]')?.focus();
    } else if (event.key === 'Escape' && this.#address.page !== 'list')
      this.go({ page: 'list', text: '', show: '' });
  }
}

const idOf = (address: Address): string => (address.page === 'workflow' ? address.id : '');
const classOf = ({ lost }: Client): string => (lost === undefined ? 'live' : 'live gone');

const notice = ({
  text,
  bad,
  id,
}: {
  readonly text: string;
  readonly bad: boolean;
  readonly id: number;
}): Node_ => h('p', { key: String(id), class: bad ? 'notice bad' : 'notice' }, text);

function skip(event: MouseEvent): void {
  event.preventDefault();
  document.getElementById('content')?.focus();
}
