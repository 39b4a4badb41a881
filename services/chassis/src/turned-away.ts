import { Refused, TurnedAway } from '@guildhall/proto/gen/guildhall/bus/v1/ask';
import { subjects } from '@guildhall/proto/subjects';
import type { Bus } from './bus.js';
import type { CertificateFacts } from './certificate.js';
import { usageNames } from './usage-names.js';

/** Tells policy whom this instance turned away, a few at a time, so that operators and members can ask why. */
export interface TurnedAwayTeller {
  /** Texts of it must be printable already; long ones are cut. */
  note(refused: Refused): void;
  /** Tells what is left. */
  close(): void;
}

/** Refusals told one by one at most so often; what is above is only counted, for a flood of handshakes must not become one on the bus. */
const flushEvery = 250;
const mostAtOnce = 64;
/** Characters of a text and texts of a list that are told. */
const longest = { text: 400, list: 32 };

/** A teller of one instance. */
export function createTurnedAwayTeller(bus: Bus, service: 'ingress' | 'relay', id: string): TurnedAwayTeller {
  let held: Refused[] = [];
  let untold = 0;
  let timer: NodeJS.Timeout | undefined;

  const flush = (): void => {
    clearTimeout(timer);
    timer = undefined;
    if (held.length === 0 && untold === 0) return;
    bus.publish(subjects.turnedAway, TurnedAway.encode({ service, id, refused: held, untold }).finish());
    held = [];
    untold = 0;
  };

  return {
    note(refused) {
      if (held.length < mostAtOnce) held.push(cut(refused));
      else untold += 1;
      timer ??= setTimeout(flush, flushEvery).unref();
    },
    close: flush,
  };
}

/** What a certificate says, for a refusal. `printable` makes a peer's text safe. */
export function refusedCertificate(
  facts: Omit<CertificateFacts, 'chain'> | undefined,
  printable: (text: string) => string,
): Pick<Refused, 'subject' | 'issuer' | 'names' | 'usages' | 'spki' | 'validUntil'> {
  if (facts === undefined) return { subject: '', issuer: '', names: [], usages: [], spki: '', validUntil: '' };
  const { subject, issuer, uris, dnsNames, extendedKeyUsage, spkiSha256, validTo } = facts;
  return {
    // Node writes one attribute a line.
    subject: printable(subject.replaceAll('\n', ', ')),
    issuer: printable(issuer.replaceAll('\n', ', ')),
    names: [...uris.map((uri) => `URI:${uri}`), ...dnsNames.map((name) => `DNS:${name}`)]
      .slice(0, longest.list)
      .map((name) => printable(name)),
    usages: usageNames(extendedKeyUsage)
      .slice(0, longest.list)
      .map((usage) => printable(usage)),
    spki: spkiSha256,
    validUntil: Number.isFinite(validTo) ? new Date(validTo).toISOString() : '',
  };
}

function cut(refused: Refused): Refused {
  const short = (text: string) => text.slice(0, longest.text);
  return Refused.fromPartial({
    when: short(refused.when),
    reason: short(refused.reason),
    source: short(refused.source),
    detail: short(refused.detail),
    subject: short(refused.subject),
    issuer: short(refused.issuer),
    names: refused.names.slice(0, longest.list).map(short),
    usages: refused.usages.slice(0, longest.list).map(short),
    member: short(refused.member),
    spki: short(refused.spki),
    validUntil: short(refused.validUntil),
  });
}
