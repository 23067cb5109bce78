import { useQuery } from '@tanstack/react-query'
import { X } from 'lucide-react'
import { agentsQuery } from '../../api/agents.ts'
import { Button, IconButton } from '../../ui/Button.tsx'
import { classes } from '../../ui/classes.ts'
import { Select } from '../../ui/Field.tsx'
import { MoreFilters } from './MoreFilters.tsx'
import { SPACES, STATUSES, type SessionsView, filterCount } from './sessionsView.ts'

interface Props {
  view: SessionsView
  onChange: (view: SessionsView) => void
}

/** The filters that are used daily, those that are on, and a panel with the rest. */
export function FilterBar({ view, onChange }: Props) {
  const agents = useQuery(agentsQuery).data?.data ?? []
  const set = (change: Partial<Record<keyof SessionsView, unknown>>) => onChange(withoutAbsent({ ...view, ...change }))
  return (
    <div
      role="search"
      aria-label="Filter sessions"
      className="flex shrink-0 items-center gap-2 border-b border-line px-4 py-2 max-md:overflow-x-auto md:flex-wrap"
    >
      <Choice label="Agent" value={view.agent} onChange={(agent) => set({ agent, version: undefined })}>
        {agents.map(({ name, title }) => (
          <option key={name} value={name}>
            {title ?? name}
          </option>
        ))}
        {view.agent && agents.every(({ name }) => name !== view.agent) && <option>{view.agent}</option>}
      </Choice>
      <Choice label="Status" value={view.status} onChange={(status) => set({ status })}>
        {STATUSES.map((status) => (
          <option key={status}>{status}</option>
        ))}
      </Choice>
      <Choice label="Space" value={view.space} onChange={(space) => set({ space })}>
        {SPACES.map((space) => (
          <option key={space}>{space}</option>
        ))}
      </Choice>
      <Toggle on={view.unread} label="Unread" onChange={(unread) => set({ unread })} />
      <Toggle on={view.starred} label="Starred" onChange={(starred) => set({ starred })} />
      <MoreFilters view={view} onChange={set} />
      <Chips view={view} onChange={set} />
      {filterCount(view) > 0 && (
        <Button
          size="small"
          look="quiet"
          onClick={() => onChange(withoutAbsent({ order: view.order, columns: view.columns }))}
        >
          Clear
        </Button>
      )}
    </div>
  )
}

function Choice({
  label,
  value,
  onChange,
  children,
}: {
  label: string
  value: string | undefined
  onChange: (value: string | undefined) => void
  children: React.ReactNode
}) {
  return (
    <Select
      aria-label={label}
      value={value ?? ''}
      onChange={(event) => onChange(event.target.value || undefined)}
      className={classes(
        'shrink-0 [&>select]:h-7 [&>select]:border-line-strong [&>select]:text-xs [&>svg]:top-1.5',
        value && '[&>select]:border-accent [&>select]:bg-accent-soft [&>select]:text-accent',
      )}
    >
      <option value="">{label}: any</option>
      {children}
    </Select>
  )
}

function Toggle({
  on,
  label,
  onChange,
}: {
  on: true | undefined
  label: string
  onChange: (on: true | undefined) => void
}) {
  return (
    <button
      type="button"
      aria-pressed={on ?? false}
      onClick={() => onChange(on ? undefined : true)}
      className="h-7 shrink-0 rounded-md border border-line-strong px-2.5 text-xs hover:border-muted aria-pressed:border-accent aria-pressed:bg-accent-soft aria-pressed:text-accent"
    >
      {label}
    </button>
  )
}

/** Filters of the panel that are on, each with a way to take it away. */
function Chips({
  view,
  onChange,
}: {
  view: SessionsView
  onChange: (change: Partial<Record<keyof SessionsView, unknown>>) => void
}) {
  const { version, endUserId, from, to, score, commented, meta = [] } = view
  const chips: [string, Partial<Record<keyof SessionsView, unknown>>][] = []
  if (version) chips.push([`version ${version}`, { version: undefined }])
  if (endUserId) chips.push([`end user …${endUserId.slice(-6)}`, { endUserId: undefined }])
  if (from) chips.push([`from ${from}`, { from: undefined }])
  if (to) chips.push([`to ${to}`, { to: undefined }])
  if (score) chips.push([`score ${score}`, { score: undefined }])
  if (commented) chips.push(['open comments', { commented: undefined }])
  for (const each of meta) {
    const rest = meta.filter((other) => other !== each)
    chips.push([each, { meta: rest.length > 0 ? rest : undefined }])
  }
  return chips.map(([label, without]) => (
    <span
      key={label}
      className="inline-flex h-7 max-w-60 shrink-0 items-center gap-0.5 rounded-md bg-accent-soft pl-2.5 text-xs text-accent"
    >
      <span className="truncate">{label}</span>
      <IconButton label={`Take away: ${label}`} className="size-6 text-accent" onClick={() => onChange(without)}>
        <X className="size-3.5" />
      </IconButton>
    </span>
  ))
}

function withoutAbsent(view: Partial<Record<keyof SessionsView, unknown>>): SessionsView {
  return Object.fromEntries(Object.entries(view).filter(([, value]) => value !== undefined))
}
