/** Who is told of keepalives between messages (RFC 5626 4.4.1). */
export interface KeepaliveSink {
  ping(): void;
  pong(): void;
}

/** Takes the CRLFs between two messages off a stream (RFC 5626 4.4.1). */
export interface Keepalive {
  /**
   * Reads CRLFs from chunk[from]. Returns where a start line begins, chunk.length if the chunk ends first, -1 for a CR or LF alone.
   */
  read(chunk: Buffer, from: number): number;
}

/**
 * Reads the CRLFs between messages, resumable at any byte. Every second CRLF in a row is a ping; one that has no second in the same chunk is
 * told as a pong at once, because a pong that waits for the next bytes would be too late for whoever waits for it.
 */
export function createKeepalive(sink: KeepaliveSink): Keepalive {
  let expectsLineFeed = false;
  /** One CRLF was read whose second may follow; `told` if it was already told as a pong. */
  let single = false;
  let told = false;

  function tellSingle(): void {
    if (single && !told) {
      told = true;
      sink.pong();
    }
  }

  function pair(): void {
    single = !single;
    told = false;
    if (!single) sink.ping();
  }

  return {
    read(chunk, from) {
      let i = from;
      for (; i < chunk.length; i++) {
        const code = chunk[i];
        if (expectsLineFeed) {
          if (code !== 0x0a) return -1;
          expectsLineFeed = false;
          pair();
        } else if (code === 0x0d) expectsLineFeed = true;
        else if (code === 0x0a) return -1;
        else {
          tellSingle();
          single = false;
          return i;
        }
      }
      tellSingle();
      return i;
    },
  };
}
