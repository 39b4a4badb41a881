/** What is still to be undone when this process ends in the middle of a test. One listener for all: of many Node warns. */
const undone = new Set<() => void>();

process.on('exit', () => {
  for (const undo of undone) undo();
});

/** Does this when the process ends, unless what it returns was called before. */
export function atExit(undo: () => void): () => void {
  undone.add(undo);
  return () => void undone.delete(undo);
}
