// The door to expressions: compile once, evaluate often.
// Belongs here: what others may import. Does not belong here: anything else.
export { compileForResponse, evaluateForResponse, responseView } from './response.ts';
export { compileTemplate, evaluateTemplate } from './template.ts';
