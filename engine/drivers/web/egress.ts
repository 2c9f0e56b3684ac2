// Which services the engine may call: none but those that its operator allows.
// Belongs here: the entries of the list, and judging a host, a port and an address by them. Does not belong here: asking
// for addresses and calling (http-call.ts), where the list is written (cli/settings.ts).
//
// EG1 A host is judged by its name and by the very address that is called: a name may lead anywhere, and change.
// EG2 An entry that names a host trusts where its name leads, but for the engine's own machine and what is special; one
//     with `*` leads to public addresses only. An address or a network is allowed whatever it is.
import { type Address, parseAddress } from '../../base/addresses.ts';
import { EngineError } from '../../base/errors.ts';
import { bare, contains, kindOf, type Network, parseNetwork } from './ranges.ts';

export interface Egress {
  /** False: whatever the address, it may not be called, so nobody is asked for one. */
  mayLookUp(host: string, port: number): boolean;
  /** `host` is a name, or the address itself; in lower case, IPv6 without brackets. */
  allows(host: string, port: number, address: string): boolean;
}

type Rule =
  | { readonly kind: 'host'; readonly host: string; readonly port?: number }
  /** Any host below the domain; of an empty one any at all. */
  | { readonly kind: 'domain'; readonly domain: string; readonly port?: number }
  | { readonly kind: 'network'; readonly network: Network; readonly port?: number };

/** From the operator's list. EngineError `usage` names the entry that cannot be understood. */
export function readEgress(entries: readonly string[]): Egress {
  const rules = entries.map(readRule);
  return {
    mayLookUp: (host, port) => rules.some(rule => mayLead(rule, host, port)),
    allows: (host, port, text) => {
      const address = parseAddress(text);
      return address !== undefined && rules.some(rule => permits(rule, host, port, address));
    },
  };
}

const fits = (rule: Rule, port: number): boolean => rule.port === undefined || rule.port === port;

function mayLead(rule: Rule, host: string, port: number): boolean {
  return fits(rule, port) && (rule.kind === 'network' || names(rule, host));
}

function names(rule: Exclude<Rule, { kind: 'network' }>, host: string): boolean {
  if (rule.kind === 'host') return rule.host === host;
  return rule.domain === '' || host.endsWith(`.${rule.domain}`);
}

function permits(rule: Rule, host: string, port: number, address: Address): boolean {
  if (!fits(rule, port)) return false;
  if (rule.kind === 'network')
    return contains(rule.network, address) || contains(rule.network, bare(address));
  if (!names(rule, host)) return false;
  switch (kindOf(address)) {
    case 'public':
      return true;
    case 'private':
      return rule.kind === 'host';
    case 'loopback':
      return rule.kind === 'host' && rule.host === 'localhost';
    case 'special':
      return false;
  }
}

const NAME = /^(?=.{1,253}$)[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?)*$/;

function readRule(entry: string): Rule {
  const text = entry.trim().toLowerCase();
  const network = parseNetwork(text);
  if (network) return { kind: 'network', network };
  const { host, port } = cutPort(text);
  const ported = port === undefined ? {} : { port: Number(port) };
  const address = parseAddress(host);
  if (port !== undefined && !(Number(port) >= 1 && Number(port) <= 65_535)) throw notUnderstood(entry);
  if (address) return { kind: 'network', network: { base: address, prefix: address.bits }, ...ported };
  if (host === '*') return { kind: 'domain', domain: '', ...ported };
  if (host.startsWith('*.') && NAME.test(host.slice(2)))
    return { kind: 'domain', domain: host.slice(2), ...ported };
  if (NAME.test(host) && !/^[\d.]+$/.test(host)) return { kind: 'host', host, ...ported };
  throw notUnderstood(entry);
}

/** IPv6 stands in brackets where a port follows, as in a URL. */
function cutPort(text: string): { readonly host: string; readonly port?: string } {
  const [, inBrackets, after] = /^\[([^\]]*)\](?::(\d{1,5}))?$/.exec(text) ?? [];
  if (inBrackets !== undefined) return { host: inBrackets, ...(after !== undefined && { port: after }) };
  if (parseAddress(text)) return { host: text };
  const [, host = text, port] = /^([^:]*):(\d{1,5})$/.exec(text) ?? [];
  return { host, ...(port !== undefined && { port }) };
}

function notUnderstood(entry: string): EngineError {
  return new EngineError(
    'usage',
    `'${entry.slice(0, 100)}' is no host that can be allowed.`,
    'Write a host, *.DOMAIN, an address or a network such as 10.1.0.0/16; of all but a network also with :PORT.',
  );
}
