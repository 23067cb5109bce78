import type { Row } from '../arena/row.ts'
import { row as row01 } from './01-api-killed-before-accept.ts'
import { row as row02 } from './02-api-killed-after-accept.ts'
import { row as row03 } from './03-api-killed-before-answer.ts'
import { row as row04 } from './04-many-posts-at-once.ts'
import { row as row05 } from './05-redis-killed-during-post.ts'
import { row as row06 } from './06-redis-down-idle.ts'
import { row as row07 } from './07-flushall-queued.ts'
import { row as row08 } from './08-flushall-mid-run.ts'
import { row as row09 } from './09-redis-killed-at-finish.ts'
import { row as row10 } from './10-redis-stopped.ts'
import { row as row11 } from './11-redis-clients-killed.ts'
import { row as row12 } from './12-redis-full.ts'
import { row as row13 } from './13-worker-killed-after-claim.ts'
import { row as row14 } from './14-worker-killed-mid-stream.ts'
import { row as row15 } from './15-worker-killed-before-finish.ts'
import { row as row16 } from './16-worker-killed-after-finish.ts'
import { row as row17 } from './17-poison-run.ts'
import { row as row18 } from './18-worker-stopped-past-lease.ts'
import { row as row19 } from './19-worker-blocked.ts'
import { row as row20 } from './20-postgres-connections-ended.ts'
import { row as row21 } from './21-postgres-stopped-at-finish.ts'
import { row as row22 } from './22-worker-cut-off-from-postgres.ts'
import { row as row23 } from './23-agent-hangs.ts'
import { row as row24 } from './24-agent-refuses.ts'
import { row as row25 } from './25-agent-broken-streams.ts'
import { row as row26 } from './26-cancel.ts'
import { row as row27 } from './27-random-disconnects.ts'
import { row as row28 } from './28-never-reads.ts'
import { row as row29 } from './29-realtime-node-killed.ts'
import { row as row30 } from './30-drain.ts'
import { row as row31 } from './31-webhook-receivers.ts'
import { row as row32 } from './32-worker-clock-wrong.ts'
import { row as row33 } from './33-compaction.ts'
import { row as row34 } from './34-rolling-restart.ts'

/** The fault matrix, in its order. */
export const ROWS: readonly Row[] = [
  row01,
  row02,
  row03,
  row04,
  row05,
  row06,
  row07,
  row08,
  row09,
  row10,
  row11,
  row12,
  row13,
  row14,
  row15,
  row16,
  row17,
  row18,
  row19,
  row20,
  row21,
  row22,
  row23,
  row24,
  row25,
  row26,
  row27,
  row28,
  row29,
  row30,
  row31,
  row32,
  row33,
  row34,
]

/** Quick rows that between them notice the breach of every invariant: what CI strikes. The longest first. */
export const CI_ROWS: readonly number[] = [31, 17, 26, 4, 16, 18, 27, 33, 14, 3, 2]
