// Server-sent events, read from a stream of text: a request that may carry a token cannot be an EventSource.
// Belongs here: the format. Does not belong here: connections (client.ts), what the data say.

export interface ServerEvent {
  readonly id: string;
  readonly event: string;
  readonly data: string;
}

/** Takes pieces of text as they come; gives whole events. A comment, which keeps a line alive, gives none. */
export class EventReader {
  #rest = '';
  #id = '';

  read(piece: string): readonly ServerEvent[] {
    this.#rest = (this.#rest + piece).replaceAll('\r\n', '\n');
    const blocks = this.#rest.split('\n\n');
    this.#rest = blocks.pop() ?? '';
    return blocks.map(block => this.#event(block)).filter(event => event !== undefined);
  }

  #event(block: string): ServerEvent | undefined {
    const data: string[] = [];
    let event = 'message';
    for (const line of block.split('\n')) {
      const colon = line.indexOf(':');
      const [name, value] =
        colon < 0 ? [line, ''] : [line.slice(0, colon), line.slice(colon + 1).replace(/^ /, '')];
      if (name === 'data') data.push(value);
      else if (name === 'event') event = value;
      else if (name === 'id') this.#id = value;
    }
    return data.length === 0 ? undefined : { id: this.#id, event, data: data.join('\n') };
  }
}
