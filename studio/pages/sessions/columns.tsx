import { columnVisibilityFeature, createColumnHelper, tableFeatures } from '@tanstack/react-table'
import { MessageSquare } from 'lucide-react'
import type { SessionRow } from '../../api/objects.ts'
import { Badge } from '../../ui/Badge.tsx'
import { ScoreChip } from '../../ui/ScoreChip.tsx'
import { StatusBadge } from '../../ui/StatusBadge.tsx'
import { Time } from '../../ui/Time.tsx'
import { SessionCell } from './SessionCell.tsx'
import { endUserName } from './sessionName.ts'
import { COLUMNS, type ColumnId } from './sessionsView.ts'

export const features = tableFeatures({ columnVisibilityFeature })
const helper = createColumnHelper<typeof features, SessionRow>()

/** The first takes what the others leave. */
export const WIDTHS: Record<ColumnId, string> = {
  session: 'auto',
  agent: '8rem',
  version: '6rem',
  endUser: '10.5rem',
  space: '8rem',
  status: '7rem',
  scores: '10.5rem',
  comments: '6rem',
  runs: '5rem',
  updatedAt: '6rem',
  createdAt: '6rem',
}

export const columns = helper.columns([
  helper.display({ id: 'session', header: COLUMNS.session, cell: ({ row }) => <SessionCell row={row.original} /> }),
  helper.display({ id: 'agent', header: COLUMNS.agent, cell: ({ row }) => row.original.agent }),
  helper.display({ id: 'version', header: COLUMNS.version, cell: ({ row }) => row.original.version }),
  helper.display({
    id: 'endUser',
    header: COLUMNS.endUser,
    cell: ({ row }) => <span title={endUserName(row.original.endUser)}>{endUserName(row.original.endUser)}</span>,
  }),
  helper.display({
    id: 'space',
    header: COLUMNS.space,
    cell: ({ row }) => (row.original.space === 'production' ? 'production' : <Badge>{row.original.space}</Badge>),
  }),
  helper.display({
    id: 'status',
    header: COLUMNS.status,
    cell: ({ row }) => {
      const run = row.original.lastRun
      return run ? (
        <StatusBadge status={run.status} code={run.error?.code} />
      ) : (
        <span className="text-faint">empty</span>
      )
    },
  }),
  helper.display({ id: 'scores', header: COLUMNS.scores, cell: ({ row }) => <Scores scores={row.original.scores} /> }),
  helper.display({
    id: 'comments',
    header: COLUMNS.comments,
    cell: ({ row: { original } }) =>
      original.openComments > 0 && (
        <span className="inline-flex items-center gap-1 text-muted">
          <MessageSquare aria-hidden className="size-3.5" />
          {original.openComments}
          <span className="sr-only"> open</span>
        </span>
      ),
  }),
  helper.display({ id: 'runs', header: COLUMNS.runs, cell: ({ row }) => row.original.runCount }),
  helper.display({
    id: 'updatedAt',
    header: COLUMNS.updatedAt,
    cell: ({ row }) => <Time at={row.original.updatedAt} />,
  }),
  helper.display({
    id: 'createdAt',
    header: COLUMNS.createdAt,
    cell: ({ row }) => <Time at={row.original.createdAt} />,
  }),
])

function Scores({ scores }: { scores: SessionRow['scores'] }) {
  const shown = scores.slice(0, 2)
  const more = scores.length - shown.length
  return (
    <span className="flex items-center gap-1 overflow-hidden">
      {shown.map(({ itemId, name, value, by }, index) => (
        <ScoreChip key={`${itemId} ${name} ${by} ${index}`} name={name} value={value} />
      ))}
      {more > 0 && <span className="text-xs text-faint">+{more}</span>}
    </span>
  )
}
