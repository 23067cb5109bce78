import { memo } from 'react'
import type { Json } from '@shared/domain/json'
import type { Item } from '@shared/domain/objects'
import { BracesIcon, ChevronIcon } from './icons.tsx'

/** Any item that isn't a message or a tool's: its type, and all of it on request. */
export const JsonBlock = memo(function JsonBlock({ item }: { item: Item }) {
  const { type } = item.data
  return (
    <details className="card" data-side={item.kind === 'input' ? 'user' : 'agent'}>
      <summary>
        <BracesIcon />
        <span className="card-title">{typeof type === 'string' ? type : 'data'}</span>
        {item.status !== 'complete' && <span className="card-state">{item.status}</span>}
        <ChevronIcon />
      </summary>
      <div className="card-body">
        <JsonText label="JSON" value={item.data} />
      </div>
    </details>
  )
})

/** Strings are shown as they read, everything else as indented JSON. */
export function JsonText({ label, value }: { label: string; value: Json }) {
  return (
    <figure className="json">
      <figcaption>{label}</figcaption>
      <pre tabIndex={0} aria-label={label}>
        {typeof value === 'string' ? value : JSON.stringify(value, null, 2)}
      </pre>
    </figure>
  )
}
