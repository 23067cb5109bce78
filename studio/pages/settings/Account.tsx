import { type FormEvent, useState } from 'react'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { describeError } from '../../api/apiError.ts'
import { meQuery } from '../../api/me.ts'
import { changeName, changePassword } from '../../api/settings.ts'
import { useMember } from '../../app/memberContext.ts'
import { Button } from '../../ui/Button.tsx'
import { Field, Input } from '../../ui/Field.tsx'
import { Section } from '../../ui/Section.tsx'
import { say } from '../../ui/toasts.tsx'

export function Account() {
  return (
    <>
      <Name />
      <Password />
    </>
  )
}

function Name() {
  const me = useMember()
  const client = useQueryClient()
  const [name, setName] = useState(me.name)
  const save = useMutation({
    mutationFn: () => changeName(name.trim()),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: meQuery.queryKey })
      say('Name changed')
    },
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    save.mutate()
  }
  return (
    <Section title="Your name" about={`You are logged in as ${me.email}.`}>
      <form onSubmit={submit} className="grid max-w-sm gap-4 px-4 pb-6">
        <Field label="Name" error={save.error && describeError(save.error).message}>
          {(control) => (
            <Input
              {...control}
              required
              maxLength={100}
              autoComplete="name"
              value={name}
              onChange={(event) => setName(event.target.value)}
            />
          )}
        </Field>
        <Button type="submit" busy={save.isPending} className="w-fit">
          Change the name
        </Button>
      </form>
    </Section>
  )
}

function Password() {
  const [password, setPassword] = useState('')
  const [newPassword, setNewPassword] = useState('')
  const save = useMutation({
    mutationFn: () => changePassword({ password, newPassword }),
    onSuccess: () => {
      setPassword('')
      setNewPassword('')
      say('Password changed. Your other logins have ended.')
    },
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    save.mutate()
  }
  return (
    <Section title="Password" about="All your other logins end when it is changed.">
      <form onSubmit={submit} className="grid max-w-sm gap-4 px-4 pb-6">
        <Field label="Present password" error={save.error && describeError(save.error).message}>
          {(control) => (
            <Input
              {...control}
              type="password"
              required
              autoComplete="current-password"
              value={password}
              onChange={(event) => setPassword(event.target.value)}
            />
          )}
        </Field>
        <Field label="New password" hint="At least 10 characters.">
          {(control) => (
            <Input
              {...control}
              type="password"
              required
              minLength={10}
              autoComplete="new-password"
              value={newPassword}
              onChange={(event) => setNewPassword(event.target.value)}
            />
          )}
        </Field>
        <Button type="submit" busy={save.isPending} className="w-fit">
          Change the password
        </Button>
      </form>
    </Section>
  )
}
