import { useQuery } from '@tanstack/react-query'
import type { Item, Run } from '@shared/domain/objects'
import { versionQuery } from '../../../api/agents.ts'
import type { AdminScore } from '../../../api/objects.ts'
import { useMay, useMember } from '../../../app/memberContext.ts'
import { useConfig } from '../../../config/configContext.ts'
import { findAgent, findRunType } from '../../../config/findDisplay.ts'
import { ScoreChip } from '../../../ui/ScoreChip.tsx'
import { Tooltip } from '../../../ui/Tooltip.tsx'
import { exactTime } from '../../../ui/formatTime.ts'
import { OwnScore } from './OwnScore.tsx'
import { type ScoreDefinition, readDefinitions } from './definitions.ts'

interface Props {
  agent: string
  run: Run | undefined
  item: Item
  scores: readonly AdminScore[]
}

/** One's own scores of an output, as its version defines them, and everybody's of any item. */
export function ItemScores({ agent, run, item, scores }: Props) {
  const me = useMember()
  const may = useMay('setScore')
  const definitions = useDefinitions(agent, run, may && item.kind === 'output' && item.status === 'complete')
  const runType = findRunType(findAgent(useConfig(), agent), run)
  const isOwn = (score: AdminScore, { name }: ScoreDefinition) =>
    score.name === name && score.by.kind === 'member' && score.by.id === me.id
  const others = scores.filter((score) => !definitions.some((definition) => isOwn(score, definition)))
  return (
    <>
      {definitions.map((definition) => (
        <OwnScore
          key={definition.name}
          item={item}
          definition={definition}
          own={scores.find((score) => isOwn(score, definition))}
          Custom={runType?.output?.scores?.find(({ name }) => name === definition.name)?.inputComponent}
        />
      ))}
      {others.map((score) => (
        <Tooltip key={score.id} text={`${byWhom(score)}, ${exactTime(score.updatedAt)}`}>
          <span tabIndex={0} className="inline-flex max-w-80 items-center gap-1 rounded">
            <ScoreChip name={score.name} value={score.value} />
            {score.comment && <span className="truncate text-xs text-muted">“{score.comment}”</span>}
          </span>
        </Tooltip>
      ))}
    </>
  )
}

function useDefinitions(agent: string, run: Run | undefined, enabled: boolean): ScoreDefinition[] {
  const version = useQuery({ ...versionQuery(agent, run?.version ?? ''), enabled: enabled && run !== undefined })
  return enabled ? readDefinitions(version.data?.definition, run?.type) : []
}

function byWhom({ by }: AdminScore): string {
  if (by.name) return by.name
  if (by.kind === 'endUser') return 'The end user'
  return by.kind === 'judge' ? 'An automatic judge' : 'An API key'
}
