// What stands in the address bar: whoever opens the same address sees the same.
// Belongs here: address ↔ what is shown. Does not belong here: showing it (ui/). No value of an input ever goes in here.

export const TABS = ['lanes', 'steps', 'graph', 'timeline', 'log', 'plan', 'members', 'operations'] as const;
export type Tab = (typeof TABS)[number];

export type Address =
  | { readonly page: 'list'; readonly text: string; readonly show: string }
  | { readonly page: 'agents'; readonly text: string }
  | {
      readonly page: 'workflow';
      readonly id: string;
      readonly tab: Tab;
      readonly step: string;
      readonly text: string;
      readonly show: string;
    };

/** `#/workflows?q=…&show=…`, `#/workflows/ID/TAB?step=…&q=…&show=…`, `#/agents`; anything else is the list. */
export function readAddress(hash: string): Address {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?');
  const found = new URLSearchParams(query);
  const of = (name: string): string => found.get(name) ?? '';
  const [page, id = '', tab = ''] = path.split('/').map(decoded);
  if (page === 'agents') return { page: 'agents', text: of('q') };
  if (page !== 'workflows' || id === '') return { page: 'list', text: of('q'), show: of('show') };
  const known = TABS.find(one => one === tab) ?? 'lanes';
  return { page: 'workflow', id, tab: known, step: of('step'), text: of('q'), show: of('show') };
}

export function writeAddress(address: Address): string {
  switch (address.page) {
    case 'agents':
      return `#/agents${queryOf({ q: address.text })}`;
    case 'list':
      return `#/workflows${queryOf({ q: address.text, show: address.show })}`;
    case 'workflow': {
      const { id, tab, step, text, show } = address;
      return `#/workflows/${encodeURIComponent(id)}/${tab}${queryOf({ step, q: text, show })}`;
    }
    default:
      return address satisfies never;
  }
}

export const workflowAt = (id: string, tab: Tab = 'lanes', step = ''): Address => ({
  page: 'workflow',
  id,
  tab,
  step,
  text: '',
  show: '',
});

function queryOf(values: { readonly [name: string]: string }): string {
  const given = Object.entries(values).filter(([, value]) => value !== '');
  return given.length === 0 ? '' : `?${new URLSearchParams(given).toString()}`;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
