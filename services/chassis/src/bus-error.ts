/** Why a request on the bus got no answer. */
export class BusError extends Error {
  readonly code: 'no-responders' | 'timeout' | 'disconnected' | 'failed';

  constructor(code: BusError['code'], message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'BusError';
    this.code = code;
  }
}
