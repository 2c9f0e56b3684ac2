// The list of workflows as a stream: each that changes, as it is by then.
// Belongs here: choosing what the client may see. Does not belong here: the wire (event-stream.ts), what changed (runtime/).
import type { OperatorViews } from '../../runtime/operator-api.ts';
import type { EventStream } from './event-stream.ts';

/**
 * `project`: whose workflows are seen; undefined: all. Ids of other projects' are nobody's business, so one that is gone is told of to
 * its own. `last`: the id that the client had last.
 */
export async function streamList(
  views: OperatorViews,
  project: string | undefined,
  last: string | undefined,
  stream: EventStream,
): Promise<void> {
  const { resumed, at, changes } = views.follow(stream.signal, last);
  await stream.send('begin', { resumed }, at);
  const isShown = (owner: string | undefined): boolean => project === undefined || owner === project;
  for await (const change of changes) {
    if (change.kind === 'gone') {
      if (isShown(change.project)) await stream.send('gone', { id: change.id }, change.at);
    } else if (isShown(change.workflow.project)) {
      await stream.send('workflow', change.workflow, change.at);
    }
  }
}
