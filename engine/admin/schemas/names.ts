// Schemas that have a name in the document of the API.
// Belongs here: naming. Does not belong here: any schema.
import { z } from 'zod';

/** Where zod keeps descriptions too, so that both reach the document. */
export const NAMED = z.globalRegistry;

/** The same schema. */
export function named<Schema extends z.ZodType>(id: string, schema: Schema): Schema {
  NAMED.add(schema, { id });
  return schema;
}
