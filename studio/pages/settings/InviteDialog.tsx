import { type FormEvent, useState } from 'react'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { describeError } from '../../api/apiError.ts'
import type { Role } from '../../api/objects.ts'
import { createInvitation, invitationsQuery } from '../../api/settings.ts'
import { useMember } from '../../app/memberContext.ts'
import { Button } from '../../ui/Button.tsx'
import { CommandLine } from '../../ui/CommandLine.tsx'
import { Dialog } from '../../ui/Dialog.tsx'
import { Field, Input, Select } from '../../ui/Field.tsx'
import { grantable } from './roles.ts'

/** Invites somebody; the link is shown once. */
export function InviteDialog({ onClose }: { onClose: () => void }) {
  const me = useMember()
  const client = useQueryClient()
  const [email, setEmail] = useState('')
  const [role, setRole] = useState<Role>('reviewer')
  const invite = useMutation({
    mutationFn: () => createInvitation({ email: email.trim(), role }),
    onSuccess: () => client.invalidateQueries({ queryKey: invitationsQuery.queryKey }),
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    invite.mutate()
  }
  if (invite.data) {
    return (
      <Dialog open onClose={onClose} title={`${invite.data.email} is invited`}>
        <p className="text-muted">
          {invite.data.mailed ? 'The link was mailed. You can also send it yourself:' : 'Send this link. '}
          It works once, for a week, and is shown only now.
        </p>
        <CommandLine>{invite.data.link}</CommandLine>
        <div className="flex justify-end">
          <Button look="primary" onClick={onClose}>
            Done
          </Button>
        </div>
      </Dialog>
    )
  }
  return (
    <Dialog open onClose={onClose} title="Invite somebody">
      <form onSubmit={submit} className="grid gap-4">
        <Field label="E-mail" error={invite.error && describeError(invite.error).message}>
          {(control) => (
            <Input
              {...control}
              type="email"
              required
              autoFocus
              value={email}
              onChange={(event) => setEmail(event.target.value)}
            />
          )}
        </Field>
        <Field label="Role" hint="Viewers read, reviewers also comment and score, admins also manage people and keys.">
          {(control) => (
            <Select
              {...control}
              value={role}
              onChange={(event) =>
                setRole(grantable(me.role).find((each) => each === event.target.value) ?? 'reviewer')
              }
            >
              {grantable(me.role).map((each) => (
                <option key={each}>{each}</option>
              ))}
            </Select>
          )}
        </Field>
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" look="primary" busy={invite.isPending}>
            Invite
          </Button>
        </div>
      </form>
    </Dialog>
  )
}
