// Closing what the library opened, so that it comes to an end whatever becomes of the broker meanwhile.
// Belongs here: that alone. Does not belong here: when something is closed (connection.ts, transport.ts).
//
// The library's own `close` is over when the broker has answered. Of a connection that is lost before that it says nothing any
// more: whoever waited for the answer would wait for ever, and an engine would never connect again.

/** A connection or a channel of the library. */
interface Closable {
  close(): Promise<void>;
  once(event: 'close', listener: () => void): unknown;
}

/** Resolves when it is closed, by either side or because there is nobody any more; never rejects. */
export async function end(one: Closable): Promise<void> {
  const closed = new Promise<void>(resolve => void one.once('close', () => resolve()));
  await Promise.race([closed, one.close()]).catch(() => undefined);
}
