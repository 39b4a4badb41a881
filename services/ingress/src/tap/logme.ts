import { Header } from '@guildhall/proto/sip/header-name';
import { firstHeader, headerValueEnd, headerValueStart, type Message, nextHeader } from '@guildhall/proto/sip/message';
import { nameBytes, readsAs, walkParameters } from '@guildhall/proto/sip/parameter';

const logme = nameBytes('logme');
const semicolon = 0x3b;

/**
 * Whether a message carries the marker of RFC 8497: the parameter `logme`, a flag, of its Session-ID (RFC 7989 5). A Session-ID whose
 * parameters cannot be read marks nothing. The marker itself passes as it came: a proxy neither adds nor takes it.
 */
export function isMarkedLogme(m: Message): boolean {
  for (let index = firstHeader(m, Header.sessionId); index >= 0; index = nextHeader(m, Header.sessionId, index)) {
    if (hasFlag(m, index)) return true;
  }
  return false;
}

function hasFlag(m: Message, index: number): boolean {
  const { buffer } = m;
  const end = m.start + headerValueEnd(m, index);
  const parameters = buffer.indexOf(semicolon, m.start + headerValueStart(m, index));
  if (parameters < 0 || parameters >= end) return false;
  let found = false;
  const whole = walkParameters(buffer, parameters, end, (nameStart, nameEnd, valueStart, valueEnd) => {
    if (valueStart === valueEnd && readsAs(buffer, nameStart, nameEnd, logme)) found = true;
    return true;
  });
  return whole && found;
}
