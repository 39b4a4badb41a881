const announced = /^((?:content-length|l)[ \t]*:[ \t]*)\d*/im;

/** The same octets with the first Content-Length of the first message telling how many bytes follow its head; as they are where there is none. */
export function mendLength(input: Buffer): Buffer {
  const headEnd = input.indexOf('\r\n\r\n');
  if (headEnd < 0) return input;
  const head = input.toString('latin1', 0, headEnd);
  const mended = head.replace(announced, (_whole, name: string) => `${name}${input.length - headEnd - 4}`);
  return mended === head ? input : Buffer.concat([Buffer.from(mended, 'latin1'), input.subarray(headEnd)]);
}
