import { Header } from '@guildhall/proto/sip/header-name';
import { firstHeader, headerValueEnd, headerValueStart, type Message } from '@guildhall/proto/sip/message';
import { writeRequest } from '@guildhall/proto/sip/request';
import type { Here } from './rewrite.js';

/** Writes the OPTIONS that ask a proxy for a sign of life; any answer is one. */
export interface Prober {
  write(host: string, port: number): { readonly branch: string; readonly text: string };
}

/** `epoch` makes this relay's probes differ from those of any other incarnation. */
export function createProber(here: Here, epoch: string): Prober {
  let count = 0;
  return {
    write(host, port) {
      count += 1;
      // No dots: never read as the branch of a transaction.
      const branch = `z9hG4bK${epoch}probe${count.toString(36)}`;
      const uri = `sip:${host.includes(':') ? `[${host}]` : host}:${port};transport=tls`;
      const text = writeRequest({
        method: 'OPTIONS',
        uri,
        headers: [
          ['Via', `${here.via}${branch}`],
          ['Max-Forwards', '70'],
          ['From', `<sip:${here.domain}>;tag=${epoch}${count.toString(36)}`],
          ['To', `<${uri}>`],
          ['Call-ID', `probe-${epoch}-${count.toString(36)}@${here.domain}`],
          ['CSeq', `${(count % 0x7fff_fffe) + 1} OPTIONS`],
          ['Accept', 'application/sdp'],
        ],
      });
      return { branch, text };
    },
  };
}

/** Whether a response answers the probe with this branch. */
export function probeIn(response: Message, branch: string): boolean {
  const index = firstHeader(response, Header.via);
  return index >= 0 && response.head.slice(headerValueStart(response, index), headerValueEnd(response, index)).includes(branch);
}
