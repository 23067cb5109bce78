import { type FormEvent, useState } from 'react'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { describeError } from '../../api/apiError.ts'
import type { ApiKeyInfo } from '../../api/objects.ts'
import { apiKeysQuery, createApiKey } from '../../api/settings.ts'
import { Button } from '../../ui/Button.tsx'
import { CommandLine } from '../../ui/CommandLine.tsx'
import { Dialog } from '../../ui/Dialog.tsx'
import { Field, Input, Select } from '../../ui/Field.tsx'

/** Makes a key and shows it, once. */
export function NewKeyDialog({ onClose }: { onClose: () => void }) {
  const client = useQueryClient()
  const [name, setName] = useState('')
  const [kind, setKind] = useState<ApiKeyInfo['kind']>('secret')
  const create = useMutation({
    mutationFn: () => createApiKey({ kind, name: name.trim() }),
    onSuccess: () => client.invalidateQueries({ queryKey: apiKeysQuery.queryKey }),
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    create.mutate()
  }
  if (create.data) {
    return (
      <Dialog open onClose={onClose} closable={false} title="Keep this key now">
        <p className="text-muted">It is not shown again. Whoever has a secret key may do all that your server may.</p>
        <CommandLine>{create.data.key}</CommandLine>
        <div className="flex justify-end">
          <Button look="primary" onClick={onClose}>
            I have kept it
          </Button>
        </div>
      </Dialog>
    )
  }
  return (
    <Dialog open onClose={onClose} title="New API key">
      <form onSubmit={submit} className="grid gap-4">
        <Field
          label="Name"
          hint="Where it is used, e.g. shop backend."
          error={create.error && describeError(create.error).message}
        >
          {(control) => (
            <Input
              {...control}
              required
              autoFocus
              maxLength={100}
              value={name}
              onChange={(event) => setName(event.target.value)}
            />
          )}
        </Field>
        <Field label="Kind" hint={kind === 'secret' ? 'For your servers only.' : 'For web pages; may be public.'}>
          {(control) => (
            <Select
              {...control}
              value={kind}
              onChange={(event) => setKind(event.target.value === 'publishable' ? 'publishable' : 'secret')}
            >
              <option>secret</option>
              <option>publishable</option>
            </Select>
          )}
        </Field>
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" look="primary" busy={create.isPending}>
            Make the key
          </Button>
        </div>
      </form>
    </Dialog>
  )
}
