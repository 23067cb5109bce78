import type { RunStatus, Space } from '@shared/domain/objects'

/** What the sessions list shows: all of it stands in the address. Absent means: not asked for. */
export interface SessionsView {
  agent?: string
  version?: string
  space?: Space
  status?: RunStatus
  endUserId?: string
  /** Days, as the browser's date fields write them: 2026-12-01. */
  from?: string
  to?: string
  starred?: true
  unread?: true
  /** With threads that nobody has resolved. */
  commented?: true
  /** The name of a score, alone or compared: `helpful`, `helpful<3`, `tone=rude`. */
  score?: string
  /** `key:value`, each must hold. */
  meta?: readonly string[]
  /** The oldest first; else the newest. */
  order?: 'asc'
  /** Columns that are shown, when they are not the usual ones. */
  columns?: readonly ColumnId[]
}

export const SPACES = ['production', 'playground', 'shared-playground'] as const
export const STATUSES = ['queued', 'running', 'paused', 'completed', 'failed', 'cancelled'] as const

export const COLUMNS = {
  session: 'Session',
  agent: 'Agent',
  version: 'Version',
  endUser: 'End user',
  space: 'Space',
  status: 'Status',
  scores: 'Scores',
  comments: 'Comments',
  runs: 'Turns',
  updatedAt: 'Updated',
  createdAt: 'Created',
} as const
export type ColumnId = keyof typeof COLUMNS
export const COLUMN_IDS = Object.keys(COLUMNS) as ColumnId[]
export const USUAL_COLUMNS: readonly ColumnId[] = [
  'session',
  'agent',
  'endUser',
  'status',
  'scores',
  'comments',
  'createdAt',
]

/** Reads an address, also one that somebody mistyped: what makes no sense is not asked for. */
export function readSessionsView(search: Record<string, unknown>): SessionsView {
  const text = (name: string) => cleaned(search[name])
  const view: Record<keyof SessionsView, unknown> = {
    agent: text('agent'),
    version: text('version'),
    space: oneOf(SPACES, search.space),
    status: oneOf(STATUSES, search.status),
    endUserId: text('endUserId'),
    from: day(search.from),
    to: day(search.to),
    starred: isOn(search.starred),
    unread: isOn(search.unread),
    commented: isOn(search.commented),
    score: text('score'),
    meta: texts(search.meta),
    order: search.order === 'asc' ? 'asc' : undefined,
    columns: columnsOf(search.columns),
  }
  return Object.fromEntries(Object.entries(view).filter(([, value]) => value !== undefined))
}

/** The view as the address holds it: columns in one word. */
export function viewSearch({ columns, ...view }: SessionsView): Record<string, unknown> {
  return { ...view, ...(columns && { columns: columns.join(',') }) }
}

/** How many filters narrow the list; order and columns don't. */
export function filterCount({ order: _order, columns: _columns, ...filters }: SessionsView): number {
  return Object.values(filters).reduce<number>((count, value) => count + (Array.isArray(value) ? value.length : 1), 0)
}

export function shownColumns({ columns }: SessionsView): readonly ColumnId[] {
  return columns ?? USUAL_COLUMNS
}

function cleaned(value: unknown): string | undefined {
  const text = typeof value === 'string' ? value.trim().slice(0, 500) : ''
  return text === '' ? undefined : text
}

function texts(value: unknown): string[] | undefined {
  const list = (Array.isArray(value) ? value : [value]).flatMap((each) => cleaned(each) ?? []).slice(0, 10)
  return list.length > 0 ? list : undefined
}

function oneOf<T extends string>(list: readonly T[], value: unknown): T | undefined {
  return list.find((each) => each === value)
}

function isOn(value: unknown): true | undefined {
  return value === true || value === 'true' ? true : undefined
}

function day(value: unknown): string | undefined {
  const text = cleaned(value)
  return text && /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(text)) ? text : undefined
}

function columnsOf(value: unknown): ColumnId[] | undefined {
  const names = Array.isArray(value) ? value : typeof value === 'string' ? value.split(',') : []
  const known = COLUMN_IDS.filter((column) => names.includes(column))
  // Without the first there would be nothing to open.
  return known.length > 0 ? (known.includes('session') ? known : ['session', ...known]) : undefined
}

/** The list's filters as the Admin API takes them. Days are the reader's own: the last one is still in it. */
export function viewQuery({ columns: _columns, from, to, order, meta, score, ...rest }: SessionsView) {
  return {
    ...rest,
    ...(from && { from: startOf(from, 0) }),
    ...(to && { to: startOf(to, 1) }),
    ...(order && { order }),
    ...(score && scoreQuery(score)),
    ...Object.fromEntries((meta ?? []).flatMap((each) => metadataFilter(each))),
  }
}

function startOf(day: string, later: number): string {
  const [year = 0, month = 1, date = 1] = day.split('-').map(Number)
  return new Date(year, month - 1, date + later).toISOString()
}

const COMPARISONS: Record<string, string> = { '=': 'eq', '!=': 'ne', '<': 'lt', '<=': 'lte', '>': 'gt', '>=': 'gte' }

/** `helpful<3` compares with the number, `tone=rude` with the text. */
function scoreQuery(score: string): Record<string, string> {
  const [, name, comparison, value] = /^(.*?)\s*(!=|<=|>=|=|<|>)\s*(.+)$/s.exec(score) ?? []
  if (!name || !comparison || value === undefined) return { score }
  return { score: name, scoreIs: COMPARISONS[comparison]!, scoreValue: asJson(value) }
}

function asJson(value: string): string {
  try {
    JSON.parse(value)
    return value
  } catch {
    return JSON.stringify(value)
  }
}

function metadataFilter(text: string): [string, string][] {
  const at = text.indexOf(':')
  const key = text.slice(0, at).trim()
  return at > 0 && key.length <= 100 && !key.includes('.') ? [[`metadata.${key}`, text.slice(at + 1).trim()]] : []
}
