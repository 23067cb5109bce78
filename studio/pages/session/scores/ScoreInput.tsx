import { type FormEvent, useState } from 'react'
import type { Json } from '@shared/domain/json'
import { Button } from '../../../ui/Button.tsx'
import { Checkbox, TextArea } from '../../../ui/Field.tsx'
import { classes } from '../../../ui/classes.ts'
import { type ScoreDefinition, highestOf, optionsOf } from './definitions.ts'

interface Props {
  definition: ScoreDefinition
  value: Json | undefined
  onChange: (value: Json) => void
}

/** The stock way to ask for a score, by its kind. */
export function ScoreInput(props: Props) {
  switch (props.definition.kind) {
    case 'rating':
      return (
        <Choices
          {...props}
          choices={Array.from({ length: highestOf(props.definition) }, (_, index) => index + 1)}
          inRow
        />
      )
    case 'select':
      return <Choices {...props} choices={optionsOf(props.definition)} />
    case 'multiSelect':
      return <Several {...props} />
    case 'text':
      return <Words {...props} />
    default:
      return (
        <p className="text-muted">
          Studio can’t ask for this kind of score by itself: give it an inputComponent in agentview.config.tsx.
        </p>
      )
  }
}

function Choices({
  definition,
  value,
  onChange,
  choices,
  inRow,
}: Props & { choices: readonly (string | number)[]; inRow?: boolean }) {
  return (
    <div role="group" aria-label={definition.title} className={classes('flex gap-1', inRow ? 'flex-wrap' : 'flex-col')}>
      {choices.map((choice) => (
        <Button
          key={choice}
          look={choice === value ? 'primary' : 'plain'}
          aria-pressed={choice === value}
          className={inRow ? 'min-w-9' : '!justify-start'}
          onClick={() => onChange(choice)}
        >
          {choice}
        </Button>
      ))}
    </div>
  )
}

function Several({ definition, value, onChange }: Props) {
  const [chosen, setChosen] = useState<readonly Json[]>(Array.isArray(value) ? value : [])
  const options = optionsOf(definition)
  return (
    <form
      className="grid gap-2"
      onSubmit={(event: FormEvent) => {
        event.preventDefault()
        onChange(options.filter((option) => chosen.includes(option)))
      }}
    >
      {options.map((option) => (
        <Checkbox
          key={option}
          label={option}
          checked={chosen.includes(option)}
          onChange={(event) =>
            setChosen(event.target.checked ? [...chosen, option] : chosen.filter((each) => each !== option))
          }
        />
      ))}
      <Button type="submit" look="primary">
        Save
      </Button>
    </form>
  )
}

function Words({ definition, value, onChange }: Props) {
  const [text, setText] = useState(typeof value === 'string' ? value : '')
  const { maxLength } = definition.schema
  return (
    <form
      className="grid gap-2"
      onSubmit={(event: FormEvent) => {
        event.preventDefault()
        if (text.trim() !== '') onChange(text.trim())
      }}
    >
      <TextArea
        aria-label={definition.title}
        autoFocus
        value={text}
        {...(typeof maxLength === 'number' && { maxLength })}
        onChange={(event) => setText(event.target.value)}
      />
      <Button type="submit" look="primary" disabled={text.trim() === ''}>
        Save
      </Button>
    </form>
  )
}
