// Whether a service refused something for lack of quota, by its status and its own words.
// Belongs here: how the services say that. Does not belong here: what follows from it (drivers/).
//
// There is no common status: Nova answers 403, Neutron 409, Cinder and Glance 413, Heat 400, and says 403 and 409 of much else.
// Too many requests in a time (429) is no quota: that passes.

const STATUSES = new Set([400, 403, 409, 413]);

/** Such as "Quota exceeded for instances: Requested 1, but already used 0 of 0 instances". */
const WORDS =
  /\bquotas?\b|over[ _-]?quota|\bover (?:a |its |the )?limit\b|LimitExceeded|\blimit exceeded\b|maximum (?:number of )?\w+ (?:allowed|per (?:tenant|project))/i;

/** `status`: absent where the words came without one, as the reason of a failed stack. */
export function isOverQuota(said: string | undefined, status?: number): boolean {
  return said !== undefined && (status === undefined || STATUSES.has(status)) && WORDS.test(said);
}
