// `agents`: a table, below each agent that is not there the reason, and the state of the bus.
// Belongs here: that layout. Does not belong here: what the reasons are (engine/agents/overview.ts).
import type { AgentsView, AgentView } from '../../runtime/api.ts';
import type { Line, Tone } from './style.ts';
import { piece, plain } from './style.ts';
import { durationText, pad, plural, sanitiseLine, truncate, widest, wrap } from './text.ts';

const STATES: Readonly<Record<AgentView['state'], { readonly word: string; readonly tone: Tone }>> = {
  online: { word: 'online', tone: 'good' },
  offline: { word: 'offline', tone: 'bad' },
  never_seen: { word: 'never seen', tone: 'warn' },
  unknown: { word: 'unknown', tone: 'faint' },
};

/** `now`: ms since the epoch. */
export function agentsLines(view: AgentsView, now: number, width: number): Line[] {
  const { agents } = view;
  if (agents.length === 0) return [plain('No agents here.'), ...busLines(view, width)];
  const name = Math.min(40, Math.max(5, widest(agents.map(agent => agent.id))));
  const host = Math.min(24, Math.max(4, widest(agents.map(agent => sanitiseLine(agent.host ?? '-')))));
  const head = `${pad('AGENT', name)}  ${pad('STATE', 11)}${pad('SEEN', 8)}${pad('VERSION', 9)}${pad('HOST', host)}  ${pad('WAITING', 9)}BOOT`;
  const rows = agents.flatMap(agent => [
    rowOf(agent, name, host, now),
    ...(agent.reason === undefined ? [] : reasonLines(agent.reason, width)),
  ]);
  return [[piece(head, 'faint')], ...rows, ...busLines(view, width)];
}

function rowOf(agent: AgentView, name: number, host: number, now: number): Line {
  const { word, tone } = STATES[agent.state];
  const cell = (text: string | undefined, columns: number): string =>
    pad(truncate(sanitiseLine(text ?? '-'), columns), columns);
  return [
    piece(`${cell(agent.id, name)}  `, 'strong'),
    piece(pad(word, 11), tone),
    piece(
      cell(agent.lastSeen === undefined ? undefined : durationText(Math.max(0, now - agent.lastSeen)), 8),
    ),
    piece(`${cell(agent.version, 8)} ${cell(agent.host, host)}  `),
    piece(`${cell(agent.waiting?.toString(), 8)} `),
    piece(agent.bootId === undefined ? '-' : sanitiseLine(agent.bootId), 'faint'),
  ];
}

const reasonLines = (reason: string, width: number): Line[] =>
  wrap(sanitiseLine(reason), width - 4).map(text => [piece(`    ${text}`, 'faint')]);

function busLines({ bus, deadLetters = 0, trouble, warnings = [] }: AgentsView, width: number): Line[] {
  const sentences = [
    ...(bus.state === 'none' ? ['No engine runs here, or it reaches no agents.'] : []),
    ...(bus.place === undefined ? [] : [`Broker ${bus.place}: ${bus.state}.`]),
    ...(bus.reason === undefined ? [] : [bus.reason]),
    ...(trouble === undefined ? [] : [trouble]),
    ...warnings,
    ...(deadLetters === 0
      ? []
      : [
          `${plural(deadLetters, 'message was', 'messages were')} refused and ${deadLetters === 1 ? 'is' : 'are'} kept: murano-workflow agents dead-letters`,
        ]),
  ];
  if (sentences.length === 0) return [];
  return [[], ...sentences.flatMap(text => wrap(sanitiseLine(text), width).map(plain))];
}
