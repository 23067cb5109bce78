import { type ComponentType, useState } from 'react'
import { Gauge, ThumbsDown, ThumbsUp } from 'lucide-react'
import type { Json } from '@shared/domain/json'
import type { Item } from '@shared/domain/objects'
import type { AdminScore } from '../../../api/objects.ts'
import type { ScoreInputProps } from '../../../config/types.ts'
import { Boundary } from '../../../ui/Boundary.tsx'
import { Button, IconButton } from '../../../ui/Button.tsx'
import { Popover } from '../../../ui/Popover.tsx'
import { scoreText } from '../../../ui/ScoreChip.tsx'
import { classes } from '../../../ui/classes.ts'
import { ScoreInput } from './ScoreInput.tsx'
import type { ScoreDefinition } from './definitions.ts'
import { useOwnScore } from './useOwnScore.ts'

interface Props {
  item: Item
  definition: ScoreDefinition
  own: AdminScore | undefined
  /** The config's own way to ask for it. */
  Custom: ComponentType<ScoreInputProps> | undefined
}

/** One's own score: thumbs at once, everything else in a small panel. */
export function OwnScore({ item, definition, own, Custom }: Props) {
  const [open, setOpen] = useState(false)
  const score = useOwnScore(item, definition.name)
  if (definition.kind === 'like' && !Custom) {
    return (
      <Thumbs
        title={definition.title}
        value={own?.value}
        busy={score.isPending}
        onChange={(value) => score.mutate(value)}
      />
    )
  }
  const change = (value: Json | undefined) => {
    score.mutate(value)
    setOpen(false)
  }
  return (
    <Popover
      label={definition.title}
      open={open}
      onOpenChange={setOpen}
      trigger={
        <Button
          size="small"
          look="quiet"
          icon={<Gauge className="size-3.5" />}
          className={classes(own && 'text-accent')}
        >
          {own ? `${definition.title}: ${scoreText(own.value)}` : definition.title}
        </Button>
      }
    >
      {Custom ? (
        <Boundary fallback={(error) => <p className="text-bad">The component of this score broke: {String(error)}</p>}>
          <Custom value={own?.value} onChange={change} item={item} />
        </Boundary>
      ) : (
        <ScoreInput definition={definition} value={own?.value} onChange={change} />
      )}
      {own && (
        <Button size="small" look="quiet" className="w-fit" onClick={() => change(undefined)}>
          Take it away
        </Button>
      )}
    </Popover>
  )
}

const THUMBS = [
  { value: 'up', label: 'good', Icon: ThumbsUp, tone: 'aria-pressed:text-good' },
  { value: 'down', label: 'bad', Icon: ThumbsDown, tone: 'aria-pressed:text-bad' },
] as const

function Thumbs({
  title,
  value,
  busy,
  onChange,
}: {
  title: string
  value: Json | undefined
  busy: boolean
  onChange: (value: Json | undefined) => void
}) {
  return (
    <span role="group" aria-label={title} className="flex">
      {THUMBS.map(({ value: thumb, label, Icon, tone }) => (
        <IconButton
          key={thumb}
          label={`${title}: ${label}`}
          aria-pressed={value === thumb}
          disabled={busy}
          onClick={() => onChange(value === thumb ? undefined : thumb)}
          className={tone}
        >
          <Icon className={classes('size-3.5', value === thumb && 'fill-current')} />
        </IconButton>
      ))}
    </span>
  )
}
