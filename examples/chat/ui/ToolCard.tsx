import type { Item } from '@shared/domain/objects'
import { JsonText } from './JsonBlock.tsx'
import { ChevronIcon, ToolIcon } from './icons.tsx'

interface Props {
  name: string
  call: Item | null
  result: Item | null
  isLive: boolean
}

/** A tool's call and its result, as one: closed it says what was done, open with what and with which outcome. */
export function ToolCard({ name, call, result, isLive }: Props) {
  const isError = result?.data.isError === true
  const state = result ? (isError ? 'failed' : 'done') : isLive ? 'running' : 'no result'
  return (
    <details className="card" data-state={state}>
      <summary>
        {state === 'running' ? <span className="spinner" aria-hidden="true" /> : <ToolIcon />}
        <span className="card-title">{name}</span>
        <span className="card-state">{state}</span>
        <ChevronIcon />
      </summary>
      <div className="card-body">
        {call && <JsonText label="Called with" value={call.data.arguments ?? null} />}
        {result && <JsonText label={isError ? 'Error' : 'Result'} value={result.data.result ?? null} />}
      </div>
    </details>
  )
}
