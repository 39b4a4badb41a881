import { agreementContradictions } from './contradictions-agreements.js';
import { memberContradictions } from './contradictions-members.js';
import { ruleContradictions } from './contradictions-rules.js';
import type { Finding } from './problem.js';
import type { CommunityFile } from './schema.js';

/** What is wrong with a file, and what is allowed but probably not meant. */
export interface Contradictions {
  problems: Finding[];
  warnings: Finding[];
}

function hubContradictions(file: CommunityFile): Finding[] {
  const found: Finding[] = [];
  const names = new Map<string, number>();
  const addresses = new Map<string, number>();
  file.hub.listeners.forEach((listener, at) => {
    const path = ['hub', 'listeners', at];
    const sameName = names.get(listener.name);
    if (sameName !== undefined)
      found.push({ path: [...path, 'name'], message: `hub.listeners[${sameName}] is called ${listener.name} too` });
    names.set(listener.name, sameName ?? at);
    if (listener.port === 0) return;
    const address = `${listener.host} ${listener.port}`;
    const sameAddress = addresses.get(address);
    if (sameAddress !== undefined) found.push({ path: [...path, 'port'], message: `hub.listeners[${sameAddress}] listens there too` });
    addresses.set(address, sameAddress ?? at);
  });
  return found;
}

/** What contradicts itself in a file whose every line is sound. Finds all there is; looks at no clock and no disk. */
export function contradictions(file: CommunityFile): Contradictions {
  const agreements = agreementContradictions(file);
  const rules = ruleContradictions(file);
  return {
    problems: [...hubContradictions(file), ...memberContradictions(file), ...agreements.problems, ...rules.problems],
    warnings: [...agreements.warnings, ...rules.warnings],
  };
}
