import { ChevronRight, Wrench } from 'lucide-react'
import type { Item } from '@shared/domain/objects'
import type { Json } from '@shared/domain/json'
import { Badge, type Tone } from '../../../ui/Badge.tsx'
import { CodeView, JsonView } from '../../../ui/JsonView.tsx'

type State = 'running' | 'done' | 'failed' | 'no result'
const TONES: Record<State, Tone> = { running: 'info', done: 'good', failed: 'bad', 'no result': 'neutral' }

/** A tool's call and its result as one: closed it says what was done, open with what and with which outcome. */
export function ToolCall({
  name,
  call,
  result,
  isLive,
}: {
  name: string
  call: Item
  result: Item | undefined
  isLive: boolean
}) {
  const failed = result?.data.isError === true || result?.data.is_error === true
  const state: State = result ? (failed ? 'failed' : 'done') : isLive ? 'running' : 'no result'
  const given = call.data.arguments ?? call.data.input ?? null
  return (
    <details className="group/call min-w-0 rounded-lg border border-line bg-raised">
      <summary className="flex min-h-9 list-none items-center gap-2 rounded-lg px-3 hover:bg-hover [&::-webkit-details-marker]:hidden">
        <ChevronRight
          aria-hidden
          className="size-3.5 shrink-0 text-faint transition-transform group-open/call:rotate-90"
        />
        <Wrench aria-hidden className="size-3.5 shrink-0 text-muted" />
        <span className="truncate font-mono text-xs font-medium">{name}</span>
        <span className="min-w-0 flex-1 truncate font-mono text-xs text-faint">{brief(given)}</span>
        <Badge tone={TONES[state]}>{state}</Badge>
      </summary>
      <div className="grid gap-3 px-3 pt-1 pb-3">
        <Part title="Called with" value={given} />
        {result && <Part title={failed ? 'Error' : 'Result'} value={resultOf(result)} />}
      </div>
    </details>
  )
}

function Part({ title, value }: { title: string; value: Json }) {
  return (
    <div className="grid gap-1">
      <p className="text-xs text-faint">{title}</p>
      {typeof value === 'string' ? <CodeView text={value} label={title} /> : <JsonView value={value} label={title} />}
    </div>
  )
}

/** A call's arguments in a few words: `dish: "tea", count: 2`. */
function brief(given: Json): string {
  if (typeof given === 'string') return given.slice(0, 200)
  if (given === null || typeof given !== 'object' || Array.isArray(given)) return ''
  const words = Object.entries(given).map(([key, value]) => `${key}: ${JSON.stringify(value)}`)
  return words.join(', ').slice(0, 200)
}

function resultOf({ data }: Item): Json {
  return data.result ?? data.output ?? data.content ?? data
}
