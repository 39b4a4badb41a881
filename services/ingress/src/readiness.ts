/** What readiness depends on: each is asked at every look. */
export interface ReadinessFacts {
  readonly id: string;
  draining(): boolean;
  busUp(): boolean;
  trustKnown(): boolean;
  revocationsKnown(): boolean;
  keysKnown(): boolean;
  relayThere(): boolean;
  contested(): boolean;
  /** Listeners that show another certificate than they were given, and those whose certificate has expired. */
  differing(): readonly string[];
  expired(): readonly string[];
}

/** Whether an ingress can serve members, and why not, a sentence each. */
export function readiness(facts: ReadinessFacts): { ok: boolean; reasons: readonly string[] } {
  const reasons: string[] = [];
  if (facts.draining()) reasons.push('draining');
  if (!facts.busUp()) reasons.push('NATS is not connected');
  if (!facts.trustKnown()) reasons.push('the membership was not read yet');
  if (!facts.revocationsKnown()) reasons.push('the revocation lists were not read yet');
  if (!facts.keysKnown()) reasons.push('no route token key was learned yet');
  if (!facts.relayThere()) reasons.push('no relay is there');
  if (facts.contested()) reasons.push(`another ingress runs under the id ${facts.id}`);
  for (const name of facts.differing()) reasons.push(`listener ${name} shows another certificate than its file holds`);
  for (const name of facts.expired()) reasons.push(`the certificate of listener ${name} has expired`);
  return { ok: reasons.length === 0, reasons };
}
