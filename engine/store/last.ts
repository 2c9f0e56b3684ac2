// Of a workflow's row: number and time of the last entry in its log, as columns.
// Belongs here: that piece of SQL, equal in all SQL stores. Does not belong here: statements.

/** Number and time of the last event make the row's record current: the row itself is not touched by every event. */
export const LAST = `(SELECT e.seq FROM event e WHERE e.workflow = w.ordinal ORDER BY e.seq DESC LIMIT 1) AS seq,
  (SELECT e.at FROM event e WHERE e.workflow = w.ordinal ORDER BY e.seq DESC LIMIT 1) AS at`;
