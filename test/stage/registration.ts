import { createSocket } from 'node:dgram';

/**
 * Registers a user's phone, which listens on UDP `phonePort` of loopback, at a member's proxy: from a throw-away socket, as a phone's
 * Contact is all that counts. Resolves on 200, rejects on anything else or after 5 s; repeats every half second, as UDP asks for.
 */
export function registerUser(user: string, domain: string, phonePort: number, proxyPort: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = createSocket('udp4');
    const finish = (error?: Error) => {
      clearInterval(again);
      clearTimeout(patience);
      socket.close();
      if (error === undefined) resolve();
      else reject(error);
    };
    const send = () => {
      const { port } = socket.address();
      const request = [
        `REGISTER sip:${domain} SIP/2.0`,
        `Via: SIP/2.0/UDP 127.0.0.1:${port};branch=z9hG4bK-register-${user}-${port}`,
        'Max-Forwards: 70',
        `From: <sip:${user}@${domain}>;tag=${port}`,
        `To: <sip:${user}@${domain}>`,
        `Call-ID: register-${user}-${port}`,
        'CSeq: 1 REGISTER',
        `Contact: <sip:${user}@127.0.0.1:${phonePort}>`,
        'Expires: 600',
        'Content-Length: 0',
      ];
      socket.send(`${request.join('\r\n')}\r\n\r\n`, proxyPort, '127.0.0.1');
    };
    const again = setInterval(send, 500);
    const patience = setTimeout(() => finish(new Error(`${user}@${domain} could not register`)), 20_000);
    socket.on('message', (bytes) => {
      const [line = ''] = bytes.toString('latin1').split('\r\n');
      if (line.startsWith('SIP/2.0 200')) finish();
      else if (!line.startsWith('SIP/2.0 1')) finish(new Error(`${user}@${domain} could not register: ${line}`));
    });
    socket.once('error', finish);
    socket.bind(0, '127.0.0.1', send);
  });
}
