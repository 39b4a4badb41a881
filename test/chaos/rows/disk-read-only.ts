import { diskRow } from '../disk-trouble.js';

/** The kernel takes a disk as broken and makes it read-only under the nats-server. */
export const diskReadOnly = diskRow({
  name: 'disk-read-only',
  about: 'the disk of JetStream becomes read-only',
  begin: (disk) => disk.breakDown(),
  mendsAlive: false,
  mend: (disk) => disk.repair(),
});
