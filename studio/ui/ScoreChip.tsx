import { ThumbsDown, ThumbsUp } from 'lucide-react'
import type { Json } from '@shared/domain/json'
import { Badge, type Tone } from './Badge.tsx'

/** A score's name and value, short. */
export function ScoreChip({ name, value }: { name: string; value: Json }) {
  const verdict = verdictOf(value)
  return (
    <Badge tone={verdict?.tone ?? 'neutral'} title={`${name}: ${scoreText(value)}`}>
      {name !== 'feedback' && <span className="truncate font-normal">{name}</span>}
      {verdict ? (
        <>
          <verdict.Icon aria-hidden className="size-3.5" />
          <span className="sr-only">{scoreText(value)}</span>
        </>
      ) : (
        <span className="max-w-24 truncate">{scoreText(value)}</span>
      )}
    </Badge>
  )
}

function verdictOf(value: Json): { Icon: typeof ThumbsUp; tone: Tone } | null {
  if (value === 'up' || value === true) return { Icon: ThumbsUp, tone: 'good' }
  if (value === 'down' || value === false) return { Icon: ThumbsDown, tone: 'bad' }
  return null
}

export function scoreText(value: Json): string {
  if (typeof value === 'string') return value
  if (Array.isArray(value)) return value.map(scoreText).join(', ')
  return JSON.stringify(value)
}
