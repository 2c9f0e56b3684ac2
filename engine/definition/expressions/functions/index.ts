// Every host function and loop, by family.
// Belongs here: the list. Does not belong here: functions, registration (compile.ts).
import type { HostFunction, HostLoop } from './host.ts';
import { JSON_TEXT } from './json.ts';
import type { ToOptional } from './list.ts';
import { listFunctions, listLoops } from './list.ts';
import { MAP } from './map.ts';
import { NET } from './net.ts';
import { TEXT } from './text.ts';

export function hostFunctions(optional: ToOptional): readonly HostFunction[] {
  return [...TEXT, ...listFunctions(optional), ...MAP, ...JSON_TEXT, ...NET];
}

export function hostLoops(optional: ToOptional): readonly HostLoop[] {
  return listLoops(optional);
}
