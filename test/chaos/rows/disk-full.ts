import { diskRow } from '../disk-trouble.js';

/** Nothing more can be written, and later again. */
export const diskFull = diskRow({
  name: 'disk-full',
  about: 'the disk of JetStream is full',
  begin: (disk) => disk.fill(),
  mendsAlive: true,
  mend: (disk) => disk.empty(),
});
