import type { Mutation } from './mutation.ts'

/** Each takes one guard away; the rows named beside it must then report violations. */
export const MUTATIONS: readonly Mutation[] = [
  {
    name: 'epoch-check',
    what: 'a worker that lost a run goes on appending to its log',
    rows: [18],
    times: 6,
    changes: [
      {
        file: 'shared/store/functions/20_append_log.sql',
        from: 'and h.held_run_id = g."runId" and h.held_epoch = g.epoch',
        to: 'and h.held_run_id = g."runId"',
      },
    ],
  },
  {
    name: 'dedup-by-seq',
    what: 'a reader is given events again that are below its cursor',
    rows: [27],
    times: 4,
    changes: [
      {
        file: 'shared/delivery/reader.ts',
        from: 'const fresh = entries[0]!.seq > cursor ? entries : entries.filter(({ seq }) => seq > cursor)',
        to: 'const fresh = cursor < 0 ? [] : entries',
      },
      {
        file: 'shared/delivery/sessionTail.ts',
        from: 'const fresh = page.events.filter((event) => event.seq > this.seq)',
        to: 'const fresh = page.events',
      },
    ],
  },
  {
    name: 'publish-before-commit',
    what: 'readers are told of events before they are committed',
    rows: [14],
    times: 6,
    changes: [
      {
        file: 'workers/jobs/eventOutbox.ts',
        from: "import type { Database } from '@shared/store/pool'\n",
        to: "import type { Database } from '@shared/store/pool'\nimport { inTransaction } from '@shared/store/query'\n",
      },
      {
        file: 'workers/jobs/eventOutbox.ts',
        from: "    if (armed) await failpoint('append.before', idsOf(batch))\n",
        to: '',
      },
      {
        file: 'workers/jobs/eventOutbox.ts',
        from: '      appended = await appendEvents(db, batch)\n',
        to: `      appended = await inTransaction(db, 'begin', async (client) => {
        const uncommitted = await appendEvents(client as unknown as Database, batch)
        for (const events of uncommitted.values()) publish(events)
        if (armed) await failpoint('append.before', idsOf(batch))
        return uncommitted
      })
`,
      },
      {
        file: 'workers/jobs/eventOutbox.ts',
        from: '    for (const events of appended.values()) publish(events)\n    await Promise.all',
        to: '    await Promise.all',
      },
    ],
  },
  {
    name: 'no-reconciler',
    what: 'nobody looks for lost bells and lost workers',
    rows: [2],
    times: 1,
    changes: [
      {
        file: 'workers/jobs/reconciler.ts',
        from: '    round ??= look().finally(() => (round = null))\n',
        to: '    void look\n',
      },
    ],
  },
  {
    name: 'no-quarantine',
    what: 'a run that has lost two workers is given to a third, beside others',
    rows: [17],
    times: 1,
    changes: [
      {
        file: 'shared/store/functions/40_claim.sql',
        from: 'r.is_next and r.lapses < 2 and',
        to: 'r.is_next and',
        count: 4,
      },
      {
        file: 'workers/jobs/chores/quarantinedRuns.ts',
        from: 'if (await isQuarantineNeeded(db, leases.overdue)) quarantine.wake()',
        to: 'void [isQuarantineNeeded, db, leases, quarantine]',
      },
    ],
  },
  {
    name: 'no-sweep',
    what: 'watched sessions are never compared with the log',
    rows: [16],
    times: 1,
    changes: [
      {
        file: 'shared/delivery/sessionFeeds.ts',
        from: 'setInterval(() => void sweep(), tunables.sweep)',
        to: 'setInterval(() => undefined, tunables.sweep)',
      },
    ],
  },
  {
    name: 'idempotency',
    what: 'a message that is sent again under its key is accepted again',
    rows: [3],
    times: 2,
    changes: [
      {
        file: 'shared/store/functions/30_accept.sql',
        from: "  if p -> 'idempotency' <> 'null' then v_replay := replayed_acceptance_v1(p -> 'idempotency'); end if;\n",
        to: '',
      },
      {
        file: 'shared/store/functions/30_accept.sql',
        from: "    if p -> 'idempotency' <> 'null' then v_replay := keep_or_replay_v1(p -> 'idempotency', v_acceptance); end if;\n",
        to: '',
      },
    ],
  },
  {
    name: 'order-of-turns',
    what: 'the newest message of a session is next, not the oldest',
    rows: [4],
    times: 1,
    changes: [
      {
        file: 'shared/store/functions/50_end.sql',
        from: 'order by n.run_no limit 1)',
        to: 'order by n.run_no desc limit 1)',
      },
    ],
  },
  {
    name: 'webhook-receipts',
    what: 'a delivery that was refused counts as delivered',
    rows: [31],
    times: 1,
    changes: [
      {
        file: 'shared/domain/judgeDelivery.ts',
        from: "if ('status' in answer && answer.status >= 200 && answer.status < 300) return",
        to: "if ('status' in answer && answer.status >= 200) return",
      },
    ],
  },
  {
    name: 'refusals-leave-nothing',
    what: 'a message that is refused is queued all the same',
    rows: [4],
    times: 1,
    changes: [
      {
        file: 'shared/store/functions/30_accept.sql',
        from: '    if v_refusal is not null then return v_refusal; end if;\n',
        to: '',
      },
      {
        file: 'shared/store/functions/30_accept.sql',
        from: "  return jsonb_build_object('outcome', 'accepted') || v_acceptance || jsonb_build_object(\n",
        to: "  if v_refusal is not null then return v_refusal; end if;\n  return jsonb_build_object('outcome', 'accepted') || v_acceptance || jsonb_build_object(\n",
      },
    ],
  },
]
