/** One message of a stream (HTML, Server-Sent Events). Neither text has a line end in it. */
export interface SseMessage {
  readonly data: string;
  readonly id?: string;
  readonly event?: string;
}

/** How a stream goes on and ends. */
export interface SseNeeds {
  /** A comment is sent after so many ms without a message. */
  readonly heartbeat: number;
  /** It ends where nothing was read for so many ms. */
  readonly stall: number;
  /** What is told last when the source fails. */
  lastWords(thrown: unknown): SseMessage;
  /** The reader does not read: its connection is to be broken off. */
  stalled(): void;
  /** Nobody listens any more; once. */
  over(): void;
}

/** A body that is made as fast as it is read, and how to end it. */
export interface SseStream {
  readonly body: ReadableStream<Uint8Array>;
  /** Tells this last and ends. */
  end(last: SseMessage): void;
}

/** A browser that lost the stream asks again after this, ms. */
const retryMs = 2000;
const silent = Symbol('nothing came');

/** Tells the messages one by one: the next is pulled once the one before was taken, so that nothing gathers here. */
export function sseStream(messages: AsyncIterable<SseMessage>, needs: SseNeeds): SseStream {
  const source = messages[Symbol.asyncIterator]();
  const encoder = new TextEncoder();
  let coming: Promise<IteratorResult<SseMessage>> | undefined;
  let tooSlow: NodeJS.Timeout | undefined;
  let hasBegun = false;
  let isOver = false;
  let end: (last: SseMessage) => void = () => undefined;
  const ended = new Promise<{ readonly last: SseMessage }>((resolve) => {
    end = (last) => resolve({ last });
  });

  const over = (): void => {
    clearTimeout(tooSlow);
    if (isOver) return;
    isOver = true;
    needs.over();
    // A source that waits for something hears of it by its signal, which `over` is to abort.
    source.return?.().catch(() => undefined);
  };
  /** What is next: a message, its absence, or the end. */
  const next = async (): Promise<IteratorResult<SseMessage> | { readonly last: SseMessage } | typeof silent> => {
    coming ??= source.next();
    let beat: NodeJS.Timeout | undefined;
    const silence = new Promise<typeof silent>((resolve) => {
      beat = setTimeout(() => resolve(silent), needs.heartbeat);
    });
    try {
      return await Promise.race([ended, coming, silence]);
    } catch (thrown) {
      return { last: needs.lastWords(thrown) };
    } finally {
      clearTimeout(beat);
    }
  };

  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        clearTimeout(tooSlow);
        const tell = (text: string) => controller.enqueue(encoder.encode(text));
        if (!hasBegun) {
          hasBegun = true;
          tell(`retry: ${retryMs}\n\n`);
          return;
        }
        const came = await next();
        if (isOver) return;
        if (came === silent) tell(':\n\n');
        else if ('last' in came) tell(render(came.last));
        else if (came.done !== true) {
          coming = undefined;
          tell(render(came.value));
        }
        if (came !== silent && ('last' in came || came.done === true)) {
          over();
          controller.close();
          return;
        }
        tooSlow = setTimeout(() => {
          needs.stalled();
          over();
        }, needs.stall);
      },
      cancel: over,
    },
    { highWaterMark: 1 },
  );
  return { body, end };
}

function render({ data, id, event }: SseMessage): string {
  const lines = [...(event === undefined ? [] : [`event: ${event}`]), ...(id === undefined ? [] : [`id: ${id}`]), `data: ${data}`];
  return `${lines.join('\n')}\n\n`;
}
