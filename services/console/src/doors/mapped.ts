/** Each of a stream as something else. */
export async function* mapped<One, Other>(stream: AsyncIterable<One>, turn: (one: One) => Other): AsyncGenerator<Other> {
  for await (const one of stream) yield turn(one);
}
