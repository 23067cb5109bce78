import { type FormEvent, useState } from 'react'
import { SlidersHorizontal } from 'lucide-react'
import { Button } from '../../ui/Button.tsx'
import { Checkbox, Field, Input } from '../../ui/Field.tsx'
import { Popover } from '../../ui/Popover.tsx'
import type { SessionsView } from './sessionsView.ts'

interface Props {
  view: SessionsView
  onChange: (change: Partial<Record<keyof SessionsView, unknown>>) => void
}

/** Time, version, score, metadata: applied together, so that typing asks the server nothing. */
export function MoreFilters({ view, onChange }: Props) {
  const [open, setOpen] = useState(false)
  return (
    <Popover
      label="More filters"
      open={open}
      onOpenChange={setOpen}
      trigger={
        <Button size="small" look="quiet" icon={<SlidersHorizontal className="size-3.5" />}>
          More filters
        </Button>
      }
    >
      {open && (
        <Panel
          view={view}
          onApply={(change) => {
            setOpen(false)
            onChange(change)
          }}
        />
      )}
    </Popover>
  )
}

function Panel({ view, onApply }: { view: SessionsView; onApply: Props['onChange'] }) {
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    const form = new FormData(event.currentTarget)
    const text = (name: string) => {
      const value = form.get(name)
      return typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined
    }
    const metadata = text('meta')
    const added = metadata?.includes(':') ? [...(view.meta ?? []), metadata] : view.meta
    onApply({
      from: text('from'),
      to: text('to'),
      version: text('version'),
      score: text('score'),
      commented: form.get('commented') ? true : undefined,
      meta: added && [...new Set(added)],
    })
  }
  return (
    <form onSubmit={submit} className="grid gap-3">
      <div className="grid grid-cols-2 gap-2">
        <Field label="From">
          {(control) => <Input {...control} name="from" type="date" defaultValue={view.from} className="px-1.5" />}
        </Field>
        <Field label="To">
          {(control) => <Input {...control} name="to" type="date" defaultValue={view.to} className="px-1.5" />}
        </Field>
      </div>
      <Field label="Version">
        {(control) => <Input {...control} name="version" placeholder="1.2.0" defaultValue={view.version} />}
      </Field>
      <Field label="Score" hint="A name, alone or compared: helpful<3, feedback=down">
        {(control) => <Input {...control} name="score" placeholder="feedback=down" defaultValue={view.score} />}
      </Field>
      <Field label="Metadata" hint="key:value, one more with each">
        {(control) => <Input {...control} name="meta" placeholder="plan:pro" pattern="[^:.]+:.+" />}
      </Field>
      <Checkbox name="commented" label="With open comments" defaultChecked={view.commented ?? false} />
      <Button type="submit" look="primary">
        Apply
      </Button>
    </form>
  )
}
