import type { Database } from '@shared/store/pool'

/** What must be true of the whole database once nothing goes on any more (I1, I2, I5; the log's gaplessness). */
const LAWS: Record<string, string> = {
  'a run neither ended nor waits for somebody': `
    select id::text as what from runs where status not in ('completed', 'failed', 'cancelled', 'paused') and owner <> 'external'
      and not exists (select from runs p where p.session_id = runs.session_id and p.run_no < runs.run_no
        and (p.status = 'paused' or p.owner = 'external') and p.status not in ('completed', 'failed', 'cancelled'))`,
  'a run has another terminal event than its status': `
    select r.id::text as what from runs r
      left join session_events e on e.run_id = r.id and e.type in ('run.completed', 'run.failed', 'run.cancelled')
      where exists (select from session_heads h where h.session_id = r.session_id)
        and r.status in ('completed', 'failed', 'cancelled') and e.type is distinct from 'run.' || r.status`,
  'a session holds two runs': `
    select session_id::text as what from runs where status in ('running', 'paused') group by 1 having count(*) > 1`,
  'a log has gaps': `
    select h.session_id::text as what from session_heads h
      join (select session_id, count(*) as events from
        (select session_id, seq from session_events union all select session_id, seq from session_deltas) e group by 1) l
        using (session_id) where l.events <> h.last_seq and h.floor_seq = 0`,
}

export async function findBrokenLaws(db: Database): Promise<string[]> {
  const faults: string[] = []
  for (const [law, statement] of Object.entries(LAWS)) {
    const { rows } = await db.query<{ what: string }>(`${statement} limit 3`)
    faults.push(...rows.map(({ what }) => `${law}: ${what}`))
  }
  return faults
}
