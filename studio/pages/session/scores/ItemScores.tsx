import { ThumbsDown, ThumbsUp } from 'lucide-react'
import type { Item } from '@shared/domain/objects'
import type { AdminScore } from '../../../api/objects.ts'
import { useMay, useMember } from '../../../app/memberContext.ts'
import { IconButton } from '../../../ui/Button.tsx'
import { classes } from '../../../ui/classes.ts'
import { ScoreChip } from '../../../ui/ScoreChip.tsx'
import { Tooltip } from '../../../ui/Tooltip.tsx'
import { exactTime } from '../../../ui/formatTime.ts'
import { useOwnScore } from './useOwnScore.ts'

/** Everybody's scores of an item; on what the agent said also one's own thumb. */
export function ItemScores({ item, scores }: { item: Item; scores: readonly AdminScore[] }) {
  const me = useMember()
  const isOwnLike = (score: AdminScore) => score.name === 'like' && score.by.kind === 'member' && score.by.id === me.id
  const own = scores.find(isOwnLike)
  return (
    <>
      {item.kind === 'output' && <Like item={item} own={own} />}
      {scores
        .filter((score) => !isOwnLike(score))
        .map((score) => (
          <Tooltip key={score.id} text={`${byWhom(score)}, ${exactTime(score.updatedAt)}${score.comment ? `: ${score.comment}` : ''}`}>
            <span tabIndex={0} className="inline-flex max-w-60 items-center gap-1 rounded">
              <ScoreChip name={score.name} value={score.value} />
              {score.comment && <span className="truncate text-xs text-muted">“{score.comment}”</span>}
            </span>
          </Tooltip>
        ))}
    </>
  )
}

function Like({ item, own }: { item: Item; own: AdminScore | undefined }) {
  const may = useMay('setScore')
  const score = useOwnScore(item, 'like')
  if (!may) return own ? <ScoreChip name="like" value={own.value} /> : null
  const thumbs = [
    { value: true, label: 'Good answer', Icon: ThumbsUp, tone: 'text-good' },
    { value: false, label: 'Bad answer', Icon: ThumbsDown, tone: 'text-bad' },
  ]
  return (
    <span className="flex">
      {thumbs.map(({ value, label, Icon, tone }) => {
        const on = own?.value === value
        return (
          <IconButton
            key={label}
            label={label}
            aria-pressed={on}
            disabled={score.isPending}
            onClick={() => score.mutate(on ? undefined : value)}
            className={classes(on ? `${tone} aria-pressed:${tone}` : 'pointer-fine:opacity-60')}
          >
            <Icon className={classes('size-3.5', on && 'fill-current')} />
          </IconButton>
        )
      })}
    </span>
  )
}

function byWhom({ by }: AdminScore): string {
  if (by.name) return by.name
  if (by.kind === 'endUser') return 'The end user'
  return by.kind === 'judge' ? 'An automatic judge' : 'An API key'
}
